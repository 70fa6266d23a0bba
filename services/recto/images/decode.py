"""Decode one image: limits before decoding, reduced size where the format allows, upright sRGB at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from recto.errors import Refused
from recto.files import too_many_bytes
from recto.image_types import accepted_format
from recto.images import colour, refusals, sniff
from recto.images.opening import open_image

if TYPE_CHECKING:  # numpy would cost every decoding child 0.15 s of its start
    import numpy as np
    from numpy.typing import NDArray

    from recto.settings import Settings

MAX_SIDE = 1024
"""Longest side in pixels at which covers are indexed and photos are searched."""
MIN_SIDE = 16
"""Shortest side in pixels, full-size and reduced: below it nothing is recognised and filters do not fit."""

_ORIENTATION_TAG = 0x0112
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Limits:
    """What is decoded at most: bytes of the file, pixels that its header announces."""

    max_bytes: int
    max_pixels: int

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits in the settings."""
        return cls(settings.max_image_bytes, settings.max_image_pixels)


@dataclass(frozen=True)
class Decoded:
    """An upright image: `pixels` uint8 (H, W, 3) in sRGB, reduced; the full size is that before."""

    pixels: NDArray[np.uint8]
    full_width: int
    full_height: int
    format: str


@dataclass(frozen=True)
class Raster:
    """The same with its pixels as plain bytes (rows of RGB triples), as it travels from a child process."""

    data: bytearray
    format: str
    width: int
    height: int
    full_width: int
    full_height: int

    def decoded(self) -> Decoded:
        """The raster as a writable array over the same memory."""
        import numpy as np

        pixels = np.frombuffer(self.data, np.uint8).reshape(self.height, self.width, 3)
        return Decoded(pixels, self.full_width, self.full_height, self.format)


RASTER_FIELDS = ("format", "width", "height", "full_width", "full_height")


def decode(data: bytes, limits: Limits, max_side: int) -> Decoded:
    """Decode to an upright sRGB image whose longest side is at most `max_side` pixels; nothing is enlarged.

    It runs foreign data through C libraries: where that data may be hostile, use `DecodePool`.

    Raises:
        Refused: the data cannot or must not be decoded; see `recto.images.refusals` for the reasons.
    """
    return decode_raster(data, limits, max_side).decoded()


def decode_raster(data: bytes, limits: Limits, max_side: int) -> Raster:
    """`decode` without numpy."""
    upright = decode_upright(data, limits, max_side)
    pixels = bytearray(upright.image.tobytes())
    return Raster(pixels, upright.format, *upright.image.size, upright.full_width, upright.full_height)


@dataclass(frozen=True)
class Upright:
    """An upright image of Pillow's, RGB or grey, reduced; the full size is that before."""

    image: Image.Image
    format: str
    full_width: int
    full_height: int


def decode_upright(data: bytes, limits: Limits, max_side: int, *, grey: bool = False) -> Upright:
    """Decode to an upright sRGB image whose longest side is at most `max_side` pixels; nothing is enlarged.

    `grey`: to its brightness alone, reduced only by whole numbers and so to less than twice `max_side`.

    Raises:
        Refused: as `decode`.
    """
    if not data:
        raise refusals.empty()
    if len(data) > limits.max_bytes:
        raise too_many_bytes(limits.max_bytes, len(data))
    if not accepted_format(data):
        raise sniff.refusal_of_unknown(data)
    try:
        return _decode(data, limits, max_side, grey)
    except Refused:
        raise
    except MemoryError:
        raise refusals.memory() from None
    except Exception as error:
        # Pillow's readers raise nearly anything on damaged data: OSError, SyntaxError, struct.error ...
        raise _refusal_of(error, data) from error


def _refusal_of(error: Exception, data: bytes) -> Refused:
    """What an error of a reader means, as far as its words tell; the decoders of HEIC and AVIF tell of memory so."""
    said = str(error).lower()
    if ("allocati" in said or "out of memory" in said) and "security limit" not in said:
        return refusals.memory()
    return refusals.truncated() if "truncated" in said or sniff.ends_early(data) else refusals.damaged()


def _decode(data: bytes, limits: Limits, max_side: int, grey: bool) -> Upright:
    canvas = sniff.canvas(data)
    if canvas is not None:
        _check_size(*canvas, limits)
    with open_image(data) as image:
        full_width, full_height = image.size
        _check_size(full_width, full_height, limits)
        size = _reduced(full_width, full_height, max_side)
        # Phones append depth maps and motion shots to a JPEG; Pillow then calls it MPO.
        image_format = "JPEG" if image.format == "MPO" else str(image.format)
        orientation = _orientation(image)
        # The smallest of libjpeg's 1/1, 1/2, 1/4, 1/8 that is not below the target. On 10-megapixel photos: 37 ms
        # against 105 ms for twice the target or more, mean difference to a full decode 0.3 of 255.
        image.draft("L" if grey else None, size)
        image.load()
        if image_format == "HEIF":  # its pixels may be fewer or more than the container announces
            _check_size(*image.size, limits)
            full_width, full_height = image.size
            size = _reduced(full_width, full_height, max_side)
        upright = _in_grey(image, size) if grey else _in_colour(image, size)
    if orientation in _TRANSPOSE:
        upright = upright.transpose(_TRANSPOSE[orientation])
    if orientation >= 5:  # lying on its side
        full_width, full_height = full_height, full_width
    return Upright(upright, image_format, full_width, full_height)


def _in_colour(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    reduced = colour.to_plain_mode(image).resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return colour.to_srgb(colour.flatten(reduced), image.info.get("icc_profile"))


def _in_grey(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Brightness as it is stored: what it means by the profile does not matter where edges are looked for."""
    if image.mode not in ("L", "RGB"):
        return _in_colour(image, size).convert("L")
    return image.convert("L").reduce(max(1, max(image.size) // max(size)))


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        raise refusals.too_many_pixels(width, height, limits.max_pixels)
    if min(width, height) < MIN_SIDE:
        raise refusals.too_small(width, height, MIN_SIDE)


def _reduced(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Size after reduction: longest side at most `max_side`, proportions kept."""
    scale = min(1.0, max_side / max(width, height))
    reduced = round(width * scale), round(height * scale)
    if min(reduced) < min(MIN_SIDE, max_side):
        raise refusals.too_small(width, height, MIN_SIDE)
    return reduced


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation that is still to be applied; 1 where there is none or it cannot be read."""
    if image.format in ("TIFF", "HEIF"):  # applied while loading; that of a HEIC stands in its container
        return 1
    if image.format == "AVIF":  # Pillow tells the turn of the container as EXIF, else takes one from here
        image.info.pop("xmp", None)
    try:
        orientation = int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:
        # Damaged EXIF raises nearly anything; the picture itself may be fine.
        return 1
    return orientation if orientation in _TRANSPOSE else 1
