"""Files of a form: their bytes within the limit, and what kind of file they are by their first bytes.

Nothing is decoded here: that is the work of killable processes behind the workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.datastructures import FileStorage

from recto.image_types import HEAD_BYTES, MEDIA_TYPES, READABLE, accepted_format
from recto.settings import MIB

JPEG = MEDIA_TYPES["JPEG"]
WEB_SAFE = frozenset(MEDIA_TYPES[name] for name in ("JPEG", "PNG", "GIF", "WEBP", "AVIF"))
"""Types that every browser shows."""
ACCEPT = ",".join([*MEDIA_TYPES.values(), ".heic", ".heif", ".avif"])
"""What a form offers to choose from; some systems know HEIC and AVIF files by their names only."""
_READS = f"Recto reads {READABLE}."


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
    return MEDIA_TYPES.get(accepted_format(head))


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
        return f"is a video. Take a photo of the cover instead. {_READS}"
    if head.startswith(b"%PDF"):
        return f"is a PDF. Take a photo or a screenshot of the cover. {_READS}"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<svg", b"<?xml", b"<!DOCTYPE svg")):
        return f"is a drawing (SVG), not a photo. {_READS}"
    if head[4:8] in (b"jP  ", b"JXL ") or head.startswith((b"\xff\x0a", b"\xff\x4f\xff\x51")):
        return (
            f"is a JPEG 2000 or JPEG XL picture, which is another thing than JPEG. Save it as one. {_READS}"
        )
    return f"is not a picture. {_READS}"
