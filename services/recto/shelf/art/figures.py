"""Artworks with a subject: heads, towns, plants, birds, boats, houses."""

from __future__ import annotations

import cv2
import numpy as np

from recto.shelf.art.photographic import sky, sphere
from recto.shelf.noise import blend, colour_map, fractal, grid, shaded
from recto.shelf.paint import Sheet, box, disc, ellipse, line, polygon, rounded
from recto.shelf.palette import mix
from recto.shelf.types import Colour, Pixels


def portrait(sheet: Sheet) -> Pixels:
    """A head and shoulders: modelled like a photograph in studio light, or as a silhouette."""
    field = fractal(sheet.rng, sheet.height, sheet.width, cells=(2, 2), octaves=4)
    back = mix(sheet.palette.ground, (30, 30, 32), sheet.between(0.1, 0.7))
    pixels = colour_map(field, (mix(back, (0, 0, 0), 0.4), mix(back, (255, 255, 255), 0.25)))
    skin = ((236, 196, 168), (198, 144, 110), (132, 88, 62), (88, 58, 44))[int(sheet.rng.integers(4))]
    x, y, size = sheet.between(0.35, 0.65), sheet.between(0.32, 0.46), sheet.between(0.13, 0.24)
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
    face = sphere(sheet, pixels, (x, y), size, skin, sheet.between(2.6, 6.6))
    mask = np.zeros((sheet.height, sheet.width, 3), np.uint8)
    ellipse(mask, (x, y + 0.05 * size), (0.76 * size, 1.0 * size), 0, (255, 0, 0))
    pixels = blend(pixels, face, mask[..., 0].astype(np.float32) / 255)
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
        fringe = [(x - 0.8 * size * ratio, y - 0.3 * size), (x - 0.5 * size * ratio, y - 1.1 * size), (x + 0.6 * size * ratio, y - 1.05 * size),
                  (x + 0.85 * size * ratio, y - 0.4 * size), (x + turn * size * ratio, y - 0.65 * size)]  # fmt: skip
        polygon(pixels, rounded(fringe), dark)
    return cv2.GaussianBlur(pixels, (0, 0), max(0.4, sheet.height / 500)).astype(np.uint8)


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


def emblem(sheet: Sheet) -> Pixels:
    """One or a few flat shapes on a ground, as on modern literary covers."""
    pixels = sheet.blank(sheet.palette.ground)
    shapes = (bird, boat, house, tree, fish, key, moon, cup)
    subject = shapes[int(sheet.rng.integers(len(shapes)))]
    if sheet.chance(0.45):
        disc(pixels, (0.5, sheet.between(0.4, 0.6)), sheet.between(0.18, 0.34), sheet.colour())
    if sheet.chance(0.6):
        subject(
            sheet,
            pixels,
            (sheet.between(0.4, 0.6), sheet.between(0.4, 0.6)),
            sheet.between(0.15, 0.32),
            sheet.palette.ink2,
        )
        return pixels
    for _ in range(int(sheet.rng.integers(3, 16))):
        place = (sheet.between(0.05, 0.95), sheet.between(0.05, 0.95))
        subject(sheet, pixels, place, sheet.between(0.04, 0.12), sheet.colour())
    return pixels


def _shape(
    sheet: Sheet,
    pixels: Pixels,
    at: tuple[float, float],
    size: float,
    points: list[tuple[float, float]],
    colour: Colour,
) -> None:
    ratio = sheet.height / sheet.width
    polygon(pixels, [(at[0] + x * size * ratio, at[1] + y * size) for x, y in points], colour)


