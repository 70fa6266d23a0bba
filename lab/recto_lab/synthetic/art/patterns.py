"""Abstract artworks: geometry, tilings, stripes, marbling, maps."""

from __future__ import annotations

import cv2
import numpy as np

from recto_lab.synthetic.art.photographic import warped
from recto_lab.synthetic.noise import colour_map, fractal, grid, lit, shaded
from recto_lab.synthetic.paint import Sheet, box, disc, line, polygon, rounded
from recto_lab.synthetic.palette import mix
from recto_lab.synthetic.types import Pixels


def stripes(sheet: Sheet) -> Pixels:
    """Parallel bands at an angle, of several widths."""
    x, y = grid(sheet.height, sheet.width)
    angle = sheet.between(0, 3.14) if sheet.chance(0.6) else 1.5708 * int(sheet.rng.integers(2))
    along = np.cos(angle) * x + np.sin(angle) * y
    if sheet.chance(0.4):
        along = along + sheet.between(0.01, 0.08) * np.sin(
            sheet.between(5, 25) * (np.cos(angle) * y - np.sin(angle) * x)
        )
    colours = np.array([sheet.palette.ground, *(sheet.colour() for _ in range(7))], np.uint8)
    order = sheet.rng.integers(0, 8, 64)
    bands = (along * sheet.between(4, 28)).astype(np.int32) % 64
    return np.asarray(colours[order[bands]])


def rings(sheet: Sheet) -> Pixels:
    """Concentric circles, sometimes several families of them."""
    pixels = sheet.blank(sheet.palette.ground)
    for _ in range(int(sheet.rng.integers(1, 9))):
        centre = sheet.between(0, 1), sheet.between(0, 1)
        radius, step = sheet.between(0.08, 0.5), sheet.between(0.012, 0.06)
        for number, size in enumerate(np.arange(radius, 0, -step)):
            disc(pixels, centre, float(size), sheet.palette.accents[number % len(sheet.palette.accents)])
    return pixels


def tiles(sheet: Sheet) -> Pixels:
    """A grid whose cells hold quarter discs, triangles, squares and arcs (Truchet tiles)."""
    pixels = sheet.blank(sheet.palette.ground)
    columns = int(sheet.rng.integers(3, 10))
    rows = max(2, round(columns * sheet.height / sheet.width))
    wide, high = 1 / columns, 1 / rows
    kinds = sheet.rng.choice(5, size=int(sheet.rng.integers(1, 4)))
    for row in range(rows):
        for column in range(columns):
            left, top = column * wide, row * high
            box(
                pixels,
                left,
                top,
                left + wide,
                top + high,
                sheet.colour() if sheet.chance(0.6) else sheet.palette.ground,
            )
            _tile(sheet, pixels, left, top, wide, high, int(kinds[int(sheet.rng.integers(len(kinds)))]))
    return pixels


def _tile(sheet: Sheet, pixels: Pixels, left: float, top: float, wide: float, high: float, kind: int) -> None:
    colour = sheet.colour()
    corners = [(left, top), (left + wide, top), (left + wide, top + high), (left, top + high)]
    turn = int(sheet.rng.integers(4))
    corners = corners[turn:] + corners[:turn]
    if kind == 0:
        polygon(pixels, corners[:3], colour)
    elif kind == 1:
        quarter(pixels, corners[0], corners[1], corners[3], colour)
    elif kind == 2:
        disc(pixels, (left + wide / 2, top + high / 2), 0.36 * high, colour)
    elif kind == 3:
        line(pixels, [corners[0], corners[2]], colour, 0.2 * high)
    else:
        box(pixels, left + 0.25 * wide, top + 0.25 * high, left + 0.75 * wide, top + 0.75 * high, colour)


