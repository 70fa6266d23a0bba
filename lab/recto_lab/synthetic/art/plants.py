"""Artworks of branches, leaves and flowers, as on botanical plates or wallpaper."""

from __future__ import annotations

import numpy as np

from recto_lab.synthetic.noise import fractal, shaded
from recto_lab.synthetic.paint import Sheet, disc, ellipse, line
from recto_lab.synthetic.palette import mix
from recto_lab.synthetic.types import Colour, Pixels


def plants(sheet: Sheet) -> Pixels:
    """Branches with leaves and flowers, as on botanical plates or wallpaper."""
    pixels = sheet.blank(sheet.palette.ground)
    if sheet.chance(0.4):
        pixels = shaded(pixels, 0.8 + 0.25 * fractal(sheet.rng, sheet.height, sheet.width, octaves=6))
    greens = [mix(sheet.colour(), (40, 80, 40), sheet.between(0, 0.6)) for _ in range(3)]
    for _ in range(int(sheet.rng.integers(3, 12))):
        _branch(sheet, pixels, (sheet.between(-0.1, 1.1), sheet.between(0.2, 1.2)), greens)
    petals = int(sheet.rng.integers(4, 13))
    for _ in range(int(sheet.rng.integers(0, 14))):
        flower(sheet, pixels, (sheet.between(0, 1), sheet.between(0, 1)), sheet.between(0.02, 0.1), petals)
    return pixels


def _branch(sheet: Sheet, pixels: Pixels, root: tuple[float, float], greens: list[Colour]) -> None:
    ratio = sheet.height / sheet.width
    angle, bend = sheet.between(-2.6, -0.5), sheet.between(-0.12, 0.12)
    leaf, plump, colour = (
        sheet.between(0.03, 0.09),
        sheet.between(0.2, 0.5),
        greens[int(sheet.rng.integers(3))],
    )
    x, y = root
    for number in range(int(sheet.rng.integers(8, 20))):
        tip = (x + 0.05 * np.cos(angle) * ratio, y + 0.05 * np.sin(angle))
        line(pixels, [(x, y), tip], colour, 0.005)
        side = angle + (0.9 if number % 2 else -0.9)
        centre = (tip[0] + leaf * np.cos(side) * ratio, tip[1] + leaf * np.sin(side))
        ellipse(pixels, centre, (leaf, leaf * plump), float(np.degrees(side)), greens[number % 3])
        line(pixels, [tip, centre], mix(greens[number % 3], sheet.palette.ground, 0.5), 0.002)
        (x, y), angle = tip, angle + bend


def flower(sheet: Sheet, pixels: Pixels, centre: tuple[float, float], size: float, petals: int) -> None:
    """Petals round a heart."""
    colour, heart = sheet.colour(), sheet.colour()
    ratio, start = sheet.height / sheet.width, sheet.between(0, 6.3)
    for number in range(petals):
        angle = start + 6.2832 * number / petals
        place = (centre[0] + 0.6 * size * np.cos(angle) * ratio, centre[1] + 0.6 * size * np.sin(angle))
        tone = mix(colour, (255, 255, 255), 0.25 * (number % 3))
        ellipse(pixels, place, (0.55 * size, 1.6 * size / petals), float(np.degrees(angle)), tone)
    disc(pixels, centre, 0.25 * size, heart)
