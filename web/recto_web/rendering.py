"""Templates and content negotiation: every template has one frozen dataclass, and sees it as `page`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from flask import Response, make_response, render_template, request


class Page(Protocol):
    """Context of one template."""

    template: ClassVar[str]


def render(page: Page, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The template of a context, filled with it."""
    response = make_response(render_template(page.template, page=page), status)
    response.headers.extend(dict(headers or {}))
    response.vary.add("Accept")
    return response


def is_api() -> bool:
    """True for the addresses of the HTTP API, which speak JSON alone."""
    return request.path.startswith("/api/")


def wants_json() -> bool:
    """True when the caller asks for JSON and likes it better than a page. A bare `*/*` gets the page."""
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]
