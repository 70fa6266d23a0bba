"""Artworks of surfaces and hands: cells, weaves, handwriting, brush work, food on a plate, fire."""

from __future__ import annotations

import cv2
import numpy as np

from recto_lab.synthetic.art.photographic import sphere, warped
from recto_lab.synthetic.noise import colour_map, fractal, grid, lit, shaded
from recto_lab.synthetic.paint import Sheet, disc, ellipse, line, polygon
from recto_lab.synthetic.palette import mix
from recto_lab.synthetic.types import Pixels


def cells(sheet: Sheet) -> Pixels:
    """Stained glass, giraffe or mosaic: nearest-point cells with joints between them."""
    number = int(sheet.rng.integers(20, 300))
    seeds = np.full((sheet.height, sheet.width), 255, np.uint8)
    places = (sheet.rng.random((number, 2)) * (sheet.height, sheet.width)).astype(int)
    seeds[places[:, 0], places[:, 1]] = 0
    far, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    # The labels are numbered row by row, which changes with the resolution: each gets the colour of its point.
    colours = np.zeros((number + 1, 3), np.float32)
    colours[np.asarray(labels)[places[:, 0], places[:, 1]]] = [sheet.colour() for _ in range(number)]
    pixels = colours[np.asarray(labels)]
    if sheet.chance(0.6):
        depth = sheet.between(0.3, 1.2) * np.sqrt(number) / sheet.height
        pixels = pixels * np.clip(1.25 - depth * np.asarray(far), 0, 1.2)[..., None]
    joints = (
        cv2.morphologyEx(np.asarray(labels, np.float32), cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    )
    pixels[joints] = sheet.palette.ink if sheet.chance(0.5) else sheet.palette.ground
    return np.asarray(np.clip(pixels, 0, 255), np.uint8)


def tartan(sheet: Sheet) -> Pixels:
    """Woven checks."""
    x, y = grid(sheet.height, sheet.width)
    colours = np.array([sheet.palette.ground, *(sheet.colour() for _ in range(5))], np.float32)
    order = sheet.rng.integers(0, 6, 16)
    repeats = sheet.between(6, 40)
    down = colours[order[(y * repeats).astype(np.int32) % 16]]
    across = colours[order[(x * repeats).astype(np.int32) % 16]]
    twill = np.sin((x + y) * 6.2832 * sheet.between(60, 140))[..., None] > 0
    return np.asarray(np.where(twill, down, across) * 0.8 + (down + across) * 0.1).astype(np.uint8)


def handwriting(sheet: Sheet) -> Pixels:
    """A page of a manuscript, or a score with its staves."""
    stain = fractal(sheet.rng, sheet.height, sheet.width, cells=(3, 3), octaves=7, gain=0.6)
    paper = mix(sheet.palette.ground, (240, 228, 196), 0.6)
    pixels = colour_map(stain, (mix(paper, (110, 80, 40), 0.4), paper, mix(paper, (255, 255, 255), 0.3)))
    ink = mix(sheet.colour(), (40, 28, 20), 0.7)
    music = sheet.chance(0.3)
    step = sheet.between(0.028, 0.07)
    for top in np.arange(0.05, 1.0, step * (2.2 if music else 1.0)):
        if music:
            _stave(sheet, pixels, float(top), step, ink)
        else:
            _written_line(sheet, pixels, float(top), step, ink)
    return pixels


def _written_line(sheet: Sheet, pixels: Pixels, top: float, step: float, ink: tuple[int, int, int]) -> None:
    number = int(sheet.rng.integers(90, 160))
    phase = np.cumsum(sheet.rng.uniform(0.5, 1.4, number))
    x = np.linspace(0.06, sheet.between(0.6, 0.96), number) + 0.006 * np.sin(phase * 1.7)
    tall = np.where(sheet.rng.random(number) < 0.12, 1.0, 0.3)
    y = top + step * 0.32 * tall * np.sin(phase * 2.1)
    line(pixels, np.stack([x, y], axis=1), ink, 0.002)


def _stave(sheet: Sheet, pixels: Pixels, top: float, step: float, ink: tuple[int, int, int]) -> None:
    for number in range(5):
        level = top + number * step / 4
        line(pixels, [(0.05, level), (0.95, level)], ink, 0.001)
    for x in np.arange(0.1, 0.93, sheet.between(0.03, 0.08)):
        level = top + step * sheet.between(-0.1, 1.1)
        ellipse(pixels, (float(x), level), (step / 6, step / 8), -20, ink)
        line(pixels, [(x + 0.01, level), (x + 0.01, level - 0.7 * step)], ink, 0.002)


def brushwork(sheet: Sheet) -> Pixels:
    """Broad strokes of a dry brush."""
    pixels = sheet.blank(sheet.palette.ground)
    bristles = fractal(sheet.rng, sheet.height, sheet.width, cells=(3, 60), octaves=3, gain=0.8)
    for _ in range(int(sheet.rng.integers(3, 14))):
        over = pixels.copy()
        start, turn = sheet.rng.random(2), sheet.between(-0.6, 0.6)
        drift = 0.18 * np.array([np.cos(turn), np.sin(turn)])
        steps = np.cumsum(sheet.rng.normal(0, 0.12, (5, 2)) + drift, axis=0)
        line(over, start + steps - steps.mean(axis=0), sheet.colour(), sheet.between(0.03, 0.2))
        keep = bristles > sheet.between(0.1, 0.5)
        pixels[keep] = over[keep]
    return shaded(pixels, 0.85 + 0.3 * bristles)


def plate(sheet: Sheet) -> Pixels:
    """Food on a plate from above, as on cookery books."""
    cloth = fractal(sheet.rng, sheet.height, sheet.width, cells=(20, 20), octaves=4, gain=0.7)
    pixels = colour_map(cloth, (mix(sheet.palette.ground, (60, 50, 40), 0.4), sheet.palette.ground))
    centre, radius = (sheet.between(0.4, 0.6), sheet.between(0.4, 0.65)), sheet.between(0.2, 0.32)
    disc(
        pixels,
        (centre[0] + 0.02, centre[1] + 0.015),
        radius * 1.03,
        mix(sheet.palette.ground, (0, 0, 0), 0.6),
    )
    china = mix((250, 250, 246), sheet.colour(), sheet.between(0, 0.2))
    for share, light in ((1.0, 0.0), (0.97, 0.06), (0.72, 0.12), (0.7, 0.03)):
        disc(pixels, centre, radius * share, mix(china, (90, 85, 80), light))
    ratio = sheet.height / sheet.width
    for _ in range(int(sheet.rng.integers(4, 11))):
        angle, far = sheet.between(0, 6.3), radius * sheet.between(0, 0.5)
        place = (centre[0] + far * float(np.cos(angle)) * ratio, centre[1] + far * float(np.sin(angle)))
        pixels = sphere(sheet, pixels, place, radius * sheet.between(0.12, 0.3), sheet.colour(), 4.0)
    for _ in range(int(sheet.rng.integers(0, 20))):
        angle, far = sheet.between(0, 6.3), radius * sheet.between(0, 0.6)
        place = (centre[0] + far * float(np.cos(angle)) * ratio, centre[1] + far * float(np.sin(angle)))
        ellipse(pixels, place, (0.025, 0.01), sheet.between(0, 180), mix(sheet.colour(), (50, 110, 40), 0.7))
    return pixels


def fire(sheet: Sheet) -> Pixels:
    """Flames, or an aurora: noise drawn out upwards."""
    rows, columns = int(sheet.rng.integers(1, 3)), int(sheet.rng.integers(4, 12))
    field = fractal(sheet.rng, sheet.height, sheet.width, cells=(rows, columns), octaves=6, gain=0.55)
    field = np.asarray(0.6 * field + 0.4 * warped(sheet, 0.15, 4), np.float32)
    _, y = grid(sheet.height, sheet.width)
    heat = np.clip(field * (0.25 + 1.1 * (y if sheet.chance(0.7) else 1 - y)), 0, 1)
    ember = sheet.colour()
    ramp = ((6, 4, 8), mix(ember, (40, 0, 0), 0.6), ember, mix(ember, (255, 230, 140), 0.7), (255, 252, 235))
    return colour_map(np.asarray(heat, np.float32), ramp)


def folds(sheet: Sheet) -> Pixels:
    """A curtain or a dress: deep folds that bend."""
    x, y = grid(sheet.height, sheet.width)
    bend = fractal(sheet.rng, sheet.height, sheet.width, cells=(2, 2), octaves=3, gain=0.4)
    phase = x * sheet.between(3, 12) + bend * sheet.between(1, 4) + y * sheet.between(-1.5, 1.5)
    depth = np.abs((phase % 2.0) - 1.0) ** sheet.between(0.6, 1.6)
    cloth = colour_map(
        np.asarray(depth, np.float32),
        (mix(sheet.colour(), (0, 0, 0), 0.75), sheet.colour(), mix(sheet.colour(), (255, 255, 255), 0.4)),
    )
    thread = fractal(sheet.rng, sheet.height, sheet.width, cells=(60, 60), octaves=2)
    return shaded(cloth, 0.8 + 0.4 * thread)


def crystals(sheet: Sheet) -> Pixels:
    """Shards that catch light: many translucent triangles."""
    base = fractal(sheet.rng, sheet.height, sheet.width, cells=(2, 2), octaves=4)
    pixels = colour_map(base, (sheet.palette.ground, sheet.colour()))
    for _ in range(int(sheet.rng.integers(8, 40))):
        layer = pixels.copy()
        centre, reach = sheet.rng.random(2), sheet.between(0.08, 0.5)
        corners = centre + sheet.rng.normal(0, reach, (3, 2))
        polygon(layer, corners, mix(sheet.colour(), (255, 255, 255), sheet.between(0, 0.4)))
        share = sheet.between(0.2, 0.7)
        pixels = np.asarray(cv2.addWeighted(layer, share, pixels, 1 - share, 0), np.uint8)
    return pixels


def wall(sheet: Sheet) -> Pixels:
    """Bricks, planks or shingles under raking light."""
    x, y = grid(sheet.height, sheet.width)
    rows, wide = sheet.between(8, 30), sheet.between(1.0, 5.0)
    row = np.floor(y * rows)
    column = np.floor(x * rows / wide + 0.5 * (row % 2))
    tone = np.sin(row * 12.9898 + column * 78.233) * 43758.5453
    tone = np.asarray(tone - np.floor(tone), np.float32)
    rough = fractal(sheet.rng, sheet.height, sheet.width, cells=(10, 10), octaves=6, gain=0.7)
    edge = np.minimum((y * rows) % 1.0, ((x * rows / wide + 0.5 * (row % 2)) % 1.0) * wide)
    relief = np.asarray(np.clip(edge * 6, 0, 1) * 0.6 + 0.4 * rough, np.float32)
    base = colour_map(0.6 * tone + 0.4 * rough, (mix(sheet.colour(), (60, 40, 30), 0.6), sheet.colour()))
    return shaded(base, 0.25 + 0.75 * lit(relief, 0.25, sheet.between(0, 6.3)))
