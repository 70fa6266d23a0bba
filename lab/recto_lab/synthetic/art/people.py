"""Artworks of people: heads modelled like studio photographs, profiles, figures that stand in a row."""

from __future__ import annotations

import cv2
import numpy as np

from recto_lab.synthetic.art.photographic import sphere
from recto_lab.synthetic.noise import as_mask, blend, colour_map, fractal
from recto_lab.synthetic.paint import Sheet, box, disc, ellipse, line, polygon, rounded
from recto_lab.synthetic.palette import mix
from recto_lab.synthetic.types import Colour, Pixels

_SKINS: tuple[Colour, ...] = ((236, 196, 168), (222, 178, 150), (198, 144, 110), (132, 88, 62), (88, 58, 44))


def portrait(sheet: Sheet) -> Pixels:
    """A head and shoulders: modelled like a photograph in studio light, or as a silhouette."""
    field = fractal(sheet.rng, sheet.height, sheet.width, cells=(2, 2), octaves=4)
    back = mix(sheet.palette.ground, (30, 30, 32), sheet.between(0.1, 0.7))
    pixels = colour_map(field, (mix(back, (0, 0, 0), 0.4), mix(back, (255, 255, 255), 0.25)))
    skin = _SKINS[int(sheet.rng.integers(len(_SKINS)))]
    x, y, size = sheet.between(0.3, 0.7), sheet.between(0.3, 0.5), sheet.between(0.1, 0.36)
    ratio = sheet.height / sheet.width
    hair, cloth = mix(sheet.colour(), (30, 22, 18), 0.75), mix(sheet.colour(), (30, 30, 40), 0.4)
    wide = size * sheet.between(0.95, 1.25)
    ellipse(pixels, (x, y - 0.15 * size), (wide, size * 1.2), 0, hair)
    if sheet.chance(0.5):
        box(pixels, max(0.0, x - wide * ratio), y, min(1.0, x + wide * ratio), y + size * 1.3, hair)
    polygon(pixels, rounded(_shoulders(x, y, size, ratio)), cloth)
    ellipse(pixels, (x, y + 0.95 * size), (0.36 * size, 0.6 * size), 0, mix(skin, (0, 0, 0), 0.35))
    if sheet.chance(0.25):
        ellipse(pixels, (x, y), (size * 0.76, size), 0, hair)
        return pixels
    return _face(sheet, pixels, x, y, size, skin)


def _shoulders(x: float, y: float, size: float, ratio: float) -> list[tuple[float, float]]:
    wide = size * ratio
    return [
        (x - 0.4 * wide, y + 0.9 * size), (x + 0.4 * wide, y + 0.9 * size), (x + 2.0 * wide, y + 1.7 * size),
        (x + 2.4 * wide, 1.6), (x - 2.4 * wide, 1.6), (x - 2.0 * wide, y + 1.7 * size),
    ]  # fmt: skip


def _face(sheet: Sheet, pixels: Pixels, x: float, y: float, size: float, skin: Colour) -> Pixels:
    ratio = sheet.height / sheet.width
    turn = sheet.between(-0.25, 0.25)
    face = sphere(sheet, pixels, (x, y), size, skin, sheet.between(3.4, 6.0), sheet.between(0.15, 0.5))
    mask = np.zeros((sheet.height, sheet.width, 3), np.uint8)
    ellipse(mask, (x, y + 0.05 * size), (0.76 * size, 1.0 * size), 0, (255, 0, 0))
    pixels = blend(pixels, face, as_mask(mask))
    dark, light = mix(skin, (15, 8, 8), 0.8), mix(skin, (255, 255, 255), 0.3)
    for side in (-1, 1):
        eye = (x + (turn + side * 0.3) * size * ratio, y - 0.08 * size)
        ellipse(pixels, eye, (0.13 * size, 0.07 * size), 0, (235, 230, 225))
        disc(pixels, eye, 0.06 * size, dark)
        brow = [(eye[0] - 0.16 * size * ratio, eye[1] - 0.15 * size), (eye[0], eye[1] - 0.22 * size),
                (eye[0] + 0.16 * size * ratio, eye[1] - 0.16 * size)]  # fmt: skip
        line(pixels, brow, dark, 0.045 * size)
    nose = x + turn * 1.2 * size * ratio
    line(
        pixels,
        [(nose, y), (nose + 0.1 * turn, y + 0.3 * size), (nose - 0.1 * size * ratio, y + 0.33 * size)],
        dark,
        0.02 * size,
    )
    line(
        pixels,
        [(nose + 0.03 * ratio * size, y), (nose + 0.03 * ratio * size, y + 0.27 * size)],
        light,
        0.02 * size,
    )
    ellipse(
        pixels,
        (x + turn * size * ratio, y + 0.56 * size),
        (sheet.between(0.18, 0.3) * size, 0.06 * size),
        0,
        mix(skin, (150, 20, 30), 0.6),
    )
    if sheet.chance(0.3):
        wide = size * ratio
        fringe = [
            (x - 0.8 * wide, y - 0.3 * size), (x - 0.5 * wide, y - 1.1 * size), (x + 0.6 * wide, y - 1.05 * size),
            (x + 0.85 * wide, y - 0.4 * size), (x + turn * wide, y - 0.65 * size),
        ]  # fmt: skip
        polygon(pixels, rounded(fringe), dark)
    return cv2.GaussianBlur(pixels, (0, 0), max(0.4, sheet.height / 500)).astype(np.uint8)


