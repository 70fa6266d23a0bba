"""Artworks of places: skylines, flat landscapes, roads."""

from __future__ import annotations

import numpy as np

from recto_lab.synthetic.art.photographic import sky
from recto_lab.synthetic.art.things import bird, boat, house, tree
from recto_lab.synthetic.noise import blend, colour_map, fractal, grid
from recto_lab.synthetic.paint import Sheet, box, line, polygon
from recto_lab.synthetic.palette import mix
from recto_lab.synthetic.types import Colour, Pixels


def city(sheet: Sheet) -> Pixels:
    """A skyline in rows, with windows."""
    pixels = sky(sheet)
    haze, near = sheet.colour(), mix(sheet.colour(), (12, 12, 22), 0.8)
    glow = mix(sheet.colour(), (255, 225, 140), 0.7)
    rows = int(sheet.rng.integers(2, 5))
    top = sheet.between(0.25, 0.5)
    for row in range(rows):
        share = (row + 1) / rows
        x = sheet.between(-0.1, 0.0)
        while x < 1:
            wide, high = sheet.between(0.05, 0.2), top + 0.45 * share * sheet.between(0.2, 1.0)
            colour = mix(haze, mix(near, sheet.colour(), sheet.between(0, 0.2)), share)
            box(pixels, max(0.0, x), high, min(1.0, x + wide), 1.0, colour)
            if sheet.chance(0.25):
                polygon(
                    pixels,
                    [(x, high), (x + wide, high), (x + wide / 2, high - sheet.between(0.03, 0.12))],
                    colour,
                )
            if share == 1 or sheet.chance(0.4):
                _windows(sheet, pixels, x, high, wide, glow)
            x += wide * sheet.between(0.7, 1.1)
    return pixels


def _windows(sheet: Sheet, pixels: Pixels, x: float, top: float, wide: float, colour: Colour) -> None:
    step_x, step_y = sheet.between(0.018, 0.035), sheet.between(0.018, 0.035)
    share = sheet.between(0.2, 0.7)
    for down in np.arange(top + step_y, 1.0, step_y):
        for across in np.arange(x + step_x / 2, x + wide - step_x, step_x):
            if across > 0 and sheet.chance(share):
                box(
                    pixels,
                    float(across),
                    float(down),
                    float(across + 0.5 * step_x),
                    float(down + 0.5 * step_y),
                    colour,
                )


def horizon(sheet: Sheet) -> Pixels:
    """A flat landscape of bands with a shape on it."""
    _, y = grid(sheet.height, sheet.width)
    pixels = colour_map(y, (sheet.palette.ground, sheet.colour(), mix(sheet.colour(), (255, 255, 255), 0.5)))
    ground = sheet.between(0.55, 0.85)
    for number in range(int(sheet.rng.integers(2, 5))):
        wave = [
            (x, ground + 0.07 * number + 0.05 * np.sin(sheet.between(0, 6) + 6 * x))
            for x in np.linspace(0, 1, 12)
        ]
        polygon(pixels, [*wave, (1, 1), (0, 1)], sheet.colour())
    for _ in range(int(sheet.rng.integers(1, 6))):
        subject = (house, tree, boat, bird)[int(sheet.rng.integers(4))]
        size = sheet.between(0.05, 0.16)
        subject(
            sheet,
            pixels,
            (sheet.between(0.1, 0.9), ground - 0.6 * size),
            size,
            mix(sheet.colour(), sheet.palette.ink, 0.3),
        )
    return pixels


def road(sheet: Sheet) -> Pixels:
    """A road, canal or railway to a vanishing point between two verges."""
    pixels = sky(sheet)
    horizon_at, vanish = sheet.between(0.3, 0.6), sheet.between(0.3, 0.7)
    verge = fractal(sheet.rng, sheet.height, sheet.width, cells=(30, 10), octaves=4, gain=0.7)
    green = mix(sheet.colour(), (70, 90, 50), 0.6)
    field = colour_map(verge, (mix(green, (0, 0, 0), 0.5), green, mix(green, (255, 245, 200), 0.3)))
    _, y = grid(sheet.height, sheet.width)
    pixels = blend(pixels, field, np.clip((y - horizon_at) * sheet.height, 0, 1).astype(np.float32))
    tone = mix(sheet.colour(), (110, 110, 112), 0.75)
    left, right = sheet.between(-0.4, 0.3), sheet.between(0.7, 1.4)
    polygon(
        pixels,
        [(vanish - 0.005, horizon_at), (vanish + 0.005, horizon_at), (right, 1.02), (left, 1.02)],
        tone,
    )
    for step in np.geomspace(0.02, 1.0, 9):
        reach = (1.0 - horizon_at) * float(step)
        middle = vanish + ((left + right) / 2 - vanish) * float(step)
        dash = [(middle, horizon_at + 0.85 * reach), (middle + 0.001, horizon_at + reach)]
        line(pixels, dash, mix(tone, (255, 255, 255), 0.7), 0.012 * float(step))
        for side in (left, right):
            post = vanish + (side - vanish) * float(step)
            top = horizon_at + reach - sheet.between(0.25, 0.4) * float(step)
            line(
                pixels,
                [(post, horizon_at + reach), (post, top)],
                mix(green, (0, 0, 0), 0.6),
                0.01 * float(step),
            )
    return pixels
