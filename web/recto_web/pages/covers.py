"""Images of covers. Only known raster types leave the server, each under its own type."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, abort, current_app, send_file

from recto.records import Cover
from recto_web.parts import parts
from recto_web.usecases.pictures import image_of, thumbnail_of

blueprint = Blueprint("covers", __name__)


@blueprint.get("/covers/<uuid:cover_id>/thumbnail")
def thumbnail(cover_id: object) -> Response:
    """The thumbnail of a cover; a placeholder while there is none."""
    return thumbnail_of(_cover(str(cover_id))) or _placeholder()


@blueprint.get("/covers/<uuid:cover_id>/image")
def image(cover_id: object) -> Response:
    """The original of a cover; its thumbnail where browsers do not show the type of the original."""
    return image_of(_cover(str(cover_id))) or _placeholder()


def _cover(cover_id: str) -> Cover:
    return parts().ledger.cover(cover_id) or abort(404)


def _placeholder() -> Response:
    response = send_file(Path(str(current_app.static_folder)) / "no-cover.svg", etag=False)
    response.headers["Cache-Control"] = "no-store"
    return response
