"""What light does to the photo: unevenness, shadows, glare."""

from __future__ import annotations

import cv2
import numpy as np

from recto_lab.synthetic.noise import fractal
from recto_lab.synthetic.photo.geometry import Corners
from recto_lab.synthetic.types import Pixels, Plane

_COARSE = 8  # light is smooth: its fields are drawn at an eighth of the size


def _enlarged(field: Plane, pixels: Pixels) -> Plane:
    size = (pixels.shape[1], pixels.shape[0])
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _coarse_grid(pixels: Pixels) -> tuple[Plane, Plane]:
    high, wide = -(-pixels.shape[0] // _COARSE), -(-pixels.shape[1] // _COARSE)
    rows, columns = np.mgrid[0:high, 0:wide].astype(np.float32)
    return columns * _COARSE, rows * _COARSE


def illumination(rng: np.random.Generator, pixels: Pixels, uneven: float, shadow: float) -> Plane:
    """Light of every pixel, about 1: a lamp to one side and, with chance `shadow`, a hand's or phone's shadow."""
    x, y = _coarse_grid(pixels)
    longest = max(pixels.shape[:2])
    lamp = rng.uniform(-0.3, 1.3, 2) * longest
    distance = ((x - lamp[0]) ** 2 + (y - lamp[1]) ** 2) / longest**2
    light = 1.0 / (1.0 + uneven * float(rng.uniform(0, 2.5)) * distance)
    light = light / light.mean()
    if rng.random() < shadow:
        angle, place = float(rng.uniform(0, 6.2832)), rng.uniform(0.2, 0.8, 2)
        along = np.cos(angle) * (x - place[0] * pixels.shape[1]) + np.sin(angle) * (
            y - place[1] * pixels.shape[0]
        )
        bend = fractal(rng, *x.shape, cells=(1, 1), octaves=2) * float(rng.uniform(0, 0.5)) * longest
        edge = np.clip((along + bend) / (longest * float(rng.uniform(0.04, 0.3))), 0, 1)
        light = light * (1 - float(rng.uniform(0.2, 0.6)) * edge)
    return _enlarged(light.astype(np.float32), pixels)


def glare(rng: np.random.Generator, pixels: Pixels, corners: Corners) -> Plane:
    """Light mirrored by the gloss of the cover, 0 to 1: a spot or a streak somewhere on it."""
    x, y = _coarse_grid(pixels)
    weights = rng.dirichlet(np.ones(4))
    centre = weights @ corners
    reach = float(np.linalg.norm(corners[0] - corners[2]))
    angle = float(rng.uniform(0, 3.1416))
    long, short = reach * float(rng.uniform(0.04, 0.35)), reach * float(rng.uniform(0.02, 0.12))
    across = np.cos(angle) * (x - centre[0]) + np.sin(angle) * (y - centre[1])
    down = np.cos(angle) * (y - centre[1]) - np.sin(angle) * (x - centre[0])
    rough = 0.7 + 0.6 * fractal(rng, *x.shape, cells=(4, 4), octaves=3)
    spot = float(rng.uniform(0.4, 1.6)) * rough * np.exp(-((across / long) ** 2) - (down / short) ** 2)
    return _enlarged(np.clip(spot, 0, 1).astype(np.float32), pixels)


def gloss(rng: np.random.Generator, pixels: Pixels) -> Plane:
    """A faint reflection of window, lamp or room over the whole cover, 0 to 0.5: streaks and patches."""
    x, _ = _coarse_grid(pixels)
    cells = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    field = fractal(rng, *x.shape, cells=cells, octaves=3, gain=0.4)
    veil = np.clip((field - float(rng.uniform(0.3, 0.6))) * float(rng.uniform(1, 6)), 0, 1)
    return _enlarged((veil * float(rng.uniform(0.1, 0.5))).astype(np.float32), pixels)
