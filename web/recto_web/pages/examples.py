"""Ready photos: their images, and a search with one click."""

from __future__ import annotations

from flask import Blueprint, Response, abort, send_file
from flask.typing import ResponseReturnValue

from recto.image_types import HEAD_BYTES
from recto.records import Where
from recto_web.forms.search import DEFAULT_LIMIT
from recto_web.forms.uploads import WEB_SAFE, image_type
from recto_web.pages.result import answer
from recto_web.usecases.example_photos import Example, example_path, examples
from recto_web.usecases.searching import send

blueprint = Blueprint("examples", __name__)


@blueprint.get("/examples/<name>")
def photo(name: str) -> Response:
    """The photo of an example."""
    path = example_path(_named(name))
    with path.open("rb") as file:
        kind = image_type(file.read(HEAD_BYTES))
    if kind not in WEB_SAFE:
        abort(404)
    return send_file(path, mimetype=kind, max_age=3600)


@blueprint.post("/search/example/<name>")
def start(name: str) -> ResponseReturnValue:
    """Search with an example, as if its photo had been sent."""
    data = example_path(_named(name)).read_bytes()
    return answer(send([(None, data)], Where(), DEFAULT_LIMIT))


def _named(name: str) -> Example:
    return next((example for example in examples() if example.name == name), None) or abort(404)
