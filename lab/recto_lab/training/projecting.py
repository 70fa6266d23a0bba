"""Learn the projection of an encoder from pairs of views of covers, as its training saw them."""

from __future__ import annotations

from collections.abc import Iterator

from recto.encoders import Encoder, pca
from recto.vectors import RGB, Floats
from recto_lab.training.batches import Plan, make_pairs
from recto_lab.training.config import Augmentation
from recto_lab.training.sources import Images

AT_ONCE = 64


def learn_projection(
    encoder: Encoder,
    images: Images,
    size: tuple[int, int],
    augmentation: Augmentation,
    *,
    seed: int,
    numbers: int,
    pairs: int,
) -> pca.Projection:
    """The projection to `numbers` numbers, from `pairs` catalogue views and photos of pictures, `size` (height, width)
    when upright.

    Raises:
        BadInput: the pairs are too few for the encoder's dimension, or the numbers too many.
    """
    at_once = min(AT_ONCE, len(images))
    steps = -(-pairs // at_once)
    plan = Plan(seed, at_once, "random", augmentation, False, (size,) * steps)
    views = _embedded(encoder, images, plan, steps)
    return pca.learn_from_pairs(views, numbers, encoder.card.dimension, encoder.card.name)


def _embedded(encoder: Encoder, images: Images, plan: Plan, steps: int) -> Iterator[tuple[Floats, Floats]]:
    pictures = images.open()
    for step in range(steps):
        made = make_pairs(pictures, images.labels, plan, step)
        views: list[RGB] = [*made.portrait, *made.landscape]
        rows = encoder.embed(views)
        yield rows[made.catalogue], rows[made.photos]
