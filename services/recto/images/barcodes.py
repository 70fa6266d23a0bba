"""Barcodes of an image, read in the decoding child: EAN-13, and UPC-A as the EAN-13 that it is.

EAN-8 and the add-ons beside a barcode (a price, an issue) are left alone: books have no EAN-8, and seven digits with a
check digit are found by chance too often.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from recto.images.decode import Limits, Upright, decode_upright
from recto.isbn import ean13

if TYPE_CHECKING:  # loaded where bars slant: a decoding child starts without them
    import numpy as np
    from numpy.typing import NDArray

READ_SIDE = 1600
"""Longest side in pixels of the picture that is read, or up to twice that: what the JPEG decoder gives by itself. Of 40
simulated 12-megapixel photos of drawn backs 22 can be read at all (the others are too blurred): all at 2,016 pixels and
at 1,344, 18 at 1,008. The whole 4,032 read no more and cost 22 ms instead of 6."""
ENLARGED_BELOW = 500
"""Pixels of a slanting barcode's length below which it is enlarged twice while it is turned."""
MARGIN = 1.35
"""Length of the piece that is turned over that of the bars: they are read with the white beside them."""
MOST = 8
"""Barcodes of one picture that are reported at most: a photo shows few books."""
FARTHEST = 1e6
"""Pixels beyond which nothing lies: no accepted image is so wide."""
Point2 = tuple[float, float]


@dataclass(frozen=True)
class Barcode:
    """A barcode in an image: the 13 digits of its EAN-13, and its corners in pixels of the upright full-size image.

    The corners are those of its bars as they are printed: top-left, top-right, bottom-right, bottom-left.
    """

    text: str
    outline: tuple[Point2, Point2, Point2, Point2]


def read(data: bytes, limits: Limits, *, turned: bool) -> list[dict[str, Any]]:
    """Barcodes as plain data, each `{"text", "outline"}`; `turned`: slanting ones too, as in photos.

    The reader looks along rows and columns alone, and bars five times as wide as high cross a row within eleven
    degrees. So where it finds nothing, OpenCV looks for regions of parallel bars, and these are turned: 22 of the 22,
    for 15 ms more; turning the whole picture by three angles 22 too, in 146 ms; upright alone 19, in 12 ms.

    Raises:
        Refused: the image cannot or must not be decoded.
    """
    upright = decode_upright(data, limits, READ_SIDE, grey=True)
    image = upright.image
    found = _read(image)
    if turned and not found:
        found = _read_slanting(image)
    return [{"text": text, "outline": _full_size(points, image, upright)} for text, points in found.items()]


def barcodes_of(header: dict[str, Any]) -> list[Barcode]:
    """The reply of a child as records.

    Raises:
        ValueError, KeyError, TypeError: the child, which may be in the hands of an image, says what cannot be.
    """
    if len(header["barcodes"]) > MOST:
        raise ValueError("more barcodes than a child may report")
    return [_barcode(entry) for entry in header["barcodes"]]


def _barcode(entry: dict[str, Any]) -> Barcode:
    text = entry["text"]
    if not isinstance(text, str) or len(text) != 13 or ean13(text) != text:
        raise ValueError("a barcode is no EAN-13")
    first, second, third, fourth = (_corner(x, y) for x, y in entry["outline"])
    return Barcode(text, (first, second, third, fourth))


def _corner(x: object, y: object) -> Point2:
    if not (
        isinstance(x, float)
        and isinstance(y, float)
        and -FARTHEST < x < FARTHEST
        and -FARTHEST < y < FARTHEST
    ):
        raise ValueError("a barcode lies nowhere")
    return x, y


def _read(image: Image.Image) -> dict[str, list[Point2]]:
    """Corners by text, of each text once."""
    return _read_grey(memoryview(image.tobytes()).cast("B", (image.height, image.width)))


def _read_grey(grey: Any) -> dict[str, list[Point2]]:
    import zxingcpp  # where nothing but pixels is asked for, the child starts without it

    codes = zxingcpp.read_barcodes(
        grey,
        formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.EAN13, zxingcpp.BarcodeFormat.UPCA]),
        try_invert=False,  # nobody prints a book's bars in white
    )
    found: dict[str, list[Point2]] = {}
    for code in codes:
        text, place = ean13(code.text), code.position
        if text and len(found) < MOST:
            corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
            found.setdefault(text, [(float(corner.x), float(corner.y)) for corner in corners])
    return found


def _read_slanting(image: Image.Image) -> dict[str, list[Point2]]:
    """Turn each region of parallel bars upright and read it."""
    os.putenv("OPENBLAS_NUM_THREADS", "1")  # each thread reserves address space, which is limited
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    grey = np.asarray(image)
    found_any, regions = cv2.barcode.BarcodeDetector().detect(grey)
    found: dict[str, list[Point2]] = {}
    for region in list(regions)[:MOST] if found_any else []:
        onto, side = _onto_upright(region)
        piece = cv2.warpAffine(grey, onto, (side, side), flags=cv2.INTER_CUBIC, borderValue=255.0)
        for text, points in _read_grey(piece).items():
            corners = cv2.transform(np.array([points]), cv2.invertAffineTransform(onto))[0]
            found.setdefault(text, [(float(x), float(y)) for x, y in corners])
    return found


def _onto_upright(region: NDArray[np.float32]) -> tuple[NDArray[np.float64], int]:
    """Affine map (2, 3) from the picture to a square piece of it in which the long side of a region (4, 2) lies level.

    Returns the map and the side of the piece in pixels.
    """
    import numpy as np

    along = max(region[1] - region[0], region[2] - region[1], key=np.linalg.norm).astype(np.float64)
    length = max(1.0, float(np.linalg.norm(along)))
    scale = 2.0 if length * MARGIN < ENLARGED_BELOW else 1.0
    cosine, sine = along / length
    turn = scale * np.array([[cosine, sine], [-sine, cosine]])
    side = round(scale * (MARGIN * length + 20))
    shift = side / 2 - turn @ region.mean(axis=0)
    return np.hstack([turn, shift[:, None]]), side


def _full_size(points: Sequence[Point2], image: Image.Image, upright: Upright) -> list[list[float]]:
    across, down = upright.full_width / image.width, upright.full_height / image.height
    return [[round(x * across, 1), round(y * down, 1)] for x, y in points]
