"""Pictures for the tests of images."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recto.images import DecodePool, Limits
from recto.settings import Settings

Encode = Callable[..., bytes]


@pytest.fixture
def limits() -> Limits:
    """The limits of the default settings."""
    return Limits.of(Settings())


@pytest.fixture
def picture() -> Image.Image:
    """A smooth picture, 96 x 64, in which no side, corner or channel is like another."""
    y, x = np.mgrid[0:64, 0:96]
    channels = [40 + 2 * x, 20 + 3 * y, 230 - x - y]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


@pytest.fixture
def encode() -> Encode:
    """`encode(image, format, **options)`: the bytes of a file that Pillow writes."""

    def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, file_format, **options)
        return buffer.getvalue()

    return encoded


@pytest.fixture
def pool() -> Iterator[DecodePool]:
    """A pool with one child."""
    with DecodePool(Settings()) as opened:
        yield opened


@pytest.fixture
def difference() -> Callable[[NDArray[np.uint8], object], float]:
    """Largest difference of two images in any pixel and channel."""

    def largest(one: NDArray[np.uint8], other: object) -> float:
        other_pixels = np.asarray(other).astype(int)
        assert one.shape == other_pixels.shape
        return float(np.abs(one.astype(int) - other_pixels).max())

    return largest
