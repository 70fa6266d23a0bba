"""Flat shapes of things, alone or strewn, as on modern literary covers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recto_lab.synthetic.paint import Sheet, disc, ellipse, line, polygon, rounded
from recto_lab.synthetic.palette import mix
from recto_lab.synthetic.types import Colour, Pixels

Thing = Callable[[Sheet, Pixels, tuple[float, float], float, Colour], None]


def emblem(sheet: Sheet) -> Pixels:
    """One or a few flat shapes on a ground, as on modern literary covers."""
    pixels = sheet.blank(sheet.palette.ground)
    subject = THINGS[int(sheet.rng.integers(len(THINGS)))]
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


def cat(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A sitting cat from behind."""
    body = [(-0.5, 1.0), (-0.55, 0.3), (-0.25, -0.2), (0.25, -0.2), (0.55, 0.3), (0.5, 1.0)]
    _shape(sheet, pixels, at, size, rounded(body), colour)
    head = [
        (-0.35, -0.1),
        (-0.4, -0.85),
        (-0.15, -0.6),
        (0.15, -0.6),
        (0.4, -0.85),
        (0.35, -0.1),
        (0.0, 0.05),
    ]
    _shape(sheet, pixels, at, size, head, colour)
    sway = sheet.between(0.6, 1.1)
    ratio = sheet.height / sheet.width
    tail = [(0.4, 0.95), (sway, 0.8), (sway, 0.3), (sway + 0.2, 0.0)]
    line(pixels, [(at[0] + x * size * ratio, at[1] + y * size) for x, y in tail], colour, 0.14 * size)


def star(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A star or sun with any number of points."""
    points = int(sheet.rng.integers(4, 14))
    inner, start = sheet.between(0.3, 0.7), sheet.between(0, 6.3)
    reach = [(1.0 if number % 2 else inner, start + np.pi * number / points) for number in range(2 * points)]
    _shape(sheet, pixels, at, size, [(float(r * np.cos(a)), float(r * np.sin(a))) for r, a in reach], colour)


def leaf(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A single leaf or feather with its veins."""
    angle, ratio = sheet.between(0, 6.3), sheet.height / sheet.width
    plump = sheet.between(0.25, 0.5)
    ellipse(pixels, at, (size, plump * size), float(np.degrees(angle)), colour)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-np.sin(angle), np.cos(angle)]) * plump * 0.8
    scale = np.array([ratio, 1.0]) * size
    centre = np.array(at)
    vein = mix(colour, sheet.palette.ground, 0.6)
    line(pixels, [centre - along * scale * 1.3, centre + along * scale], vein, 0.03 * size)
    for share in np.linspace(-0.6, 0.6, int(sheet.rng.integers(3, 9))):
        root = centre + share * along * scale
        for side in (-1, 1):
            tip = root + (0.3 * along + side * across * np.sqrt(1 - share**2)) * scale
            line(pixels, [root, tip], vein, 0.015 * size)


def figure(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A person seen from afar, in a coat or a dress."""
    ratio = sheet.height / sheet.width
    disc(pixels, (at[0], at[1] - 0.82 * size), 0.14 * size, colour)
    hem, waist = sheet.between(0.2, 0.5), sheet.between(0.1, 0.2)
    coat = [(-0.22, -0.62), (0.22, -0.62), (waist, -0.1), (hem, 0.5), (-hem, 0.5), (-waist, -0.1)]
    _shape(sheet, pixels, at, size, coat, colour)
    for side in (-1, 1):
        foot = (at[0] + side * sheet.between(0.05, 0.2) * size * ratio, at[1] + size)
        line(pixels, [(at[0] + side * 0.08 * size * ratio, at[1] + 0.4 * size), foot], colour, 0.11 * size)
        hand = (
            at[0] + side * sheet.between(0.25, 0.6) * size * ratio,
            at[1] + sheet.between(-0.3, 0.1) * size,
        )
        line(pixels, [(at[0] + side * 0.18 * size * ratio, at[1] - 0.55 * size), hand], colour, 0.09 * size)


def train(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A locomotive with its smoke."""
    _shape(
        sheet,
        pixels,
        at,
        size,
        [(-1, -0.6), (-0.4, -0.6), (-0.4, -0.2), (0.9, -0.2), (0.9, 0.4), (-1, 0.4)],
        colour,
    )
    _shape(sheet, pixels, at, size, [(0.5, -0.2), (0.4, -0.7), (0.8, -0.7), (0.7, -0.2)], colour)
    ratio = sheet.height / sheet.width
    for x in (-0.7, -0.1, 0.5):
        disc(
            pixels, (at[0] + x * size * ratio, at[1] + 0.45 * size), 0.22 * size, mix(colour, (0, 0, 0), 0.4)
        )
    for puff in range(int(sheet.rng.integers(3, 7))):
        place = (at[0] + (0.6 - 0.35 * puff) * size * ratio, at[1] - (0.9 + 0.15 * puff) * size)
        disc(pixels, place, (0.15 + 0.06 * puff) * size, mix(colour, sheet.palette.ground, 0.4 + 0.08 * puff))


def violin(sheet: Sheet, pixels: Pixels, at: tuple[float, float], size: float, colour: Colour) -> None:
    """A stringed instrument, upright."""
    body = [
        (0, -0.2),
        (0.4, -0.1),
        (0.25, 0.3),
        (0.6, 0.7),
        (0, 1.0),
        (-0.6, 0.7),
        (-0.25, 0.3),
        (-0.4, -0.1),
    ]
    _shape(sheet, pixels, at, size, rounded(body), colour)
    neck = mix(colour, (0, 0, 0), 0.5)
    _shape(sheet, pixels, at, size, [(-0.06, -1.0), (0.06, -1.0), (0.06, 0.4), (-0.06, 0.4)], neck)
    disc(pixels, (at[0], at[1] + 0.42 * size), 0.12 * size, neck)


THINGS: tuple[Thing, ...] = (
    bird, boat, house, tree, fish, key, moon, cup, cat, star, leaf, figure, train, violin,
)  # fmt: skip
