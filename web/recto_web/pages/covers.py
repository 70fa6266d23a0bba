"""Images of covers. Only known raster types leave the server, each under its own type."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, abort, current_app, send_file

from recto.records import Cover
from recto_web.parts import parts
from recto_web.uploads import HEAD_BYTES, JPEG, WEB_SAFE, image_type

IMMUTABLE = "private, max-age=31536000, immutable"
"""The address of a cover's image holds a hash of its bytes: what it shows never changes."""

blueprint = Blueprint("covers", __name__)


@blueprint.get("/covers/<uuid:cover_id>/thumbnail")
def thumbnail(cover_id: object) -> Response:
    """The thumbnail of a cover; a placeholder while there is none."""
    cover = _cover(str(cover_id))
    path = parts().blobs.thumbnail_path(cover.sha256)
    if not path.is_file():
        return _placeholder()
    return _send(path, JPEG, f"{cover.sha256[:32]}-{path.stat().st_mtime_ns:x}")


@blueprint.get("/covers/<uuid:cover_id>/image")
def image(cover_id: object) -> Response:
    """The original of a cover; its thumbnail where browsers do not show the type of the original.

    An original that was never decoded is not sent: what Recto refused may do harm in a browser too.
    """
    cover = _cover(str(cover_id))
    original, small = parts().blobs.path(cover.sha256), parts().blobs.thumbnail_path(cover.sha256)
    if not original.is_file() or not small.is_file():
        return _placeholder()
    with original.open("rb") as file:
        kind = image_type(file.read(HEAD_BYTES))
    if kind not in WEB_SAFE:
        return _send(small, JPEG, f"{cover.sha256[:32]}-display")
    return _send(original, kind or JPEG, cover.sha256[:32])


def _cover(cover_id: str) -> Cover:
    return parts().ledger.cover(cover_id) or abort(404)


def _send(path: Path, kind: str, etag: str) -> Response:
    response = send_file(path, mimetype=kind, etag=etag)
    response.headers["Cache-Control"] = IMMUTABLE
    response.headers["Content-Disposition"] = "inline"
    return response


def _placeholder() -> Response:
    response = send_file(Path(str(current_app.static_folder)) / "no-cover.svg", etag=False)
    response.headers["Cache-Control"] = "no-store"
    return response
