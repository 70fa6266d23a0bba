"""Where a flat cover lies in the picture of a tilted camera."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recto_lab.synthetic.photo.options import PhotoOptions

Corners = NDArray[np.float32]
"""(4, 2) pixel corners: top-left, top-right, bottom-right, bottom-left of the cover."""

_FRAMED = 0.99  # largest share of the frame's width and height that a whole cover takes


def _rotation(turn: float, tilt: float, axis: float) -> NDArray[np.float64]:
    """A turn about the optical axis, then a tilt about an axis in the image plane; radians."""
    direction = np.array([np.cos(axis), np.sin(axis), 0.0]) * tilt
    leaning = np.asarray(cv2.Rodrigues(direction)[0], np.float64)
    spin = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    return np.asarray(leaning @ spin, np.float64)


def turn_of(rng: np.random.Generator, options: PhotoOptions) -> float:
    """An angle in radians: any up to the largest, or near a multiple of 90 degrees."""
    if rng.random() < options.quarter_turns:
        return float(np.radians(90 * rng.integers(1, 4) + rng.normal(0, 6)))
    if rng.random() < 0.5:  # most people hold the book about upright
        return float(np.radians(np.clip(rng.normal(0, 12), -options.turn, options.turn)))
    return float(np.radians(rng.uniform(-options.turn, options.turn)))


def pose(
    rng: np.random.Generator,
    shape: tuple[int, int],
    size: tuple[int, int],
    options: PhotoOptions,
    *,
    shift: tuple[float, float] | None = None,
    scale: float = 1.0,
) -> tuple[Corners, Corners]:
    """Corners of the cover's face, and those of its foot on the table, below the thickness of the book.

    `shape`: width and height of the cover; `size`: of the photo; `shift`: of its centre, share of the photo.
    `scale` multiplies the drawn share of the frame.
    """
    ratio = shape[0] / shape[1]
    thick = float(rng.uniform(0.005, 0.07))
    x, y = ratio / 2, 0.5
    face = np.array([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)])
    foot = face + np.array([0, 0, thick])
    tilt = float(np.radians(min(abs(rng.normal(0, options.tilt / 2)), options.tilt)))
    turned = (
        np.concatenate([face, foot]) @ _rotation(turn_of(rng, options), tilt, float(rng.uniform(0, 6.2832))).T
    )
    # A phone's camera sees about 65 degrees: a book that fills the frame is 1.2 to 3 book heights away.
    depth = turned[:, 2] + float(rng.uniform(1.2, 3.0))
    flat = turned[:, :2] / depth[:, None]
    reach = float(rng.uniform(*options.fill)) * scale * min(size)
    flat *= reach / _longest_edge(flat[:4])
    if shift is None and rng.random() < options.partial:
        across, down = rng.choice([-1, 1], 2) * rng.uniform(0.15, 0.4, 2)
        shift = (float(across), float(down))
    elif shift is None:
        # People step back until the whole cover is in the frame.
        flat *= min(1.0, float((_FRAMED * np.array(size) / np.ptp(flat[:4], axis=0)).min()))
        shift = _shift(rng, flat[:4], size, options.off_centre)
    middle = (flat[:4].min(axis=0) + flat[:4].max(axis=0)) / 2
    flat += np.array(size) * (0.5 + np.array(shift)) - middle
    return flat[:4].astype(np.float32), flat[4:].astype(np.float32)


def _longest_edge(corners: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).max())


def _shift(
    rng: np.random.Generator, flat: NDArray[np.float64], size: tuple[int, int], off_centre: float
) -> tuple[float, float]:
    # As far from the centre as wished, but with the whole cover in the frame where it is small enough.
    room = np.maximum(0.0, 0.5 - np.ptp(flat, axis=0) / np.array(size) / 2 - 0.01)
    limit = np.minimum(room, off_centre)
    across, down = rng.uniform(-limit, limit)
    return float(across), float(down)


def homography(shape: tuple[int, int], corners: Corners) -> NDArray[np.float64]:
    """From cover pixels to photo pixels. Pixel centres are whole numbers, so the cover's edge is at -0.5."""
    width, height = shape
    edge = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - 0.5
    return np.asarray(cv2.getPerspectiveTransform(edge, corners), np.float64)