def quarter(
    pixels: Pixels,
    corner: tuple[float, float],
    first: tuple[float, float],
    last: tuple[float, float],
    colour: tuple[int, int, int],
) -> None:
    """A quarter disc in a cell: its corner and the two neighbouring corners."""
    t = np.linspace(0, np.pi / 2, 12)[:, None]
    start, along, down = (np.asarray(point) for point in (corner, first, last))
    arc = start + np.cos(t) * (along - start) + np.sin(t) * (down - start)
    polygon(pixels, np.concatenate([start[None], arc]), colour)


def facets(sheet: Sheet) -> Pixels:
    """Triangles over random points, coloured by a smooth field (low polygon style)."""
    columns = int(sheet.rng.integers(3, 9))
    rows = max(1, round(columns * sheet.height / sheet.width))
    jitter = sheet.rng.uniform(-0.35, 0.35, (rows + 3, columns + 3, 2))
    field = fractal(sheet.rng, rows + 3, columns + 3, cells=(2, 2), octaves=2)
    ramp = colour_map(field, (sheet.palette.ground, sheet.colour(), sheet.colour()))
    pixels = sheet.blank(sheet.palette.ground)
    grid_y, grid_x = np.mgrid[-1 : rows + 2, -1 : columns + 2]
    points = np.stack([(grid_x + jitter[..., 0]) / columns, (grid_y + jitter[..., 1]) / rows], axis=-1)
    for row in range(rows + 2):
        for column in range(columns + 2):
            corners = (
                points[row, column],
                points[row, column + 1],
                points[row + 1, column + 1],
                points[row + 1, column],
            )
            red, green, blue = (int(part) for part in ramp[row, column])
            colour = (red, green, blue)
            polygon(pixels, corners[:3], mix(colour, (255, 255, 255), sheet.between(0, 0.25)))
            polygon(pixels, (corners[0], *corners[2:]), mix(colour, (0, 0, 0), sheet.between(0, 0.25)))
    return pixels


def blocks(sheet: Sheet) -> Pixels:
    """Rectangles split again and again (after De Stijl)."""
    pixels = sheet.blank(sheet.palette.ground)
    bar = sheet.between(0.0, 0.014)
    stack = [(0.0, 0.0, 1.0, 1.0, 0)]
    while stack:
        left, top, right, bottom, depth = stack.pop()
        if depth < 6 and (depth < 2 or sheet.chance(0.75)) and (right - left) * (bottom - top) > 0.01:
            cut = sheet.between(0.25, 0.75)
            if (right - left) * 0.7 > (bottom - top):
                middle = left + cut * (right - left)
                stack += [(left, top, middle, bottom, depth + 1), (middle, top, right, bottom, depth + 1)]
            else:
                middle = top + cut * (bottom - top)
                stack += [(left, top, right, middle, depth + 1), (left, middle, right, bottom, depth + 1)]
            continue
        if sheet.chance(0.7):
            box(pixels, left, top, right, bottom, sheet.colour())
        if bar:
            frame = [(left, top), (right, top), (right, bottom), (left, bottom)]
            line(pixels, frame, sheet.palette.ink, bar, closed=True)
    return pixels


def confetti(sheet: Sheet) -> Pixels:
    """Scattered discs, rings, bars, triangles and blobs."""
    pixels = sheet.blank(sheet.palette.ground)
    size = sheet.between(0.02, 0.14)
    for _ in range(int(sheet.rng.integers(8, 90))):
        x, y, reach = sheet.between(0, 1), sheet.between(0, 1), size * sheet.between(0.4, 1.5)
        kind = int(sheet.rng.integers(5))
        angles = sheet.between(0, 6.3) + np.sort(sheet.rng.uniform(0, 6.28, 3 if kind == 2 else 7))
        around = [(x + 1.4 * reach * float(np.cos(a)), y + reach * float(np.sin(a))) for a in angles]
        if kind < 2:
            disc(pixels, (x, y), 0.6 * reach, sheet.colour(), 0.15 * reach if kind else 0.0)
        elif kind == 2:
            polygon(pixels, around, sheet.colour())
        elif kind == 3:
            line(pixels, [around[0], around[3]], sheet.colour(), 0.15 * reach)
        else:
            polygon(pixels, rounded(around), sheet.colour())
    return pixels


