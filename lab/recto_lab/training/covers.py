"""The covers that training draws its views from: rendered once into one file, then mapped into memory."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import click
import cv2
import numpy as np

from recto.errors import Unavailable
from recto.python import spawn_context
from recto.records import Side
from recto.storage.blobs.disk import disk_errors_of
from recto.vectors import RGB
from recto_lab.training.pictures import draw_picture
from recto_lab.training.processes import end_with_parent

HEIGHT, WIDTH = 256, 176
"""Size of a stored cover; its own aspect ratio is squeezed into this one, and photos vary it again."""
CHUNK = 50
SHARE_OF_FRONTS = 0.65
DRAWN_HEIGHT = 512
"""Covers are drawn larger than they are kept: small lettering should look like small lettering."""


def render_covers(folder: Path, name: str, count: int, seed: int, drawn: float, processes: int) -> Path:
    """A file of covers (count, HEIGHT, WIDTH, 3) uint8; what an interrupted call has rendered is kept.

    A share `drawn` comes from the shelf, fronts before backs so that the volumes of a series are neighbours, the rest
    are pictures of noise and shapes. A cover is a function of its number and these arguments.

    Raises:
        Unavailable: the disk has no room for the file.
    """
    shape = (count, HEIGHT, WIDTH, 3)
    path = folder / f"{name}_{seed}_{count}_{drawn:g}.u8"
    covers = _memory_map(path, shape)
    finished = _memory_map(path.with_suffix(".done"), (count,))
    missing = [start for start in range(0, count, CHUNK) if not finished[start]]
    if missing:
        _take_room(path, covers.nbytes)
        render = partial(_render, count=count, seed=seed, drawn=drawn)
        with ProcessPoolExecutor(processes, spawn_context(), initializer=end_with_parent) as pool:
            for start, chunk in zip(missing, pool.map(render, missing), strict=True):
                covers[start : start + CHUNK] = chunk
                covers.flush()
                finished[start] = 1
                if start % (20 * CHUNK) == 0:
                    click.echo(f"rendered {name} {start} of {count}")
    return path


def map_covers(path: Path) -> RGB:
    """The rendered covers, mapped into memory."""
    flat = np.memmap(path, np.uint8, "r")
    return np.asarray(flat).reshape(-1, HEIGHT, WIDTH, 3)


def _take_room(path: Path, size: int) -> None:
    """Have the disk set the whole file aside: on a full one, writing to a mapping kills the process."""
    try:
        with disk_errors_of(path.parent), path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    except Unavailable:
        if not path.with_suffix(".done").read_bytes().strip(b"\0"):  # nothing is rendered yet
            path.unlink()
            path.with_suffix(".done").unlink()
        raise


def _memory_map(path: Path, shape: tuple[int, ...]) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    mode = "r+" if path.exists() else "w+"
    return np.memmap(path, np.uint8, mode, shape=shape)  # type: ignore[call-overload, no-any-return]


def _render(start: int, count: int, seed: int, drawn: float) -> RGB:
    cv2.setNumThreads(1)
    numbers = range(start, min(start + CHUNK, count))
    return np.stack([_cover(number, seed, int(drawn * count)) for number in numbers])


def _cover(number: int, seed: int, from_shelf: int) -> RGB:
    if number >= from_shelf:
        return draw_picture(np.random.default_rng((seed, number)), HEIGHT, WIDTH)
    from recto_lab.synthetic import draw_covers

    side = Side.FRONT if number < SHARE_OF_FRONTS * from_shelf else Side.BACK
    image = np.asarray(draw_covers(number, seed=seed, height=DRAWN_HEIGHT, side=side).convert("RGB"))
    return np.asarray(cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