def profile(sheet: Sheet) -> Pixels:
    """A head cut out in profile, plain or filled with another texture."""
    field = fractal(sheet.rng, sheet.height, sheet.width, cells=(4, 4), octaves=7, gain=0.6)
    pixels = sheet.blank(sheet.palette.ground)
    inside = colour_map(field, (sheet.colour(), sheet.palette.ink2, sheet.colour()))
    brow, nose, chin = sheet.between(0.0, 0.08), sheet.between(0.1, 0.28), sheet.between(-0.05, 0.12)
    outline = [
        (0.45, 1.4), (0.4, 0.75), (0.62, 0.3), (0.58, -0.35), (0.15, -0.72), (-0.3, -0.6), (-0.5, -0.25),
        (-0.5 - brow, -0.12), (-0.48, 0.0), (-0.5 - nose, 0.2), (-0.52, 0.26), (-0.6, 0.36), (-0.52, 0.42),
        (-0.57, 0.5), (-0.5 - chin, 0.68), (-0.2, 0.72), (-0.12, 0.95), (-0.35, 1.4),
    ]  # fmt: skip
    size, ratio, x, y = sheet.between(0.25, 0.45), sheet.height / sheet.width, 0.5, sheet.between(0.4, 0.6)
    side = 1 if sheet.chance(0.5) else -1
    points = [(x + side * px * size * ratio, y + py * size) for px, py in outline]
    mask = np.zeros((sheet.height, sheet.width, 3), np.uint8)
    polygon(mask, rounded(points, 4), (255, 0, 0))
    return blend(pixels, inside, as_mask(mask))


def crowd(sheet: Sheet) -> Pixels:
    """Several heads and shoulders side by side, as in a group photograph."""
    field = fractal(sheet.rng, sheet.height, sheet.width, cells=(3, 3), octaves=6)
    pixels = colour_map(field, (mix(sheet.palette.ground, (20, 20, 20), 0.4), sheet.palette.ground))
    ratio = sheet.height / sheet.width
    people = int(sheet.rng.integers(2, 6))
    for row in range(int(sheet.rng.integers(1, 3))):
        for number in range(people):
            size = sheet.between(0.055, 0.085) * (1 + 0.25 * row)
            x = (number + 0.5 + sheet.between(-0.15, 0.15)) / people
            y = 0.35 + 0.25 * row + sheet.between(-0.05, 0.05)
            skin = _SKINS[int(sheet.rng.integers(len(_SKINS)))]
            polygon(pixels, rounded(_shoulders(x, y, size, ratio)), mix(sheet.colour(), (30, 30, 40), 0.4))
            ellipse(
                pixels,
                (x, y - 0.1 * size),
                (1.0 * size, 1.2 * size),
                0,
                mix(sheet.colour(), (30, 22, 18), 0.8),
            )
            pixels = _face(sheet, pixels, x, y, size, skin)
    return pixels
