"""Random fields: what clouds, stone, paper and light are made of. They look the same at any resolution."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from cv2.typing import MatLike

from recto_lab.synthetic.types import Colour, Pixels, Plane

_GRAIN_SIDE = 512


def fractal(
    rng: np.random.Generator,
    height: int,
    width: int,
    *,
    cells: tuple[int, int] = (4, 4),
    octaves: int = 6,
    gain: float = 0.5,
) -> Plane:
    """Fractal value noise, (height, width) float32 in 0 to 1. `cells`: rows and columns of the coarsest grid.

    Each octave is added at its own small size and the sum is enlarged, so the cost is that of one resize.
    """
    rows, columns = cells
    # A stream of its own: how many octaves are drawn depends on the resolution, what comes after must not.
    rng = np.random.default_rng(int(rng.integers(1 << 62)))
    field = rng.random((rows + 1, columns + 1), dtype=np.float32)
    amplitude = 1.0
    for _ in range(octaves - 1):
        if rows >= height or columns >= width:
            # Finer detail than the pixels would not be seen.
            break
        rows, columns = rows * 2, columns * 2
        amplitude *= gain
        field = np.asarray(
            cv2.resize(field, (columns + 1, rows + 1), interpolation=cv2.INTER_CUBIC), np.float32
        )
        field += amplitude * rng.random((rows + 1, columns + 1), dtype=np.float32)
    field = np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    return stretched(field)


def stretched(field: Plane) -> Plane:
    """The field scaled to fill 0 to 1."""
    low, high = float(field.min()), float(field.max())
    return np.asarray((field - low) * (1.0 / max(high - low, 1e-6)), np.float32)


@cache
def _grain_tile() -> Plane:
    rng = np.random.default_rng(20_231)
    return np.asarray(rng.standard_normal((_GRAIN_SIDE, _GRAIN_SIDE), dtype=np.float32))


def grain(rng: np.random.Generator, height: int, width: int) -> Plane:
    """Gaussian noise of unit variance, cut at a random place from one tile, which is cheaper than drawing it."""
    tile = _grain_tile()
    down, right = (int(part) for part in rng.integers(0, _GRAIN_SIDE, 2))
    rows = np.arange(down, down + height) % _GRAIN_SIDE
    columns = np.arange(right, right + width) % _GRAIN_SIDE
    return np.asarray(tile[rows][:, columns])


def grid(height: int, width: int) -> tuple[Plane, Plane]:
    """x and y of every pixel, both in units of the height, so that circles are round."""
    x = (np.arange(width, dtype=np.float32) + 0.5) / height
    y = (np.arange(height, dtype=np.float32) + 0.5) / height
    return np.broadcast_to(x, (height, width)), np.broadcast_to(y[:, None], (height, width))


def colour_map(field: Plane, colours: list[Colour] | tuple[Colour, ...]) -> Pixels:
    """The field (0 to 1) through a ramp of colours, (height, width, 3)."""
    stops = np.linspace(0, 255, len(colours))
    ramp = np.stack([np.interp(np.arange(256), stops, [c[k] for c in colours]) for k in range(3)], axis=1)
    levels = np.clip(field * 255.0, 0, 255).astype(np.uint8)
    return np.asarray(np.take(ramp.astype(np.uint8), levels, axis=0))


def as_mask(stencil: MatLike) -> Plane:
    """The first channel of a stencil, (height, width, 3) of 0 to 255, as shares of 0 to 1."""
    return np.asarray(stencil[..., 0], np.float32) * np.float32(1 / 255)


def blend(under: Pixels, over: Pixels, mask: Plane) -> Pixels:
    """`over` where `mask` is 1, `under` where it is 0."""
    return np.asarray(cv2.blendLinear(over, under, mask, 1.0 - mask), np.uint8)


def lit(height_field: Plane, strength: float, angle: float) -> Plane:
    """Relief shading of a height field by light from `angle` (radians): 1 where flat, 0 to 2 elsewhere."""
    slope_x = cv2.Sobel(height_field, cv2.CV_32F, 1, 0, ksize=3)
    slope_y = cv2.Sobel(height_field, cv2.CV_32F, 0, 1, ksize=3)
    # Slopes are taken over pixels; times the height they are the same at any resolution.
    scale = strength * height_field.shape[0] / 8.0
    slope = np.cos(angle) * slope_x + np.sin(angle) * slope_y
    return np.asarray(np.clip(1.0 + scale * slope, 0.0, 2.0), np.float32)


def shaded(pixels: Pixels, light: Plane) -> Pixels:
    """Colours times light, clipped."""
    return np.asarray(np.clip(pixels * light[..., None], 0, 255), np.uint8)