def bird(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A bird on the wing."""
    lift = sheet.between(-0.9, 0.6)
    body = [
        (-1.0, 0.1),
        (-0.3, -0.2),
        (0.5, -0.15),
        (0.8, -0.3),
        (1.1, -0.15),
        (0.8, 0.0),
        (0.4, 0.2),
        (-0.3, 0.2),
    ]
    _shape(sheet, pixels, at, size, rounded(body), colour)
    _shape(
        sheet,
        pixels,
        at,
        size,
        [(-0.3, -0.1), (0.4, -0.1), (-0.2, lift), (-0.5, lift * 1.2)],
        mix(colour, (255, 255, 255), 0.2),
    )


def boat(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A boat with two sails."""
    _shape(sheet, pixels, at, size, [(-0.9, 0.4), (0.9, 0.4), (0.6, 0.8), (-0.6, 0.8)], colour)
    _shape(sheet, pixels, at, size, [(0.0, 0.3), (0.0, -1.0), (sheet.between(0.5, 0.9), 0.3)], sheet.colour())
    _shape(
        sheet, pixels, at, size, [(-0.1, 0.3), (-0.1, -0.8), (-0.6, 0.3)], mix(colour, (255, 255, 255), 0.4)
    )


def house(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A house with a roof, a door and windows."""
    _shape(sheet, pixels, at, size, [(-0.6, -0.1), (0.6, -0.1), (0.6, 0.9), (-0.6, 0.9)], colour)
    _shape(
        sheet, pixels, at, size, [(-0.8, -0.1), (0.8, -0.1), (sheet.between(-0.3, 0.3), -0.9)], sheet.colour()
    )
    _shape(
        sheet,
        pixels,
        at,
        size,
        [(-0.1, 0.9), (-0.1, 0.4), (0.2, 0.4), (0.2, 0.9)],
        mix(colour, (0, 0, 0), 0.6),
    )
    for x in (-0.45, 0.3):
        _shape(
            sheet,
            pixels,
            at,
            size,
            [(x, 0.05), (x + 0.2, 0.05), (x + 0.2, 0.28), (x, 0.28)],
            mix(colour, (255, 240, 160), 0.7),
        )


def tree(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A trunk and a crown of discs."""
    _shape(
        sheet,
        pixels,
        at,
        size,
        [(-0.1, 0.0), (0.1, 0.0), (0.16, 1.0), (-0.16, 1.0)],
        mix(colour, (60, 35, 20), 0.6),
    )
    ratio = sheet.height / sheet.width
    for _ in range(int(sheet.rng.integers(4, 12))):
        place = (at[0] + sheet.between(-0.5, 0.5) * size * ratio, at[1] + sheet.between(-0.8, 0.1) * size)
        disc(
            pixels, place, sheet.between(0.2, 0.42) * size, mix(colour, sheet.colour(), sheet.between(0, 0.5))
        )


def fish(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A fish in profile."""
    ellipse(pixels, at, (size, size * sheet.between(0.25, 0.5)), 0, colour)
    _shape(sheet, pixels, at, size, [(-0.8, 0.0), (-1.4, -0.45), (-1.4, 0.45)], colour)
    disc(
        pixels,
        (at[0] + 0.6 * size * sheet.height / sheet.width, at[1] - 0.05 * size),
        0.07 * size,
        sheet.palette.ground,
    )


def key(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """An old key, upright."""
    disc(pixels, (at[0], at[1] - 0.6 * size), 0.35 * size, colour, 0.13 * size)
    _shape(sheet, pixels, at, size, [(-0.08, -0.3), (0.08, -0.3), (0.08, 1.0), (-0.08, 1.0)], colour)
    for high in (0.6, 0.85):
        _shape(
            sheet,
            pixels,
            at,
            size,
            [(0.0, high), (sheet.between(0.2, 0.4), high), (0.3, high + 0.12), (0.0, high + 0.12)],
            colour,
        )


def moon(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A crescent."""
    disc(pixels, at, 0.8 * size, colour)
    shift = sheet.between(-0.5, 0.5) * size * sheet.height / sheet.width
    disc(pixels, (at[0] + shift, at[1] - 0.15 * size), 0.68 * size, sheet.palette.ground)


def cup(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A cup or vase: a turned profile."""
    profile = [sheet.between(0.2, 0.6) for _ in range(5)]
    right = [(wide, -0.9 + 0.45 * number) for number, wide in enumerate(profile)]
    _shape(sheet, pixels, at, size, right + [(-wide, high) for wide, high in reversed(right)], colour)
    left = [(-wide, high) for wide, high in right]
    _shape(
        sheet,
        pixels,
        at,
        size,
        left + [(-0.3 * wide, high) for wide, high in reversed(right)],
        mix(colour, (255, 255, 255), 0.3),
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
