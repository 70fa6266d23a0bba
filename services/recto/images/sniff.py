"""What a file is, told from its first bytes: asked only where Pillow cannot open it or stops half way."""

from __future__ import annotations

from recto.errors import Refused
from recto.images import refusals

# (offset, bytes, what it is): documents and pictures that people do try to upload.
_OTHER_FORMATS = (
    (0, b"%PDF", "a PDF document"),
    (0, b"BM", "a BMP picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\x00\x00\x01\x00", "an icon"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (4, b"ftypavi", "an AVIF picture"),
    (4, b"ftyphei", "a HEIC photo"),
    (4, b"ftyphev", "a HEIC photo"),
    (4, b"ftypmif1", "a HEIF photo"),
    (4, b"ftypmsf1", "a HEIF photo"),
    (4, b"ftyp", "a video"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
)
_ACCEPTED = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG", "PNG"), (b"GIF8", "GIF"))
_ACCEPTED_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def accepted_format(data: bytes) -> str:
    """Pillow's name of the accepted format whose signature the data carries, "" for none."""
    for signature, name in _ACCEPTED:
        if data.startswith(signature):
            return name
    if data.startswith(_ACCEPTED_TIFF):
        return "TIFF"
    return "WEBP" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


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
    return False


def webp_canvas(data: bytes) -> tuple[int, int] | None:
    """Width and height in a WebP header (RFC 9649, section 2), None where there is none.

    Pillow's `open` allocates the whole canvas of a WebP before it tells the size, hence this reader.
    """
    chunk = data[12:16]
    if len(data) < 30 or accepted_format(data) != "WEBP":
        return None
    if chunk == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return None