def marbling(sheet: Sheet) -> Pixels:
    """Marbled end paper: many contours of displaced noise."""
    field = warped(sheet, sheet.between(0.1, 0.4), int(sheet.rng.integers(2, 6)))
    colours = [sheet.palette.ground, *(sheet.colour() for _ in range(3)), sheet.palette.ground]
    repeats = sheet.between(2, 9)
    return colour_map(np.asarray((field * repeats) % 1.0, np.float32), colours)


def chart(sheet: Sheet) -> Pixels:
    """A map: sea, land, contours, roads, towns, a graticule."""
    field = fractal(sheet.rng, sheet.height, sheet.width, cells=(3, 2), octaves=7, gain=0.5)
    sea, land = mix(sheet.colour(), (200, 220, 225), 0.6), mix(sheet.palette.ground, (235, 225, 195), 0.6)
    level = sheet.between(0.35, 0.6)
    pixels = np.where((field > level)[..., None], np.array(land, np.uint8), np.array(sea, np.uint8))
    pixels = shaded(pixels, 0.4 + 0.6 * lit(field, 0.2, 0.8))
    steps = (field * sheet.between(8, 30)).astype(np.uint8)
    edges = cv2.morphologyEx(steps, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    pixels[edges] = mix(sheet.colour(), (90, 60, 40), 0.5)
    for _ in range(int(sheet.rng.integers(2, 8))):
        road = np.cumsum(sheet.rng.normal(0, 0.08, (9, 2)), axis=0) + sheet.rng.random(2)
        line(
            pixels,
            rounded([(float(a), float(b)) for a, b in road]),
            sheet.colour(),
            sheet.between(0.003, 0.01),
        )
    for number in range(1, int(sheet.rng.integers(3, 8))):
        line(pixels, [(number / 7, 0), (number / 7 + 0.05, 1)], mix(land, (60, 60, 60), 0.5), 0.001)
        line(pixels, [(0, number / 7), (1, number / 7 + 0.03)], mix(land, (60, 60, 60), 0.5), 0.001)
        disc(pixels, (sheet.between(0, 1), sheet.between(0, 1)), 0.008, sheet.palette.ink)
    return pixels


def waves(sheet: Sheet) -> Pixels:
    """Op-art: lines bent by a field."""
    x, y = grid(sheet.height, sheet.width)
    field = fractal(sheet.rng, sheet.height, sheet.width, cells=(2, 2), octaves=2)
    phase = (x if sheet.chance(0.5) else y) * sheet.between(15, 60) + field * sheet.between(4, 20)
    tone = np.clip(0.5 + sheet.height / 120 * np.sin(phase * 6.2832 / 3), 0, 1)
    return colour_map(np.asarray(tone, np.float32), (sheet.palette.ground, sheet.palette.ink2))


def rosette(sheet: Sheet) -> Pixels:
    """A pattern with mirror and turning symmetry (damask, mandala, kaleidoscope)."""
    x, y = grid(sheet.height, sheet.width)
    dx, dy = x - sheet.width / sheet.height / 2, y - sheet.between(0.4, 0.6)
    radius, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    fold = int(sheet.rng.integers(3, 13))
    wedge = np.abs((angle * fold / 3.1416) % 2.0 - 1.0)
    side = 256
    field = fractal(sheet.rng, side, side, cells=(5, 3), octaves=3)
    spread = sheet.between(150, 420)
    across, down = (
        (wedge * (side - 1)).astype(np.float32),
        ((radius * spread) % (2 * side)).astype(np.float32),
    )
    looked = cv2.remap(field, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    tone = np.asarray((looked * sheet.between(2, 5)) % 1.0, np.float32)
    return colour_map(tone, [sheet.palette.ground, *(sheet.colour() for _ in range(3))])
