"""Thumbnails and display copies: small JPEGs that carry nothing but pixels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:  # see recto.images.decode
    import numpy as np
    from numpy.typing import NDArray


def encode_jpeg(pixels: NDArray[np.uint8], max_side: int, quality: int = 85) -> bytes:
    """JPEG of an RGB uint8 (H, W, 3) image, longest side at most `max_side` pixels, without any metadata."""
    image = Image.fromarray(pixels)
    image.thumbnail((max_side, max_side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()
