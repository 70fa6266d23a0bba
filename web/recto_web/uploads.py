"""Files of a form: their bytes within the limit, and what kind of file they are by their first bytes.

Nothing is decoded here: that is the work of killable processes behind the workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.datastructures import FileStorage

from recto.settings import MIB

JPEG, PNG, GIF, WEBP, TIFF = "image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff"
WEB_SAFE = frozenset({JPEG, PNG, GIF, WEBP})
"""Types that every browser shows."""
HEAD_BYTES = 32
"""Enough of a file to tell its type."""
READABLE = "Recto reads JPEG, PNG, WebP, TIFF and GIF."


class NotUsable(ValueError):
    """A file cannot be taken; the message is a sentence for the field it was chosen in. `status` is for HTTP."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Upload:
    """A file as it was sent."""

    name: str
    data: bytes


def image_type(head: bytes) -> str | None:
    """Media type of a raster image that Recto reads, told by the first bytes; None for everything else."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return TIFF
    return None


def read_uploads(files: Sequence[FileStorage], max_bytes: int) -> list[Upload]:
    """The files that were really chosen (browsers send an empty one for an empty field).

    Raises:
        NotUsable: a file is too large, empty or no picture.
    """
    return [_read(file, max_bytes) for file in files if file.filename]


def _read(file: FileStorage, max_bytes: int) -> Upload:
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2][:200]
    data = file.stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise NotUsable(f"“{name}” is too large: at most {max_bytes / MIB:.0f} MB are accepted.", 413)
    if not data:
        raise NotUsable(f"“{name}” is empty: it has 0 bytes.")
    if image_type(data[:HEAD_BYTES]) is None:
        raise NotUsable(f"“{name}” {_what_it_is(data[:512])}")
    return Upload(name, data)


def _what_it_is(head: bytes) -> str:
    """What to say of a file that Recto does not read."""
    if head[4:8] == b"ftyp":
        return (
            f"is a HEIC, AVIF or video file. {READABLE} A phone can save photos as JPEG (“most compatible”)."
        )
    if head.startswith(b"%PDF"):
        return f"is a PDF. Take a photo or a screenshot of the cover. {READABLE}"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<svg", b"<?xml", b"<!DOCTYPE svg")):
        return f"is a drawing (SVG), not a photo. {READABLE}"
    return f"is not a picture. {READABLE}"
