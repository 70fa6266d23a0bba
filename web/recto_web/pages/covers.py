"""Images of covers. Only known raster types leave the server, each under its own type."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, send_file

from recto.errors import NotFound
from recto.records import Cover
from recto.storage.blobs import Content
from recto_web.forms.uploads import JPEG, WEB_SAFE, image_type
from recto_web.parts import parts
from recto_web.usecases.pictures import head_of, send_content

IMMUTABLE = "private, max-age=31536000, immutable"
"""The address of a cover's image holds a hash of its bytes: what it shows never changes."""

blueprint = Blueprint("covers", __name__)


@blueprint.get("/covers/<uuid:cover_id>/thumbnail")
def thumbnail(cover_id: object) -> Response:
    """The thumbnail of a cover; a placeholder while there is none."""
    return thumbnail_of(_cover(str(cover_id))) or _placeholder()


@blueprint.get("/covers/<uuid:cover_id>/image")
def image(cover_id: object) -> Response:
    """The original of a cover; its thumbnail where browsers do not show the type of the original."""
    return image_of(_cover(str(cover_id))) or _placeholder()


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


def _cover(cover_id: str) -> Cover:
    return parts().ledger.cover(cover_id) or abort(404)


def _etag_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _send(content: Content, kind: str, etag: str) -> Response:
    response = send_content(content, kind, etag)
    response.headers["Cache-Control"] = IMMUTABLE
    response.headers["Content-Disposition"] = "inline"
    return response


def _placeholder() -> Response:
    response = send_file(Path(str(current_app.static_folder)) / "no-cover.svg", etag=False)
    response.headers["Cache-Control"] = "no-store"
    return response
