"""Photographs several covers that lie beside each other, as a bookseller lays out a box of books."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recto_lab.synthetic.photo import light, objects, simulator
from recto_lab.synthetic.photo.geometry import Corners, pose
from recto_lab.synthetic.photo.options import EASY, PhotoOptions
from recto_lab.synthetic.photo.table import draw_ground

_FILLED = (0.8, 0.95)
"""Share of its cell that a cover takes, in the direction that is the tighter one."""


@dataclass(frozen=True)
class TablePhoto:
    """A simulated photo (RGB) of several books; `outlines` float32 (N, 4, 2) as in `Photo`, in the covers' order."""

    image: Image.Image
    outlines: NDArray[np.float32]


def photograph_table(
    covers: Sequence[Image.Image],
    rng: np.random.Generator,
    *,
    options: PhotoOptions = EASY,
    size: tuple[int, int] = (1600, 1200),
) -> TablePhoto:
    """A photo of covers in a loose grid, none over another, each turned a little or by a quarter.

    `size`: width and height in pixels. Glare, shadow, blur, noise and the rest are those of `options`.
    """
    pixels = draw_ground(rng, size[1], size[0])
    cells = _cells(len(covers), size)
    outlines = []
    for cover, cell in zip(covers, cells, strict=True):
        page = np.asarray(cover.convert("RGB"))
        if rng.random() < options.sticker:
            page = objects.add_label(rng, page)
        face, foot = _laid(rng, (page.shape[1], page.shape[0]), cell, size, options)
        objects.lay_book(rng, pixels, page, face, foot)
        outlines.append(face)
    lamp = light.illumination(rng, pixels, options.uneven, options.shadow)
    pixels = np.asarray(pixels * lamp[..., None], np.float32).clip(0, 255).astype(np.uint8)
    return TablePhoto(Image.fromarray(simulator.taken(rng, pixels, options)), np.stack(outlines))


def _cells(count: int, size: tuple[int, int]) -> list[tuple[float, float, float, float]]:
    """Centre x and y, width and height of a cell for each of `count` covers."""
    columns = max(range(1, count + 1), key=lambda each: _room(size, each, math.ceil(count / each)))
    rows = math.ceil(count / columns)
    wide, high = size[0] / columns, size[1] / rows
    return [
        ((number % columns + 0.5) * wide, (number // columns + 0.5) * high, wide, high)
        for number in range(count)
    ]


def _room(size: tuple[int, int], columns: int, rows: int) -> float:
    """Height of the largest cover, two thirds as wide as high, that fits a cell of such a grid."""
    return min(size[0] / columns * 1.5, size[1] / rows)


def _laid(
    rng: np.random.Generator,
    shape: tuple[int, int],
    cell: tuple[float, float, float, float],
    size: tuple[int, int],
    options: PhotoOptions,
) -> tuple[Corners, Corners]:
    """Corners of a cover's face and foot inside its cell."""
    still = replace(options, partial=0.0, off_centre=0.0, fill=(1.0, 1.0))
    x, y, wide, high = cell
    face, foot = pose(rng, shape, size, still, shift=(0.0, 0.0))
    middle = (face.min(axis=0) + face.max(axis=0)) / 2
    both = np.concatenate([face, foot])
    factor = rng.uniform(*_FILLED) * min(np.array([wide, high]) / np.ptp(both, axis=0))
    moved = (both - middle) * factor + np.array([x, y])
    return moved[:4].astype(np.float32), moved[4:].astype(np.float32)
