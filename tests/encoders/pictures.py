"""Drawn images, the same on every computer."""

from __future__ import annotations

import cv2
import numpy as np

from recto.vectors import RGB


def draw_image(height: int, width: int, seed: int = 0) -> RGB:
    """Bars, a disc and lettering at places of the seed."""
    random = np.random.default_rng(seed)
    image = np.full((height, width, 3), random.integers(0, 256, 3), np.uint8)
    for _ in range(4):
        first, second = (random.random((2, 2)) * (width, height)).astype(int).tolist()
        cv2.rectangle(image, first, second, random.integers(0, 256, 3).tolist(), -1)
    cv2.circle(image, (width // 2, height // 3), min(width, height) // 5, (250, 220, 40), -1)
    cv2.putText(
        image, "RECTO", (width // 8, height * 3 // 4), cv2.FONT_HERSHEY_TRIPLEX, width / 200, (10, 10, 10), 3
    )
    return image
