"""What a book lies on: wood, cloth, carpet, a plain desk, printed paper."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from recto_lab.synthetic.noise import blend, colour_map, fractal, lit, shaded
from recto_lab.synthetic.palette import mix
from recto_lab.synthetic.types import Colour, Pixels

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
    return shaded(base, 0.55 + 0.45 * lit(field, 0.25, float(rng.uniform(0, 6))))


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
    return shaded(base, 0.3 + 0.7 * lit(folds, 1.5, float(rng.uniform(0, 6))))


def print_sheet(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Printed pages: columns of words, as greeked text, with headings and grey pictures."""
    pixels = np.full((height, width, 3), mix((250, 250, 248), _colour(rng), 0.08), np.uint8)
    step = max(3, round(height * float(rng.uniform(0.012, 0.03))))
    columns = int(rng.integers(1, 4))
    for column in range(columns):
        left, right = (column + 0.06) * width / columns, (column + 0.92) * width / columns
        for row in range(step, height, step):
            kind = float(rng.random())
            if kind < 0.02:  # a picture
                cv2.rectangle(
                    pixels, (int(left), row), (int(right), row + 6 * step), _colour(rng, 90, 200), -1
                )
            elif kind < 0.94:
                _words(rng, pixels, (left, right if kind < 0.85 else (left + right) / 2), row, step)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(0, 360)), 1.5)
    return np.asarray(cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def _words(rng: np.random.Generator, pixels: Pixels, ends: tuple[float, float], row: int, step: int) -> None:
    widths = rng.uniform(0.6, 3.0, 40) * step * 0.5
    starts = ends[0] + np.concatenate([[0.0], np.cumsum(widths + 0.3 * step)[:-1]])
    for start, wide in zip(starts, widths, strict=True):
        if start + wide > ends[1]:
            break
        cv2.rectangle(pixels, (int(start), row), (int(start + wide), row + step // 3), (95, 95, 98), -1)


def keyboard(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Keys in rows, seen at an angle."""
    dark = rng.random() < 0.7
    body: Colour = (34, 34, 37) if dark else (205, 206, 208)
    key = mix(body, (255, 255, 255), 0.1 if dark else 0.6)
    ink: Colour = (225, 225, 225) if dark else (60, 60, 60)
    pixels = np.full((height, width, 3), body, np.uint8)
    pitch = max(8, round(height * float(rng.uniform(0.06, 0.14))))
    for number, row in enumerate(range(0, height, pitch)):
        for column in range(-pitch + (number * pitch) // 3, width, pitch):
            near, far = (
                (column + pitch // 10, row + pitch // 10),
                (column + pitch * 9 // 10, row + pitch * 9 // 10),
            )
            cv2.rectangle(pixels, near, far, key, -1)
            place = (column + pitch // 4, row + pitch // 2)
            letter = chr(int(rng.integers(65, 91)))
            cv2.putText(pixels, letter, place, cv2.FONT_HERSHEY_SIMPLEX, pitch / 70, ink, 1, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(0, 360)), 1.5)
    return np.asarray(cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def two_parts(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """The edge of a table, or a sheet on it: two grounds with a straight border and a shadow along it."""
    first = GROUNDS[int(rng.integers(4))][0](rng, height, width)
    second = GROUNDS[int(rng.integers(4))][0](rng, height, width)
    angle, place = float(rng.uniform(0, 6.2832)), rng.uniform(0.2, 0.8, 2)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    along = np.cos(angle) * (columns - place[0] * width) + np.sin(angle) * (rows - place[1] * height)
    mask = np.clip(along, 0, 1).astype(np.float32)
    shade = 1 - float(rng.uniform(0, 0.7)) * np.exp(-np.abs(along) / (0.02 * height)) * (along < 0)
    dimmed = shaded(first, np.asarray(shade * float(rng.uniform(0.4, 1.0)), np.float32))
    return blend(dimmed, second, mask)


GROUNDS: tuple[tuple[Ground, float], ...] = (
    (wood, 0.27),
    (plain, 0.2),
    (carpet, 0.1),
    (cloth, 0.12),
    (print_sheet, 0.06),
    (keyboard, 0.05),
    (two_parts, 0.2),
)


def draw_ground(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """A random ground, (height, width, 3), drawn at half the size: it lies behind, a little out of focus."""
    ground = GROUNDS[int(rng.choice(len(GROUNDS), p=[share for _, share in GROUNDS]))][0]
    small = ground(rng, (height + 1) // 2, (width + 1) // 2)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
