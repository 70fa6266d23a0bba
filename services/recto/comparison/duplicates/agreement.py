"""What of two aligned pictures agrees: structural similarity, weighed by where there is something to see."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from recto.features.verify import area, corners, project
from recto.vectors import RGB, Floats

SIDE = 320
"""Longest side in pixels at which pictures are compared. At 160 the number of a volume is too small to be seen: of the
best pair of two volumes (bench) .99 agrees instead of .80, and of copies as much as here."""
WINDOW = 7
"""Side of the window of structural similarity in pixels, a letter of a title."""
STEADY = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""Constants of Wang et al."""
AGREES = 0.5
"""Structural similarity from which a place agrees."""
FLAT = 4.0
"""Deviation of grey levels within a window below which there is nothing to see: grain of paper, traces of JPEG."""
COLOUR = 40.0
"""Largest difference of colour, in levels of 255 over the window, at a place that agrees."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """`overlap`: part of the smaller picture that both show; `seen`: part of that where there is something to see;
    `share`: part of what is to be seen that agrees; `apart`: the largest region that disagrees, a part of the overlap.
    """

    overlap: float
    seen: float
    share: float
    apart: float


def agreement(first: RGB, other: RGB, alignment: Matrix) -> Agreement:
    """Compare two RGB pictures; `alignment` (3, 3) maps the unit square of the other to that of the first.

    SSIM: Wang et al., IEEE TIP 2004, equation 13, with a square window and with colours; a place counts with the
    deviation of grey levels around it, the larger of both pictures.
    """
    shown = _shrink(first)
    height, width = shown.shape[:2]
    to_pixels = np.diag([width, height, 1.0]) @ alignment
    outline = project(to_pixels, corners(1, 1))
    warped, mask = _warp(other, to_pixels, outline, (width, height))
    if not mask.any():
        return Agreement(0.0, 0.0, 0.0, 1.0)
    similar, weight = _similarity(shown.astype(np.float32), _adjust(shown, warped, mask))
    weight = np.where(mask, weight, 0)
    smaller = min(abs(area(outline)), width * height)
    overlap = min(1.0, float(mask.sum() / max(smaller, 1.0)))
    total = float(weight.sum())
    share = float((weight * similar).sum()) / total if total > 0 else 0.0
    apart = _largest((weight > 0) & ~similar) / mask.sum()
    return Agreement(overlap, float((weight > 0).sum() / mask.sum()), share, float(apart))


def _shrink(picture: RGB) -> RGB:
    height, width = picture.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _warp(
    other: RGB, to_pixels: Matrix, outline: Matrix, size: tuple[int, int]
) -> tuple[RGB, npt.NDArray[np.bool_]]:
    """The other picture as the first shows it, and where both are."""
    reach = float(np.sqrt(abs(area(outline)) / (other.shape[0] * other.shape[1])))
    height, width = (max(8, round(side * min(1.0, reach))) for side in other.shape[:2])
    small = cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA)
    from_small = to_pixels @ np.diag([1 / width, 1 / height, 1.0])
    warped = cv2.warpPerspective(
        small, from_small, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    full = np.full((height, width), 255, np.uint8)
    return np.asarray(warped, np.uint8), np.asarray(cv2.warpPerspective(full, from_small, size)) > 250


def _adjust(shown: RGB, warped: RGB, mask: npt.NDArray[np.bool_]) -> Floats:
    """The other picture in the light of the first: means and deviations of its colours made the same."""
    adjusted = warped.astype(np.float32)
    for channel in range(3):
        here, there = shown[..., channel][mask].astype(np.float32), adjusted[..., channel][mask]
        gain = np.clip((here.std() + 1) / (there.std() + 1), 0.7, 1.4)
        shift = np.clip(here.mean() - gain * there.mean(), -60, 60)
        adjusted[..., channel] = np.clip(gain * adjusted[..., channel] + shift, 0, 255)
    return adjusted


def _similarity(shown: Floats, warped: Floats) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Which places agree, and how much there is to see at each."""
    first, other = (
        np.asarray(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY), np.float32) for each in (shown, warped)
    )
    means = _blur(first), _blur(other)
    variances = _blur(first * first) - means[0] ** 2, _blur(other * other) - means[1] ** 2
    covariance = _blur(first * other) - means[0] * means[1]
    light = (2 * means[0] * means[1] + STEADY[0]) / (means[0] ** 2 + means[1] ** 2 + STEADY[0])
    structure = (2 * covariance + STEADY[1]) / (variances[0] + variances[1] + STEADY[1])
    colour = np.abs(_blur(shown) - _blur(warped)).max(axis=2) < COLOUR
    seen = np.sqrt(np.maximum(np.maximum(*variances), 0))
    return (light * structure > AGREES) & colour, np.where(seen < FLAT, 0, seen)


def _largest(places: npt.NDArray[np.bool_]) -> int:
    """Pixels of the largest connected region."""
    _, _, regions, _ = cv2.connectedComponentsWithStats(places.astype(np.uint8))
    return int(regions[1:, cv2.CC_STAT_AREA].max(initial=0))


def _blur(values: Floats) -> Floats:
    return np.asarray(cv2.blur(values, (WINDOW, WINDOW)))
