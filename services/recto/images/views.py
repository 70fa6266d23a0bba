"""Views of a photo: what to embed of it, because books lie at any angle and among other things."""

from __future__ import annotations

import cv2
import numpy as np

from recto.vectors import RGB

VIEW_SIDE = 288
"""Shortest side of a view in pixels, a little above the input of most encoders, so that turning costs little."""
CENTRE = 0.75
"""Side of the centre crop over that of the photo. ImageNet networks on smvs_dvd: right book first .32 with four turns
of the whole photo, .68 with the centre crop beside it."""


def views(pixels: RGB, side: int = VIEW_SIDE) -> list[RGB]:
    """Eight views of a photo (H, W, 3): whole and centre, each turned by 0, 90, 180 and 270 degrees.

    `side`: shortest side of a view in pixels, at least `VIEW_SIDE`; for encoders with a large input.
    """
    height, width = pixels.shape[:2]
    top, left = round(height * (1 - CENTRE) / 2), round(width * (1 - CENTRE) / 2)
    centre = pixels[top : height - top, left : width - left]
    return turns(_shrink(pixels, side)) + turns(_shrink(centre, side))


def turns(view: RGB) -> list[RGB]:
    """A picture (H, W, 3) turned by 0, 90, 180 and 270 degrees."""
    return [np.ascontiguousarray(np.rot90(view, turn)) for turn in range(4)]


def _shrink(pixels: RGB, side: int) -> RGB:
    height, width = pixels.shape[:2]
    scale = max(side, VIEW_SIDE) / min(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
