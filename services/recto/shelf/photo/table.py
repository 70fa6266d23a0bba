"""What a book lies on: wood, cloth, carpet, a plain desk, printed paper."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from recto.shelf.noise import colour_map, fractal, lit, shaded
from recto.shelf.palette import mix
from recto.shelf.types import Colour, Pixels

Ground = Callable[[np.random.Generator, int, int], Pixels]


def _colour(rng: np.random.Generator, low: int = 20, high: int = 240) -> Colour:
    base = int(rng.integers(low, high))
    red, green, blue = (int(np.clip(base + rng.normal(0, 25), 0, 255)) for _ in range(3))
    return red, green, blue


def wood(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Boards with grain."""
    cells = (int(rng.integers(25, 70)), 2) if rng.random() < 0.6 else (2, int(rng.integers(25, 70)))
    field = 0.6 * fractal(rng, height, width, cells=cells, octaves=4, gain=0.6)
    field = field + 0.4 * fractal(rng, height, width, cells=(4, 4), octaves=3)
    tone: Colour = ((205, 160, 105), (150, 100, 60), (95, 60, 38), (225, 195, 150), (120, 90, 75))[
        int(rng.integers(5))
    ]
    return colour_map(field, (mix(tone, (30, 15, 5), 0.45), tone, mix(tone, (255, 235, 200), 0.25)))


def plain(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """A desk, a wall, a sheet of paper."""
    tone = _colour(rng)
    field = fractal(rng, height, width, cells=(2, 2), octaves=7, gain=0.45)
    return colour_map(field, (mix(tone, (0, 0, 0), 0.12), mix(tone, (255, 255, 255), 0.1)))


def carpet(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Pile, stone or bedding: fine relief."""
    rows = int(rng.integers(20, 80))
    field = fractal(rng, height, width, cells=(rows, rows), octaves=3, gain=0.7)
    tone = _colour(rng, 30, 200)
    base = colour_map(field, (mix(tone, (0, 0, 0), 0.4), tone, mix(tone, (255, 255, 255), 0.2)))
    return shaded(base, 0.5 + 0.5 * lit(field, 0.5, float(rng.uniform(0, 6))))


def cloth(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Folds, sometimes woven in checks or stripes."""
    folds = fractal(rng, height, width, cells=(3, 3), octaves=3, gain=0.4)
    first, second = _colour(rng), _colour(rng)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    pitch = float(rng.uniform(0.02, 0.15)) * height
    bend = folds * height * 0.15
    checks = (np.sin((rows + bend) * 6.2832 / pitch) > 0) * 0.5 + (
        np.sin((columns + bend) * 6.2832 / pitch) > 0
    ) * 0.5
    share = float(rng.random()) * (rng.random() < 0.6)
    base = colour_map(np.asarray(checks * share, np.float32), (first, second))
    return shaded(base, 0.3 + 0.7 * lit(folds, 2.0, float(rng.uniform(0, 6))))


def print_sheet(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Printed pages: lines of words, as greeked text."""
    pixels = np.full((height, width, 3), mix((250, 250, 248), _colour(rng), 0.08), np.uint8)
    step = max(4, round(height * float(rng.uniform(0.014, 0.035))))
    columns = int(rng.integers(1, 4))
    for row in range(step, height, step):
        for column in range(columns):
            x = (column + 0.06) * width / columns
            while x < (column + 0.88) * width / columns:
                wide = float(rng.uniform(0.5, 4.0)) * step * 0.6
                cv2.rectangle(pixels, (int(x), row), (int(x + wide), row + step // 3), (70, 70, 75), -1)
                x += wide + 0.35 * step
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(0, 360)), 1.6)
    return np.asarray(cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


GROUNDS: tuple[tuple[Ground, float], ...] = (
    (wood, 0.34),
    (plain, 0.26),
    (carpet, 0.14),
    (cloth, 0.16),
    (print_sheet, 0.1),
)


def draw_ground(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """A random ground, (height, width, 3). Drawn at half the size: it lies behind and is a little out of focus."""
    ground = GROUNDS[int(rng.choice(len(GROUNDS), p=[share for _, share in GROUNDS]))][0]
    small = ground(rng, (height + 1) // 2, (width + 1) // 2)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
