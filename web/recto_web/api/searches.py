"""Searches: send photos, wait for the answer, get it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, abort, jsonify, make_response, request, url_for
from flask.typing import ResponseReturnValue

from recto.ledger import SearchRow
from recto_web.api.examples import SEARCH
from recto_web.api.kit import FILE, NOT_MODIFIED, Resource, described, fails, gives, may_give, takes_form
from recto_web.api.search_schemas import PendingSchema, SearchSchema
from recto_web.errors import problem
from recto_web.forms.refusals import refuse_fields
from recto_web.forms.search import DEFAULT_LIMIT, LATEST_YEAR, MAX_LIMIT, MAX_PHOTOS, read_search_form
from recto_web.forms.uploads import WEB_SAFE
from recto_web.parts import parts
from recto_web.usecases.pictures import photo_of
from recto_web.usecases.searching import RETRY_SECONDS, send, wait_for

resource = Resource("searches", "Which book does a photo show?")
NO_SEARCH = "There is no search with this id, or it was cleared away."
NO_ANSWER = "No worker answered in time. Send the photo again."
FILES = {
    "photo": {**FILE, "description": "A photo of the front or back of a book."},
    "front": {**FILE, "description": "A photo of the front, where that is known."},
    "back": {**FILE, "description": "A photo of the back, alone or with one of the front of the same book."},
}
ONE_OR_BOTH = [{"required": ["photo"]}, {"anyOf": [{"required": ["front"]}, {"required": ["back"]}]}]
"""Either a photo of some side, or photos of known sides."""
_YEAR = {"type": "integer", "minimum": 1, "maximum": LATEST_YEAR}
_TEXT = {"type": "string", "maxLength": 500}
FIELDS: Mapping[str, Any] = {
    "year_from": {**_YEAR, "description": "Only books from this year on."},
    "year_to": {**_YEAR, "description": "Only books up to this year."},
    "author": {"type": "array", "items": _TEXT, "description": "Only books by one of these authors."},
    "publisher": {**_TEXT, "description": "Only books of this publisher."},
    "language": {**_TEXT, "description": "Only books in this language."},
    "tag": {**_TEXT, "description": "Only books with this tag."},
    "limit": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_LIMIT,
        "default": DEFAULT_LIMIT,
        "description": "Books that the answer lists at most.",
    },
}
PHOTO = {"schema": FILE}


@resource.on("POST", "/searches")
@takes_form(FIELDS, FILES, MAX_PHOTOS, oneOf=ONE_OR_BOTH)
@gives(200, SearchSchema, "The answer.", example=SEARCH, headers=["Location"])
@may_give(
    202, PendingSchema, "The answer takes longer than two seconds.", headers=["Location", "Retry-After"]
)
@fails(s413="A photo is too large.", s422="A field or photo cannot be used.", s429="Too many searches wait.")
def start() -> ResponseReturnValue:
    """Search by photos

    One photo, or one of each side of the same book. The answer comes within two seconds, or 202 says where it will be.
    """
    if "photo" in request.files and len(request.files) > 1:
        refuse_fields({"photo": "Send either this, or photos of known sides (front, back)."})
    filled = read_search_form(request, parts().settings.max_image_bytes)
    if filled.errors:
        refuse_fields(filled.errors, filled.status)
    photos = [(side, upload.data) for side, upload in filled.photos]
    return _answer(wait_for(send(photos, filled.where, filled.limit)))


@resource.on("GET", "/searches/<search_id>")
@gives(200, SearchSchema, "The answer.", example=SEARCH, headers=["Location"])
@may_give(202, PendingSchema, "There is no answer yet.", headers=["Location", "Retry-After"])
@fails(s404=NO_SEARCH, s422="The photo could not be read.", s503="No worker answered in time.")
def get(search_id: str) -> ResponseReturnValue:
    """Get the answer of a search"""
    return _answer(parts().ledger.search(search_id) or abort(404, NO_SEARCH))


@resource.on("GET", "/searches/<search_id>/photos/<int:number>")
@described(
    responses={
        200: {
            "description": "The photo, upright once it was searched.",
            "content": dict.fromkeys(sorted(WEB_SAFE), PHOTO),
        },
        **NOT_MODIFIED,
    }
)
@fails(s404="There is no such photo, or it could not be read.")
def photo(search_id: str, number: int) -> Response:
    """Get a photo of a search, counted from 0"""
    return photo_of(search_id, number)


def _answer(row: SearchRow) -> ResponseReturnValue:
    if row.state == "failed":
        return problem(422, row.error)
    if row.state == "expired":
        return problem(503, row.error or NO_ANSWER)
    url = url_for("api_searches.get", search_id=row.search_id)
    body: dict[str, Any] = {"search_id": row.search_id, "state": row.state, "url": url}
    if row.result is not None:
        body |= {**row.result, "photos": _photos(row.search_id, row.result)}
    response = make_response(jsonify(body), 200 if row.result is not None else 202)
    response.headers["Location"] = url
    if row.result is None:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        response.headers["Cache-Control"] = "no-store"
    return response


def _photos(search_id: str, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "url": url_for("api_searches.photo", search_id=search_id, number=number),
            **{name: photo[name] for name in ("width", "height", "side")},
        }
        for number, photo in enumerate(answer["photos"])
    ]
