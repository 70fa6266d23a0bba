"""Small things done to planes and pictures of numbers."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from recto.vectors import RGB, Floats

Mask = npt.NDArray[np.bool_]


def blurred(plane: npt.NDArray[Any], sigma: float) -> Floats:
    """Gaussian blur of (H, W) or (H, W, 3); `sigma` in pixels."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def grey(picture: RGB | Floats) -> Floats:
    """Brightness (H, W), 0 to 255."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def normalised(plane: Floats) -> Floats:
    """A plane (H, W) less its local mean over its local deviation: what is left when light is taken away."""
    sigma = max(plane.shape) / 30
    level = plane - blurred(plane, sigma)
    spread = np.sqrt(blurred(level * level, sigma)) + 6.0
    return np.asarray(np.clip(level / spread, -3, 3), np.float32)
