"""Make a projection that ships with Recto: `python -m recto.training.whitening recto_small_2 --size 256`.

It is learned from pairs of views of drawn covers, as a training sees them, so that nothing of a real book is in the
package, and lies beside the weights under the name of its spec. A catalogue's own (`recto reindex --pca`) may fit it
better, and needs covers to learn from.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from recto.encoders import Encoder, card, load_encoder, parse_spec, pca
from recto.encoders.projections import SHIPPED
from recto.settings import Settings
from recto.training.batches import Plan, make_pairs
from recto.training.config import Augmentation
from recto.training.sources import prepare_shelf
from recto.vectors import RGB, Floats

SEED = 77
"""Covers that neither a training nor a report draws."""
PAIRS = 64
SHARE_OF_PICTURES = 0.4


@click.command()
@click.argument("name")
@click.option("--size", default=256, help="Numbers that are left.")
@click.option("--covers", default=4096, help="Covers to draw.")
@click.option("--steps", default=160, help="Times 64 pairs of views to learn from.")
def main(name: str, size: int, covers: int, steps: int) -> None:
    """Learn the projection of an encoder from drawn covers and write it beside the shipped weights."""
    encoder = load_encoder(name, Settings(device="cpu", torch_threads=1))
    data = pca.save(
        pca.learn_from_pairs(_pairs(encoder, name, covers, steps), size, encoder.card.dimension, name)
    )
    spec = parse_spec(name).projected(size, hashlib.sha256(data).hexdigest())
    (SHIPPED / f"{spec}.npz").write_bytes(data)
    click.echo(f"{spec}: {len(data)} bytes")


def _pairs(encoder: Encoder, name: str, covers: int, steps: int) -> Iterator[tuple[Floats, Floats]]:
    """Embeddings of catalogue views and of photos, 64 of each at a time."""
    plan = Plan(SEED, PAIRS, "random", Augmentation(), False, (card(name).input_size,) * steps)
    with tempfile.TemporaryDirectory() as folder:
        drawn = 1 - SHARE_OF_PICTURES
        split = prepare_shelf(Path(folder), covers=covers, held_out=2, seed=SEED, drawn=drawn, processes=2)
        pictures = split.training.open()
        for step in range(steps):
            pairs = make_pairs(pictures, np.arange(len(pictures)), plan, step)
            views: list[RGB] = [*pairs.portrait, *pairs.landscape]
            rows = encoder.embed(views)
            yield rows[pairs.catalogue], rows[pairs.photos]


if __name__ == "__main__":
    main()
