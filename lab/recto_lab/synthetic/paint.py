"""Shapes on pixels: anti-aliased, placed by fractions of the sheet, so that any resolution looks the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from recto_lab.synthetic.palette import Palette
from recto_lab.synthetic.types import Colour, Pixels

_SHIFT = 4  # sub-pixel bits of the coordinates that OpenCV draws at
_ONE = 1 << _SHIFT


@dataclass(frozen=True)
class Sheet:
    """What an artwork is drawn with: its random numbers, size in pixels and colours."""

    rng: np.random.Generator
    height: int
    width: int
    palette: Palette

    def colour(self) -> Colour:
        """One of the accents."""
        return self.palette.accents[int(self.rng.integers(len(self.palette.accents)))]

    def blank(self, colour: Colour) -> Pixels:
        """A sheet of one colour."""
        return np.full((self.height, self.width, 3), colour, np.uint8)

    def between(self, low: float, high: float) -> float:
        """A uniform random number."""
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        """True in `share` of the cases."""
        return bool(self.rng.random() < share)


def polygon(pixels: Pixels, points: ArrayLike, colour: Colour) -> None:
    """A filled polygon; points (n, 2) as fractions of width and height."""
    size = np.array([pixels.shape[1], pixels.shape[0]], np.float32)
    corners = np.round(np.asarray(points, np.float32) * size * _ONE).astype(np.int32)
    cv2.fillPoly(pixels, [corners], colour, cv2.LINE_AA, _SHIFT)


def line(
    pixels: Pixels, points: ArrayLike, colour: Colour, thickness: float, *, closed: bool = False
) -> None:
    """A polyline; points (n, 2) as fractions of width and height, thickness as a fraction of the height."""
    size = np.array([pixels.shape[1], pixels.shape[0]], np.float32)
    corners = np.round(np.asarray(points, np.float32) * size * _ONE).astype(np.int32)
    stroke = max(1, round(thickness * pixels.shape[0]))
    cv2.polylines(pixels, [corners], closed, colour, stroke, cv2.LINE_AA, _SHIFT)


def disc(
    pixels: Pixels, centre: tuple[float, float], radius: float, colour: Colour, ring: float = 0.0
) -> None:
    """A circle, or a ring of some width; centre as fractions of both sides, radius and ring of the height."""
    height, width = pixels.shape[:2]
    place = (round(centre[0] * width * _ONE), round(centre[1] * height * _ONE))
    stroke = max(1, round(ring * height)) if ring else -1
    cv2.circle(pixels, place, max(1, round(radius * height * _ONE)), colour, stroke, cv2.LINE_AA, _SHIFT)


def ellipse(
    pixels: Pixels, centre: tuple[float, float], axes: tuple[float, float], angle: float, colour: Colour
) -> None:
    """A filled ellipse; half axes as fractions of the height, angle in degrees."""
    height, width = pixels.shape[:2]
    place = (round(centre[0] * width * _ONE), round(centre[1] * height * _ONE))
    half = (max(1, round(axes[0] * height * _ONE)), max(1, round(axes[1] * height * _ONE)))
    cv2.ellipse(pixels, place, half, angle, 0, 360, colour, -1, cv2.LINE_AA, _SHIFT)


def box(pixels: Pixels, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    """A filled upright rectangle, in fractions of width and height."""
    height, width = pixels.shape[:2]
    pixels[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = colour


def rounded(points: Sequence[tuple[float, float]], steps: int = 8) -> list[tuple[float, float]]:
    """A closed curve through the midpoints of a polygon (quadratic B-spline), for soft shapes."""
    corners = np.asarray(points, np.float32)
    after, before = np.roll(corners, -1, axis=0), np.roll(corners, 1, axis=0)
    start, end = (before + corners) / 2, (corners + after) / 2
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[None, :, None]
    curve = (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * corners[:, None] + t**2 * end[:, None]
    return [(float(x), float(y)) for x, y in curve.reshape(-1, 2)]
