"""Mirrored light: how much of it lies over a cover, and where it hides what is below."""

from __future__ import annotations

import cv2
import numpy as np

from recto.comparison.photo_cover.planes import Mask, blurred
from recto.comparison.photo_cover.rectify import Rectified
from recto.vectors import Floats

VEIL_BLUR = 0.008
"""Blur, as a share of the longest side, over which the share of mirrored light is taken as one."""
FAR = 0.05
"""Weight of a neighbourhood four times as wide: on white paper mirrored light is not seen, only between its letters."""
VEIL_LEAST = 0.12
"""Share of mirrored light from which a patch of it begins."""
VEIL_STEEPEST = 0.095
"""Steepest rise of that share at the border of a patch, per pixel and as a share of its peak. Stickers reach .15, spots
of light that are a fiftieth of the cover wide .07."""
HIDDEN = 0.6
"""Share of mirrored light under which nothing can be judged."""


def white_of(seen: Rectified) -> Floats:
    """The brightest colour (3,) of a photo, which mirrored light has."""
    brightness = seen.pixels.sum(axis=2)
    return np.asarray(
        np.median(seen.pixels[brightness >= np.quantile(brightness, 0.995)], axis=0), np.float32
    )


def veil(expected: Floats, seen: Floats, inside: Mask) -> Floats:
    """Share of mirrored light (H, W), 0 to 1, in the brightness of a photo; 0 where it is brighter with a sharp edge.

    Light mirrored by a glossy cover adds white: what is seen is `expected + share * (white - expected)`, and the share
    is smooth, whatever the cover shows below. A sticker has edges.
    """
    white = max(float(np.quantile(seen, 0.999)), float(expected.max())) + 1
    room = np.clip(white - expected, 8, None)
    sigma = VEIL_BLUR * max(seen.shape)
    share = _weighted((seen - expected) * room, room * room, sigma)
    share = np.asarray(np.clip(np.where(inside, share, 0), 0, 1), np.float32)
    across, down = (cv2.Sobel(share, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    steep = np.asarray(cv2.dilate(np.hypot(across, down), np.ones((7, 7), np.uint8)), np.float32)
    return np.asarray(share * _soft(share, steep), np.float32)


def _weighted(above: Floats, below: Floats, sigma: float) -> Floats:
    """`above / below` over a neighbourhood; where little weight is near, as on white paper, over a wider one."""
    near = [blurred(plane, sigma) for plane in (above, below)]
    far = [blurred(plane, 4 * sigma) * FAR for plane in (above, below)]
    return np.asarray((near[0] + far[0]) / (near[1] + far[1]), np.float32)


def _soft(share: Floats, steep: Floats) -> Floats:
    """1 in the patches of light whose border is soft, 0 elsewhere (H, W)."""
    count, parts = cv2.connectedComponents((share > VEIL_LEAST).astype(np.uint8))
    soft = np.zeros(count, np.float32)
    for part in range(1, count):
        mine = (parts == part).astype(np.uint8)
        eroded = cv2.erode(mine, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
        edge = (mine > 0) & (eroded == 0)
        peak = float(share[parts == part].max())
        soft[part] = not edge.any() or float(np.mean(steep[edge])) < VEIL_STEEPEST * peak
    return np.asarray(blurred(soft[parts], 2.0), np.float32)
