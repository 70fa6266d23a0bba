"""Artworks that look photographed: continuous tones, light, depth, grain."""

from __future__ import annotations

import cv2
import numpy as np

from recto_lab.synthetic.noise import as_mask, blend, colour_map, fractal, grid, lit, shaded, stretched
from recto_lab.synthetic.paint import Sheet, disc, ellipse, polygon
from recto_lab.synthetic.palette import mix
from recto_lab.synthetic.types import Colour, Pixels, Plane

_SKIES: tuple[tuple[Colour, ...], ...] = (
    ((28, 60, 120), (110, 160, 210), (225, 230, 235)),
    ((40, 20, 60), (190, 70, 60), (250, 190, 90)),
    ((60, 70, 85), (140, 150, 160), (205, 205, 200)),
    ((10, 12, 30), (25, 40, 80), (90, 110, 140)),
    ((120, 170, 190), (220, 220, 200), (250, 230, 190)),
    ((90, 40, 80), (230, 130, 120), (255, 220, 170)),
    ((20, 70, 80), (90, 160, 150), (230, 235, 200)),
)


def _sky_colours(sheet: Sheet) -> tuple[Colour, ...]:
    if sheet.chance(0.3):
        return (sheet.palette.ground, sheet.colour(), mix(sheet.colour(), (255, 245, 225), 0.6))
    return _SKIES[int(sheet.rng.integers(len(_SKIES)))]


