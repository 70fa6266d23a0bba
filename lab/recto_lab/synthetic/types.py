"""Array types of the drawing code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""An image, (height, width, 3), RGB."""
Plane = NDArray[np.float32]
"""One value a pixel, (height, width), usually 0 to 1."""
Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""
