"""A perceptual hash: 64 bits that stay nearly the same when a picture is encoded anew or resized."""

from __future__ import annotations

import cv2
import numpy as np

from recto.vectors import RGB

SIDE = 32
BLUR = 7
"""Side of the picture under the cosine transform and of the mean filter before it, both in pixels (Zauner)."""
BITS = 8
"""Coefficients in each direction, the lowest but the first."""


def phash(image: RGB) -> str:
    """The DCT hash of an RGB image (H, W, 3) as 16 hexadecimal digits.

    Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, section 3.2.1: grey, mean
    filter, 32 x 32, cosine transform; a bit for each coefficient of the block from (1, 1) to (8, 8) that lies above
    their median.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(cv2.blur(grey, (BLUR, BLUR)), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[1 : BITS + 1, 1 : BITS + 1].ravel()
    return np.packbits(low > np.median(low)).tobytes().hex()


def distance(first: str, second: str) -> int:
    """Bits that differ, 0 to 64: about 32 between unrelated pictures."""
    return (int(first, 16) ^ int(second, 16)).bit_count()
