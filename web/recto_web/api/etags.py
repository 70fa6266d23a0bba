"""Conditional requests (RFC 9110): a copy that is still good is not sent again, an outdated edit not taken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from flask import request
from werkzeug.exceptions import HTTPException, PreconditionFailed

from recto.records import Book

CHANGED = "Somebody changed the book meanwhile: get it again, and repeat the change on what it is now."
EXISTS = "There is a book with this id already."
GONE = "There is no book with this id, so it cannot be in the state that If-Match names."


def etag_of(body: Any) -> str:
    """Entity tag of a JSON body."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def allowed(show: Callable[[Book], Any]) -> Callable[[Book | None], None]:
    """A check of what stands there against `If-Match` and `If-None-Match`; it raises when they do not hold."""
    if_match, if_none_match = request.if_match, request.if_none_match

    def check(book: Book | None) -> None:
        etag = etag_of(show(book)) if book is not None else ""
        if "If-Match" in request.headers and (book is None or not if_match.contains(etag)):
            raise refusal(GONE if book is None else CHANGED)
        if "If-None-Match" in request.headers and book is not None and if_none_match.contains_weak(etag):
            raise refusal(EXISTS)

    return check


def refusal(sentence: str) -> HTTPException:
    """Status 412."""
    return PreconditionFailed(sentence)
