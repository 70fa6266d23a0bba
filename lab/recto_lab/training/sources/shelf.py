"""Drawn covers: endless, free, and of no real book."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recto.storage.blobs.disk import disk_errors_of
from recto_lab.training.covers import HEIGHT, WIDTH, render_covers
from recto_lab.training.sources.images import Images, Split


def prepare_shelf(out: Path, *, covers: int, held_out: int, seed: int, drawn: float, processes: int) -> Split:
    """Render `covers` covers to learn from and `held_out` others, of the next seed; see `render_covers`.

    Raises:
        Unavailable: the disk of `out` has no room for them, or cannot be written.
    """
    with disk_errors_of(out):
        out.mkdir(parents=True, exist_ok=True)
    training = render_covers(out, "covers", covers, seed, drawn, processes)
    judging = render_covers(out, "held_out", held_out, seed + 1, drawn, processes)
    return Split(_images(training, covers, seed), _images(judging, held_out, seed + 1))


def _images(path: Path, count: int, seed: int) -> Images:
    names = tuple(f"drawn {seed}/{number}" for number in range(count))
    return Images(path, HEIGHT, WIDTH, np.arange(count, dtype=np.int64), names)