def sky(sheet: Sheet) -> Pixels:
    """A gradient with clouds lit from one side and sometimes a sun or moon."""
    _, y = grid(sheet.height, sheet.width)
    pixels = colour_map(y ** sheet.between(0.6, 1.8), _sky_colours(sheet))
    rows = int(sheet.rng.integers(2, 7))
    clouds = fractal(
        sheet.rng, sheet.height, sheet.width, cells=(rows, max(1, rows // 2)), octaves=7, gain=0.55
    )
    if sheet.chance(0.5):
        _glow(sheet, pixels)
    cover = sheet.between(0.35, 0.6)
    mask = np.clip((clouds - cover) * sheet.between(2.5, 6.0), 0, sheet.between(0.6, 1.0)).astype(np.float32)
    light = lit(clouds, sheet.between(0.1, 0.45), sheet.between(0, 6.3))
    tint = mix((245, 240, 235), sheet.colour(), sheet.between(0, 0.35))
    return blend(pixels, shaded(sheet.blank(tint), light * sheet.between(0.7, 1.0)), mask)


def _glow(sheet: Sheet, pixels: Pixels) -> None:
    x, y = grid(sheet.height, sheet.width)
    centre = sheet.between(0.1, 0.9) * sheet.width / sheet.height, sheet.between(0.1, 0.7)
    distance = np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2)
    radius = sheet.between(0.03, 0.16)
    halo = np.clip(np.exp(-distance / (2.5 * radius)) * 0.8 + (distance < radius), 0, 1)
    pixels[:] = blend(pixels, sheet.blank(mix((255, 250, 225), sheet.colour(), 0.2)), halo.astype(np.float32))


def mountains(sheet: Sheet) -> Pixels:
    """Ridges behind ridges, paler with distance, under a sky; sometimes mirrored in a lake."""
    pixels = sky(sheet)
    ridges = int(sheet.rng.integers(2, 6))
    haze = _SKIES[int(sheet.rng.integers(len(_SKIES)))][1]
    near = mix(sheet.colour(), (15, 20, 22), 0.7)
    horizon = sheet.between(0.3, 0.65)
    _, y = grid(sheet.height, sheet.width)
    relief = lit(fractal(sheet.rng, sheet.height, sheet.width, cells=(9, 6), octaves=6, gain=0.7), 0.3, 0.6)
    for number in range(ridges):
        share = (number + 1) / ridges
        line = fractal(
            sheet.rng, 2, sheet.width, cells=(1, int(sheet.rng.integers(2, 6))), octaves=7, gain=0.45
        )[0]
        edge = horizon + share * (0.9 - horizon) - (line - 0.3) * sheet.between(0.12, 0.4)
        mask = np.clip((y - edge[None, :]) * sheet.height, 0, 1).astype(np.float32)
        pixels = blend(pixels, shaded(sheet.blank(mix(haze, near, share)), relief * 0.9), mask)
    if sheet.chance(0.3):
        pixels = _mirrored(sheet, pixels)
    return pixels


def _mirrored(sheet: Sheet, pixels: Pixels) -> Pixels:
    shore = round(sheet.height * sheet.between(0.55, 0.75))
    below = pixels[:shore][::-1][: sheet.height - shore].astype(np.float32)
    ripples = fractal(sheet.rng, below.shape[0], sheet.width, cells=(30, 2), octaves=3)
    below = cv2.GaussianBlur(below, (0, 0), max(0.6, sheet.height / 300)) * (0.6 + 0.4 * ripples[..., None])
    return np.concatenate([pixels[:shore], below.astype(np.uint8)])[: sheet.height]


def sea(sheet: Sheet) -> Pixels:
    """Water to the horizon, with a path of light."""
    pixels = sky(sheet)
    shore = round(sheet.height * sheet.between(0.3, 0.7))
    deep = mix(sheet.colour(), (10, 40, 60), 0.7)
    x, y = grid(sheet.height - shore, sheet.width)
    waves = fractal(sheet.rng, sheet.height - shore, sheet.width, cells=(12, 3), octaves=5, gain=0.75)
    far = fractal(sheet.rng, sheet.height - shore, sheet.width, cells=(40, 5), octaves=3, gain=0.7)
    waves = stretched(np.asarray(waves * (0.3 + y) + far * np.clip(1 - 2 * y, 0, 1), np.float32))
    centre = sheet.between(0.2, 0.8) * x.max()
    path = np.exp(-(((x - centre) / (0.1 + 0.5 * y)) ** 2)) * sheet.between(0, 0.7)
    water = colour_map(
        np.clip(0.75 * waves + path * waves, 0, 1), (mix(deep, (0, 0, 0), 0.5), deep, (250, 245, 230))
    )
    pixels[shore:] = water
    return pixels


def nebula(sheet: Sheet) -> Pixels:
    """Stars and coloured gas."""
    first = fractal(sheet.rng, sheet.height, sheet.width, cells=(3, 2), octaves=7, gain=0.6)
    second = fractal(sheet.rng, sheet.height, sheet.width, cells=(4, 3), octaves=6, gain=0.55)
    ramp = (
        (4, 4, 14),
        mix(sheet.colour(), (5, 5, 20), 0.7),
        sheet.colour(),
        mix(sheet.colour(), (255, 255, 255), 0.6),
    )
    pixels = colour_map(np.clip(first * second * 2.0 - 0.25, 0, 1), ramp)
    for _ in range(int(sheet.rng.integers(40, 250))):
        bright = sheet.between(0.3, 1.0)
        size = 0.0008 + 0.004 * bright**8
        disc(
            pixels,
            (sheet.between(0, 1), sheet.between(0, 1)),
            size,
            mix(sheet.palette.ground, (255, 255, 250), bright),
        )
    if sheet.chance(0.4):
        _planet(sheet, pixels, sheet.between(0.1, 0.35))
    return pixels


def _planet(sheet: Sheet, pixels: Pixels, radius: float) -> None:
    centre = sheet.between(0.1, 0.9), sheet.between(0.15, 0.85)
    pixels[:] = sphere(sheet, pixels, centre, radius, sheet.colour(), sheet.between(2.2, 5.0))


def sphere(
    sheet: Sheet,
    pixels: Pixels,
    centre: tuple[float, float],
    radius: float,
    colour: Colour,
    light: float,
    ambient: float = 0.08,
) -> Pixels:
    """A ball lit from the direction `light` (radians), with a rough skin; radius as a fraction of the height."""
    x, y = grid(sheet.height, sheet.width)
    dx = (x - centre[0] * sheet.width / sheet.height) / radius
    dy = (y - centre[1]) / radius
    square = dx * dx + dy * dy
    dz = np.sqrt(np.clip(1 - square, 0, 1))
    lambert = np.clip(0.65 * (dx * np.cos(light) + dy * np.sin(light)) + 0.76 * dz, 0, 1)
    skin = fractal(sheet.rng, sheet.height, sheet.width, cells=(14, 10), octaves=5, gain=0.6)
    shade = ambient + lambert * (0.65 + 0.5 * skin) + 0.9 * lambert**40
    ball = np.clip(np.asarray(colour, np.float32) * shade[..., None], 0, 255).astype(np.uint8)
    mask = np.clip((1 - square) * radius * sheet.height * 0.5, 0, 1).astype(np.float32)
    return blend(pixels, ball, mask)


def still_life(sheet: Sheet) -> Pixels:
    """Fruit on a table before a wall, with shadows."""
    table = sheet.between(0.5, 0.75)
    wall = fractal(sheet.rng, sheet.height, sheet.width, cells=(3, 3), octaves=6)
    _, y = grid(sheet.height, sheet.width)
    dark = mix(sheet.palette.ground, (20, 15, 12), 0.5)
    pixels = colour_map(np.clip(0.7 * wall + 0.4 * (1 - y), 0, 1), (dark, mix(sheet.colour(), dark, 0.4)))
    wood = fractal(sheet.rng, sheet.height, sheet.width, cells=(40, 2), octaves=4, gain=0.6)
    board = colour_map(
        wood, (mix(sheet.colour(), (40, 25, 15), 0.7), mix(sheet.colour(), (150, 110, 70), 0.6))
    )
    pixels = blend(pixels, board, np.clip((y - table) * sheet.height, 0, 1).astype(np.float32))
    light = sheet.between(3.6, 5.8)
    places = sorted(
        (table + sheet.between(0.0, 0.14), sheet.between(0.15, 0.85))
        for _ in range(int(sheet.rng.integers(2, 7)))
    )
    for base, across in places:
        radius = sheet.between(0.06, 0.15)
        shadow = np.zeros((sheet.height, sheet.width, 3), np.uint8)
        ellipse(shadow, (across - 0.1 * np.cos(light), base), (1.3 * radius, 0.35 * radius), 0, (150, 0, 0))
        soft = as_mask(cv2.blur(shadow, (max(1, sheet.height // 30),) * 2))
        pixels = shaded(pixels, 1 - soft)
        pixels = sphere(sheet, pixels, (across, base - 0.8 * radius), radius, sheet.colour(), light)
    return pixels


def bokeh(sheet: Sheet) -> Pixels:
    """Lights out of focus."""
    field = fractal(sheet.rng, sheet.height, sheet.width, cells=(2, 2), octaves=3)
    dark = mix(sheet.palette.ground, (8, 8, 14), 0.75)
    total = colour_map(field, (dark, mix(sheet.colour(), dark, 0.5))).astype(np.float32)
    for size in (sheet.between(0.05, 0.12), sheet.between(0.02, 0.06)):
        layer = sheet.blank((0, 0, 0))
        for _ in range(int(sheet.rng.integers(6, 30))):
            glow = mix(sheet.colour(), (255, 240, 210), sheet.between(0, 0.6))
            dim = sheet.between(0.2, 0.8)
            centre = sheet.between(0, 1), sheet.between(0, 1)
            disc(layer, centre, size * sheet.between(0.7, 1.2), mix((0, 0, 0), glow, dim))
        width = max(1, round(size * sheet.height * 0.15))
        total += cv2.blur(layer, (width, width))
    return np.clip(total, 0, 255).astype(np.uint8)


def forest(sheet: Sheet) -> Pixels:
    """Trunks in fog."""
    fog = mix((215, 220, 215), sheet.colour(), sheet.between(0.1, 0.6))
    near = mix(sheet.colour(), (12, 18, 14), 0.85)
    field = fractal(sheet.rng, sheet.height, sheet.width, cells=(3, 2), octaves=5)
    pixels = colour_map(field, (mix(fog, near, 0.2), fog))
    layers = int(sheet.rng.integers(3, 6))
    for layer in range(layers):
        share = (layer + 1) / layers
        colour = mix(fog, near, share**1.5)
        for _ in range(int(sheet.rng.integers(3, 12))):
            _trunk(sheet, pixels, sheet.between(-0.1, 1.1), 0.004 + 0.035 * share**2, colour)
    bark = fractal(sheet.rng, sheet.height, sheet.width, cells=(6, 40), octaves=4, gain=0.6)
    return shaded(pixels, 0.75 + 0.5 * bark)


def _trunk(sheet: Sheet, pixels: Pixels, x: float, thick: float, colour: Colour) -> None:
    lean = sheet.between(-0.06, 0.06)
    foot = sheet.between(0.85, 1.05)
    polygon(
        pixels,
        [(x - thick, foot), (x + thick, foot), (x + lean + thick * 0.6, 0), (x + lean - thick * 0.6, 0)],
        colour,
    )
    for _ in range(int(sheet.rng.integers(0, 6))):
        high = sheet.between(0.0, 0.7)
        side = sheet.between(-0.35, 0.35)
        root = x + lean * (1 - high)
        tip = (root + side, high - sheet.between(0.02, 0.25))
        polygon(pixels, [(root, high), (root, high + thick), tip], colour)


def smoke(sheet: Sheet) -> Pixels:
    """Ink in water: noise displaced by noise."""
    field = warped(sheet, sheet.between(0.1, 0.5), int(sheet.rng.integers(2, 5)))
    ends = (
        sheet.palette.ground,
        sheet.colour(),
        sheet.colour(),
        mix(sheet.palette.ground, sheet.palette.ink, 0.2),
    )
    return colour_map(field ** sheet.between(0.7, 1.6), ends)


def warped(sheet: Sheet, amount: float, cells: int) -> Plane:
    """Fractal noise whose coordinates are displaced by fractal noise (domain warping), 0 to 1."""
    high, wide = sheet.height, sheet.width
    base = fractal(sheet.rng, high, wide, cells=(cells, cells), octaves=6)
    across = fractal(sheet.rng, high, wide, cells=(cells, cells), octaves=4)
    down = fractal(sheet.rng, high, wide, cells=(cells, cells), octaves=4)
    columns, rows = np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32))
    shift_x, shift_y = (across - 0.5) * amount * high * 2, (down - 0.5) * amount * high * 2
    moved = cv2.remap(
        base, columns + shift_x, rows + shift_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(moved, np.float32)


def relief(sheet: Sheet) -> Pixels:
    """Stone, crumpled paper, cloth or bark under raking light."""
    rows, columns = int(sheet.rng.integers(2, 12)), int(sheet.rng.integers(2, 12))
    field = fractal(
        sheet.rng, sheet.height, sheet.width, cells=(rows, columns), octaves=7, gain=sheet.between(0.4, 0.7)
    )
    if sheet.chance(0.4):
        field = stretched(np.abs(field - 0.5))
    light = lit(field, sheet.between(0.15, 1.2), sheet.between(0, 6.3))
    base = colour_map(field, (mix(sheet.colour(), sheet.palette.ground, 0.5), sheet.palette.ground))
    return shaded(base, 0.2 + 0.8 * light)
