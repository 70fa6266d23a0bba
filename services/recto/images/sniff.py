"""What a file says of itself before anything is decoded: its size, what it is instead, whether it is whole."""

from __future__ import annotations

from recto.errors import Refused
from recto.image_types import accepted_format
from recto.images import boxes, refusals

# (offset, bytes, what it is): documents and pictures that people do try to upload.
_OTHER_FORMATS = (
    (0, b"%PDF", "a PDF document"),
    (0, b"BM", "a BMP picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\x00\x00\x01\x00", "an icon"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (4, b"ftyp", "a video"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
)


def refusal_of_unknown(data: bytes) -> Refused:
    """The refusal of data that carries no accepted signature."""
    for offset, signature, what in _OTHER_FORMATS:
        if data.startswith(signature, offset):
            return refusals.unsupported_format(what)
    if b"<svg" in data[:4096].lower():
        return refusals.unsupported_format("an SVG drawing")
    return refusals.not_an_image()


def ends_early(data: bytes) -> bool:
    """True when the data of an accepted format lacks its end mark or is shorter than it says."""
    name = accepted_format(data)
    tail = data[-4096:].rstrip(b"\x00")
    if name == "JPEG":
        return not tail.endswith(b"\xff\xd9")
    if name == "PNG":
        return b"IEND" not in tail
    if name == "GIF":
        return not tail.endswith(b";")
    if name == "WEBP":
        return len(data) < int.from_bytes(data[4:8], "little") + 8
    return name in ("HEIF", "AVIF") and boxes.are_cut(data)


def canvas(data: bytes) -> tuple[int, int] | None:
    """Width and height in the header of a WebP, HEIC or AVIF; None where there is none, and for other formats.

    The decoders of these formats allocate for a picture, or refuse it in words of their own, before they tell its
    size. Those of the other formats read the header alone.
    """
    name = accepted_format(data)
    if name == "WEBP":
        return _webp_canvas(data)
    return boxes.canvas(data) if name in ("HEIF", "AVIF") else None


def _webp_canvas(data: bytes) -> tuple[int, int] | None:
    """Of a WebP (RFC 9649, section 2)."""
    chunk = data[12:16]
    if len(data) < 30:
        return None
    if chunk == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return None
