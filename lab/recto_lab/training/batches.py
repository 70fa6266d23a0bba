"""Batches of view pairs, each a function of the seed and the step alone, made ahead in worker processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields

import cv2
import numpy as np
import numpy.typing as npt

from recto.python import spawn_context
from recto.vectors import RGB
from recto_lab.training.augment import (
    PhotoOptions,
    catalogue_view,
    composite,
    identity,
    light_view,
    photo_view,
    plain_view,
)
from recto_lab.training.config import Augmentation, Network, Schedule
from recto_lab.training.processes import end_with_parent
from recto_lab.training.sampling import choose, partners
from recto_lab.training.sources import Images

AHEAD = 6
"""Batches that are made ahead, to bridge a stall of the workers."""
NEIGHBOURS = 3
"""Covers that a photo's background is made of, at most."""


@dataclass(frozen=True)
class Plan:
    """What batches are made by; with the pictures, a batch is a function of this, the step and the process."""

    seed: int
    pairs: int
    sampler: str
    augmentation: Augmentation
    classes: bool
    """Whether labels are classes: then the two views are of two pictures, and no new identities are made."""
    sizes: tuple[tuple[int, int], ...]
    """Height and width of an upright input at each step."""
    rank: int = 0
    """Number of the process, where several train together."""

    def random(self, step: int) -> np.random.Generator:
        """What a step draws its numbers from."""
        return np.random.default_rng((self.seed, step, self.rank) if self.rank else (self.seed, step))


@dataclass(frozen=True)
class Pairs:
    """Views of `count` pictures. Upright and lying images have the same number of pixels but pass the network apart.

    `portrait` (P, height, width, 3) and `landscape` (L, width, height, 3) hold catalogue views and photos mixed, so
    that batch normalisation sees the same mixture in both. Row `catalogue[i]` of the two put together is the
    catalogue view of the picture with `labels[i]`, row `photos[i]` its photo.
    """

    portrait: RGB
    landscape: RGB
    labels: npt.NDArray[np.int64]
    catalogue: npt.NDArray[np.int64]
    photos: npt.NDArray[np.int64]


def make_pairs(pictures: RGB, labels: npt.NDArray[np.int64], plan: Plan, step: int) -> Pairs:
    """Pairs of one step. A quarter of the covers lies on its side, a quarter of the photos is wider than tall."""
    rng = plan.random(step)
    chosen = choose(rng, plan.sampler, labels, plan.pairs)
    views: dict[bool, list[RGB]] = {True: [], False: []}
    places: list[tuple[bool, int]] = []
    made = _of_classes if plan.classes else _of_covers
    for shape, view in made(pictures, labels, plan, step, chosen, rng):
        places.append((shape, len(views[shape])))
        views[shape].append(view)
    rows = np.array([place if shape else place + len(views[True]) for shape, place in places])
    height, width = plan.sizes[step]
    lying = np.stack(views[False]) if views[False] else np.empty((0, width, height, 3), np.uint8)
    return Pairs(np.stack(views[True]), lying, labels[chosen], rows[::2], rows[1::2])


def _of_covers(
    covers: RGB,
    labels: npt.NDArray[np.int64],
    plan: Plan,
    step: int,
    chosen: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> Iterator[tuple[bool, RGB]]:
    """Catalogue view and photo of each chosen cover in turn, and whether its shape is the upright one."""
    (height, width), augmentation = plan.sizes[step], plan.augmentation
    square, options = height == width, photo_options(augmentation)
    for place, number in enumerate(chosen):
        cover = covers[number]
        if rng.random() < augmentation.mixed:
            among = chosen if rng.random() < 0.5 else np.arange(len(covers))
            cover = composite(cover, covers[int(rng.choice(among))], rng)
        cover = identity(cover, rng)
        upright, tall = place % 4 != 0, (place // 4) % 4 != 0
        if not upright:
            cover = np.ascontiguousarray(np.rot90(cover, rng.choice([1, 3])))
        others = [covers[other] for other in rng.integers(0, len(covers), NEIGHBOURS)]
        size = (height, width) if upright else (width, height)
        photo_size = (height, width) if tall else (width, height)
        if augmentation.kind == "light":
            yield upright or square, light_view(cover, rng, *size)
            yield upright or square, light_view(cover, rng, *size)
        else:
            yield upright or square, catalogue_view(cover, rng, *size)
            yield tall or square, photo_view(cover, others, rng, *photo_size, options)


def _of_classes(
    pictures: RGB,
    labels: npt.NDArray[np.int64],
    plan: Plan,
    step: int,
    chosen: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> Iterator[tuple[bool, RGB]]:
    """Views of two pictures of the class of each chosen one; upright, as they are stored."""
    size, augmentation = plan.sizes[step], plan.augmentation
    options = photo_options(augmentation)
    for first, second in zip(chosen, partners(rng, labels, chosen), strict=True):
        others = [pictures[other] for other in rng.integers(0, len(pictures), NEIGHBOURS)]
        for number in (first, second):
            if augmentation.kind == "none":
                yield True, plain_view(pictures[number], *size)
            elif augmentation.kind == "light" or number == first:
                yield True, light_view(pictures[number], rng, *size)
            else:
                yield True, photo_view(pictures[number], others, rng, *size, options)


def photo_options(augmentation: Augmentation) -> PhotoOptions:
    """The ranges of simulated photos that a configuration asks for."""
    return PhotoOptions(**{entry.name: getattr(augmentation, entry.name) for entry in fields(PhotoOptions)})


def step_sizes(network: Network, schedule: Schedule) -> tuple[tuple[int, int], ...]:
    """Height and width of the input at each step: small at first, in blocks of 16 pixels (the network's stride)."""
    whole = (network.height, network.width)
    low = (schedule.low_height, round(schedule.low_height * network.width / network.height / 16) * 16)
    return (low,) * schedule.low_steps + (whole,) * (schedule.steps - schedule.low_steps)


@contextmanager
def pairs_from(images: Images, plan: Plan, start: int, processes: int) -> Iterator[Iterator[Pairs]]:
    """The pairs of the steps from `start` to the end of the plan, in order, made ahead in worker processes."""
    pool = ProcessPoolExecutor(processes, spawn_context(), initializer=_open, initargs=(images, plan))
    try:
        yield _ahead(pool, start, len(plan.sizes))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ahead(pool: ProcessPoolExecutor, start: int, end: int) -> Iterator[Pairs]:
    waiting: deque[Future[Pairs]] = deque()
    for step in range(start, end):
        waiting.append(pool.submit(_work, step))
        if len(waiting) > AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


_opened: tuple[RGB, npt.NDArray[np.int64], Plan] | None = None


def _open(images: Images, plan: Plan) -> None:
    """Map the pictures once per worker process; one thread each, the network has the others."""
    global _opened
    end_with_parent()
    cv2.setNumThreads(1)
    _opened = (images.open(), images.labels, plan)


def _work(step: int) -> Pairs:
    assert _opened is not None
    return make_pairs(*_opened, step)
