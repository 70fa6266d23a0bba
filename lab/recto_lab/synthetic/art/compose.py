"""Ways to make one picture of two: splits, overprints, cut-outs, contact prints."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from recto_lab.synthetic.art.things import THINGS
from recto_lab.synthetic.noise import as_mask, blend, fractal
from recto_lab.synthetic.paint import Sheet, disc, line, polygon
from recto_lab.synthetic.types import Pixels

Composition = Callable[[Sheet, Pixels, Pixels], Pixels]


def split(sheet: Sheet, first: Pixels, second: Pixels) -> Pixels:
    """Two pictures side by side, along a slanted or upright edge."""
    mask = np.zeros((sheet.height, sheet.width, 3), np.uint8)
    near, far = sheet.between(0.25, 0.75), sheet.between(0.25, 0.75)
    edge = (
        [(0, 0), (near, 0), (far, 1), (0, 1)] if sheet.chance(0.5) else [(0, 0), (1, 0), (1, near), (0, far)]
    )
    polygon(mask, edge, (255, 0, 0))
    return blend(first, second, as_mask(mask))


def cut_out(sheet: Sheet, first: Pixels, second: Pixels) -> Pixels:
    """The second picture seen through a shape."""
    mask = np.zeros((sheet.height, sheet.width, 3), np.uint8)
    subject = THINGS[int(sheet.rng.integers(len(THINGS)))]
    plain = Sheet(sheet.rng, sheet.height, sheet.width, sheet.palette)
    subject(
        plain,
        mask,
        (sheet.between(0.4, 0.6), sheet.between(0.4, 0.6)),
        sheet.between(0.25, 0.5),
        (255, 255, 255),
    )
    inside = cv2.threshold(mask.max(axis=2), 0, 1, cv2.THRESH_BINARY)[1]
    return blend(first, second, np.asarray(inside, np.float32))


def round_window(sheet: Sheet, first: Pixels, second: Pixels) -> Pixels:
    """The second picture in a circle."""
    mask = np.zeros((sheet.height, sheet.width, 3), np.uint8)
    centre, radius = (sheet.between(0.4, 0.6), sheet.between(0.35, 0.65)), sheet.between(0.2, 0.38)
    disc(mask, centre, radius, (255, 0, 0))
    result = blend(first, second, as_mask(mask))
    if sheet.chance(0.5):
        disc(result, centre, radius, sheet.palette.ink2, sheet.between(0.003, 0.02))
    return result


def overprint(sheet: Sheet, first: Pixels, second: Pixels) -> Pixels:
    """Both on one plate: multiplied, as inks, or added, as a double exposure."""
    if sheet.chance(0.5):
        return np.asarray(cv2.multiply(first, second, scale=1.4 / 255), np.uint8)
    return 255 - np.asarray(cv2.multiply(255 - first, 255 - second, scale=1 / 255), np.uint8)


def dissolve(sheet: Sheet, first: Pixels, second: Pixels) -> Pixels:
    """One turns into the other along a ragged border."""
    field = fractal(sheet.rng, sheet.height, sheet.width, cells=(3, 3), octaves=6)
    ramp = np.linspace(0, 1, sheet.height, dtype=np.float32)[:, None] * sheet.between(0.5, 2.0)
    mask = np.clip((field + ramp - sheet.between(0.7, 1.2)) * sheet.between(2, 15), 0, 1)
    return blend(first, second, mask.astype(np.float32))


def contact_print(sheet: Sheet, first: Pixels, second: Pixels) -> Pixels:
    """Details of both in a grid."""
    columns, rows = int(sheet.rng.integers(2, 5)), int(sheet.rng.integers(2, 6))
    pixels = sheet.blank(sheet.palette.ground)
    gap = round(sheet.between(0.0, 0.025) * sheet.height)
    high, wide = sheet.height // rows - gap, sheet.width // columns - gap
    for row in range(rows):
        for column in range(columns):
            source = first if sheet.chance(0.5) else second
            top = int(sheet.between(0, 1) * (sheet.height - high))
            left = int(sheet.between(0, 1) * (sheet.width - wide))
            y, x = row * (high + gap) + gap // 2, column * (wide + gap) + gap // 2
            pixels[y : y + high, x : x + wide] = source[top : top + high, left : left + wide]
    return pixels


def strips(sheet: Sheet, first: Pixels, second: Pixels) -> Pixels:
    """Woven together in strips."""
    number = int(sheet.rng.integers(3, 14))
    mask = np.zeros((sheet.height, sheet.width, 3), np.uint8)
    slant = sheet.between(-0.3, 0.3)
    for strip in range(-4, number + 4, 2):
        left, right = strip / number, (strip + 1) / number
        if sheet.chance(0.5):
            left += 0.2 / number
        polygon(mask, [(left, 0), (right, 0), (right + slant, 1), (left + slant, 1)], (255, 0, 0))
    result = blend(first, second, as_mask(mask))
    if sheet.chance(0.3):
        line(result, [(0, 0.5), (1, 0.5)], sheet.palette.ink2, 0.01)
    return result


COMPOSITIONS: tuple[Composition, ...] = (
    split,
    cut_out,
    round_window,
    overprint,
    dissolve,
    contact_print,
    strips,
)
