"""Errors as pages that say what to do, or as problem JSON (RFC 9457) for programs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.http import HTTP_STATUS_CODES

from recto.errors import BadInput, InUse, NotFound, RectoError, Unavailable
from recto.settings import MIB
from recto_web.forms.refusals import messages_of, sentence_of
from recto_web.parts import parts
from recto_web.rendering import is_api, render, wants_json
from recto_web.security.guard import drain_body

log = logging.getLogger(__name__)

TITLES = {
    400: "That did not work",
    401: "Sign in first",
    403: "Not accepted",
    404: "Nothing here",
    405: "Not that way",
    413: "Too large",
    429: "Too many at once",
    500: "Something broke",
    503: "Not at the moment",
}
SENTENCES = {
    400: "The request could not be understood. Go back and try again.",
    401: "This needs a key. Sign in, then try again.",
    403: "The request was not accepted. Go back, reload the page and try again.",
    404: "There is no page at this address. It may have been deleted, or the address has a typing error.",
    405: "This address does not take requests of this kind. Start again from the search page.",
    429: "More searches are waiting than can be answered. Try again in a minute.",
    500: "That is a fault of Recto, not yours; its log says more. The catalogue is safe. Try again.",
    503: "A part of Recto does not answer at present. Try again in a minute.",
}
STATUS: dict[type, int] = {BadInput: 400, NotFound: 404, Unavailable: 503, InUse: 503}
API_SENTENCES = {
    404: "There is nothing at this address. `/api/v1/openapi.json` lists what there is.",
    405: "This address does not take this method; the header Allow says which it takes.",
}
RETRY_SECONDS = {429: 30, 503: 10}
PASSED_ON = frozenset({"Allow", "WWW-Authenticate"})
"""Headers of an error that say how to do better."""


@dataclass(frozen=True)
class ErrorPage:
    """Context of `error.html`."""

    template: ClassVar[str] = "error.html"
    status: int
    title: str
    sentence: str


def handle_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(RectoError, _recto_error)


def problem(
    status: int, sentence: str = "", headers: Mapping[str, str] | None = None, errors: Any = None
) -> ResponseReturnValue:
    """An error response, as a page or as JSON, whichever the caller prefers; the API speaks JSON alone.

    `errors` says in JSON which field is wrong.
    """
    usual = {**SENTENCES, **API_SENTENCES} if is_api() else SENTENCES
    page = ErrorPage(status, TITLES.get(status, "That did not work"), sentence or usual.get(status, ""))
    headers = {"Cache-Control": "no-store", **(headers or {})}
    if status in RETRY_SECONDS:
        headers["Retry-After"] = str(RETRY_SECONDS[status])
    if not wants_json() and not is_api():
        return render(page, status, headers)
    title = HTTP_STATUS_CODES.get(status, page.title) if is_api() else page.title
    more = {"errors": errors} if errors else {}
    response = jsonify(type="about:blank", title=title, status=status, detail=page.sentence, **more)
    response.mimetype = "application/problem+json"
    return response, status, headers


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()
    if isinstance(error, RequestEntityTooLarge):
        drain_body()
    own_words = error.description if error.description != type(error).description else ""
    fields = messages_of(error)
    sentence = sentence_of(fields) if fields else own_words or (_too_large() if status == 413 else "")
    headers = {name: text for name, text in error.get_headers() if name in PASSED_ON}
    return problem(status, sentence, headers, fields)


def _too_large() -> str:
    limit = parts().settings.max_image_bytes / MIB
    return f"An image may have {limit:.0f} MB at most, and this was more. Send a smaller copy, or fewer files at once."


def _recto_error(error: RectoError) -> ResponseReturnValue:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    if status >= 500:
        log.warning("%s %s: %s", request.method, request.path, error)
    return problem(status, str(error))
