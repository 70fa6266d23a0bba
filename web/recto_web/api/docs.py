"""The description of the API: as a document for programs, as a page for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Blueprint, Response, current_app, make_response, request
from flask.typing import ResponseReturnValue

from recto_web.api.docs_views import TagView, tags
from recto_web.api.kit import JSON, PREFIX
from recto_web.rendering import render

EXTENSION = "recto_api"
blueprint = Blueprint("api_docs", __name__, url_prefix=PREFIX)


@dataclass(frozen=True)
class ApiPage:
    """Context of `api.html`."""

    template: ClassVar[str] = "api.html"
    paragraphs: tuple[str, ...]
    tags: tuple[TagView, ...]


@blueprint.get("/openapi.json")
def document() -> ResponseReturnValue:
    """The description in OpenAPI 3.1."""
    response = make_response(json.dumps(_document(), indent=1, ensure_ascii=False))
    response.mimetype = JSON
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/docs")
def page() -> Response:
    """The description as a page."""
    found = _document()
    return render(ApiPage(tuple(found["info"]["description"].split("\n\n")), tuple(tags(found))))


def _document() -> dict[str, Any]:
    document: dict[str, Any] = current_app.extensions[EXTENSION]
    return document
