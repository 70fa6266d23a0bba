"""Pictures as answers: covers, photos of searches, comparisons; from their file where the store has one."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from flask import Response, abort, send_file

from recto.errors import NotFound
from recto.image_types import HEAD_BYTES
from recto.records import Cover
from recto.storage.blobs import Content
from recto_web.forms.uploads import JPEG, WEB_SAFE, image_type
from recto_web.parts import parts
from recto_web.usecases.comparing import PICTURES

NO_PICTURE = "There is no such picture, or it was cleared away."
IMMUTABLE = "private, max-age=31536000, immutable"
"""The address of a cover's image holds a hash of its bytes: what it shows never changes."""


def head_of(content: Content) -> bytes:
    """The first bytes, which tell the type."""
    if isinstance(content, bytes):
        return content[:HEAD_BYTES]
    with content.open("rb") as file:
        return file.read(HEAD_BYTES)


def send_content(content: Content, kind: str, etag: str) -> Response:
    """An answer with the content; whoever has it already under this entity tag is told so."""
    stream: Path | io.BytesIO = io.BytesIO(content) if isinstance(content, bytes) else content
    return send_file(stream, mimetype=kind, etag=etag)


def thumbnail_of(cover: Cover) -> Response | None:
    """The thumbnail of a cover; None while there is none."""
    small = parts().blobs.read_thumbnail(cover.sha256)
    return None if small is None else _send(small, JPEG, _etag_of(small))


def image_of(cover: Cover) -> Response | None:
    """The original of a cover, or its thumbnail where browsers do not show the type of the original.

    None for an original that was never decoded: what Recto refused may do harm in a browser too.
    """
    small = parts().blobs.read_thumbnail(cover.sha256)
    if small is None:
        return None
    try:
        original = parts().blobs.source(cover.sha256)
    except NotFound:
        return None
    kind = image_type(head_of(original))
    if kind not in WEB_SAFE:
        return _send(small, JPEG, _etag_of(small))
    return _send(original, kind or JPEG, cover.sha256[:32])


def photo_of(search_id: str, number: int) -> Response:
    """A photo of a search, counted from 0: the upright copy once it is answered, the upload itself before."""
    row = parts().ledger.search(search_id) or abort(404)
    names = (
        [each["name"] for each in row.result["photos"]] if row.result else [each.name for each in row.photos]
    )
    if number >= len(names) or row.state == "failed":  # what could not be read is not shown either
        abort(404)
    content = parts().blobs.incoming(names[number])
    kind = image_type(head_of(content))
    if kind not in WEB_SAFE:
        abort(404)
    response = send_content(content, kind or JPEG, names[number])
    response.headers["Cache-Control"] = (
        "private, max-age=86400, immutable" if row.result else "private, no-cache"
    )
    return response


def picture_of(search_id: str, photo: int, cover_id: str, picture: str) -> Response:
    """A picture of a comparison: `photo` (straightened), `matched` (in the colours of the cover), `cover`, `heat`."""
    row = parts().ledger.evidence(search_id, photo, cover_id)
    names = (row.result or {}).get("pictures", {}) if row is not None else {}
    if picture not in PICTURES or picture not in names:
        abort(404, NO_PICTURE)
    content = parts().blobs.incoming(names[picture])
    response = send_content(content, image_type(head_of(content)) or JPEG, names[picture])
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _etag_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _send(content: Content, kind: str, etag: str) -> Response:
    response = send_content(content, kind, etag)
    response.headers["Cache-Control"] = IMMUTABLE
    response.headers["Content-Disposition"] = "inline"
    return response
