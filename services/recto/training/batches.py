"""Batches of view pairs, each a function of the seed and the step alone, made ahead in worker processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from recto.training.augment import PhotoOptions, catalogue_view, composite, identity, photo_view
from recto.training.covers import map_covers
from recto.training.processes import end_with_parent
from recto.vectors import RGB

AHEAD = 6
"""Batches that are made ahead, to bridge a stall of the workers."""
MIXED = 0.35
"""Share of the covers that are composites of two."""
NEIGHBOURS = 3
"""Covers that a photo's background is made of, at most."""


@dataclass(frozen=True)
class Pairs:
    """Views of `count` covers. Upright and lying images have the same number of pixels but pass the network apart.

    `portrait` (P, height, width, 3) and `landscape` (L, width, height, 3) hold catalogue views and photos mixed, so
    that batch normalisation sees the same mixture in both. Row `catalogue[i]` of the two put together is the
    catalogue view of cover `covers[i]`, row `photos[i]` its photo.
    """

    portrait: RGB
    landscape: RGB
    covers: npt.NDArray[np.int64]
    catalogue: npt.NDArray[np.int64]
    photos: npt.NDArray[np.int64]


def make_pairs(covers: RGB, seed: int, step: int, count: int, height: int) -> Pairs:
    """Pairs of one step: a quarter of the covers lies on its side, a quarter of the photos is wider than tall."""
    rng = np.random.default_rng((seed, step))
    width = width_of(height)
    chosen = _choose(rng, len(covers), count)
    views: dict[bool, list[RGB]] = {True: [], False: []}
    places: list[tuple[bool, int]] = []
    for place, number in enumerate(chosen):
        cover = covers[number]
        if rng.random() < MIXED:
            among = chosen if rng.random() < 0.5 else np.arange(len(covers))
            cover = composite(cover, covers[int(rng.choice(among))], rng)
        cover = identity(cover, rng)
        upright = place % 4 != 0
        if not upright:
            cover = np.ascontiguousarray(np.rot90(cover, rng.choice([1, 3])))
        tall = (place // 4) % 4 != 0
        others = [covers[other] for other in rng.integers(0, len(covers), NEIGHBOURS)]
        size = (height, width) if upright else (width, height)
        photo_size = (height, width) if tall else (width, height)
        for shape, view in (
            (upright, catalogue_view(cover, rng, *size)),
            (tall, photo_view(cover, others, rng, *photo_size, PhotoOptions())),
        ):
            places.append((shape, len(views[shape])))
            views[shape].append(view)
    rows = np.array([place if shape else place + len(views[True]) for shape, place in places])
    return Pairs(np.stack(views[True]), np.stack(views[False]), chosen, rows[::2], rows[1::2])


def width_of(height: int) -> int:
    """Width of an upright network input, 5/7 of its height in whole blocks of 16 pixels (the network's stride)."""
    return round(height * 5 / 7 / 16) * 16


def _choose(rng: np.random.Generator, total: int, count: int) -> npt.NDArray[np.int64]:
    """Distinct covers of one batch, about half of them in runs of neighbours: volumes of a series stand together."""
    runs = rng.integers(0, max(total - 4, 1), count // 8)
    chosen = np.unique((runs[:, None] + np.arange(4)).ravel() % total)
    while len(chosen) < count:
        chosen = np.unique(np.append(chosen, rng.integers(0, total, count - len(chosen))))
    return np.asarray(rng.permutation(chosen), np.int64)


@contextmanager
def pairs_from(
    path: Path, seed: int, count: int, heights: Sequence[int], start: int, processes: int
) -> Iterator[Iterator[Pairs]]:
    """The pairs of steps `start` to the end of `heights` (input height of each step), in order, made ahead."""
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_open, initargs=(path,))
    try:
        yield _ahead(pool, seed, count, heights, start)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ahead(
    pool: ProcessPoolExecutor, seed: int, count: int, heights: Sequence[int], start: int
) -> Iterator[Pairs]:
    waiting: deque[Future[Pairs]] = deque()
    for step in range(start, len(heights)):
        waiting.append(pool.submit(_work, seed, step, count, heights[step]))
        if len(waiting) > AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


_covers: RGB | None = None


def _open(path: Path) -> None:
    """Map the covers once per worker process; one thread each, the network has the others."""
    global _covers
    end_with_parent()
    cv2.setNumThreads(1)
    _covers = map_covers(path)


def _work(seed: int, step: int, count: int, height: int) -> Pairs:
    assert _covers is not None
    return make_pairs(_covers, seed, step, count, height)
