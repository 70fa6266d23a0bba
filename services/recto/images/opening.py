"""Open an image by the one reader of its format; nothing is decoded yet."""

from __future__ import annotations

import io

from PIL import AvifImagePlugin, Image

from recto.image_types import accepted_format

DECODE_THREADS = 4
"""Threads that decode one HEIC or AVIF. Left to themselves they are as many as the machine has cores, and each reserves
address space, which the memory limit of the decoding child counts."""

AvifImagePlugin.DEFAULT_MAX_THREADS = DECODE_THREADS
# Our own limit is checked on every header. Pillow's would warn at 89 and raise at 179 million pixels.
Image.MAX_IMAGE_PIXELS = None


def open_image(data: bytes) -> Image.Image:
    """The image with the size that its header announces; its pixels come with `load()`.

    Raises nearly anything on damaged data.
    """
    name = accepted_format(data)
    return _open_heif(data) if name == "HEIF" else Image.open(io.BytesIO(data), formats=[name])


def _open_heif(data: bytes) -> Image.Image:
    """A HEIC without its thumbnails, depth maps and other attachments.

    pi-heif loads with the first such file: it costs 75 ms of a decoding child's start.
    """
    from pi_heif import options
    from pi_heif.as_plugin import HeifImageFile

    options.DECODE_THREADS = DECODE_THREADS
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    return HeifImageFile(io.BytesIO(data))  # type: ignore[no-untyped-call]
