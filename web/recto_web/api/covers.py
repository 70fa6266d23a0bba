"""Covers: list, add, get with images, try again, delete."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, abort, make_response, request

from recto.ledger import Entry, EntryItem
from recto.records import BOOK_ID_MAX_LENGTH, Cover, CoverState, Side
from recto_web.api.book_schemas import (
    ConflictQuery,
    ConflictSchema,
    CoverQuery,
    CoverSchema,
    show_conflict,
    show_cover,
)
from recto_web.api.books import NO_BOOK, tell_of_deletion
from recto_web.api.examples import COVER, JOB
from recto_web.api.job_schemas import JobSchema, accepted
from recto_web.api.kit import FILE, NOT_MODIFIED, Resource, described, fails, gives, takes_form, takes_query
from recto_web.api.paging import Answer, answer_page, page_of
from recto_web.forms.book import MAX_FILES, read_images
from recto_web.forms.refusals import refuse_fields
from recto_web.forms.uploads import WEB_SAFE
from recto_web.parts import parts
from recto_web.usecases.adding import enter, wake
from recto_web.usecases.pictures import image_of, thumbnail_of

resource = Resource("covers", "Images of books, and where they stand on their way into the index.")
NO_COVER = "There is no cover with this id."
NO_IMAGE = "There is no such cover, or it was not decoded yet, or could not be."
BINARY = {"schema": FILE}
IMAGES = dict.fromkeys(sorted(WEB_SAFE), BINARY)
FILES = {
    side.value: {
        "type": "array",
        "items": FILE,
        "minItems": 1,
        "maxItems": MAX_FILES,
        "description": f"Pictures of the {side}, one part of the form each; at most {MAX_FILES} of both sides.",
    }
    for side in Side
}
FORM = {
    "book_id": {
        "type": "string",
        "minLength": 1,
        "maxLength": BOOK_ID_MAX_LENGTH,
        "description": "A book that is in the catalogue.",
    }
}
A_PICTURE = [{"required": ["front"]}, {"required": ["back"]}]


@resource.on("GET", "/covers")
@takes_query(CoverQuery)
@gives(200, page_of(CoverSchema), "A page of covers, by state, side and id.", headers=["Link"])
def listing(query: dict[str, Any]) -> Answer:
    """List covers

    For example those of a book, or all that failed.
    """
    return answer_page(parts().ledger.covers(**query), show_cover)


@resource.on("GET", "/barcode-conflicts")
@takes_query(ConflictQuery)
@gives(200, page_of(ConflictSchema), "A page of such covers, by book.", headers=["Link"])
def conflicts(query: dict[str, Any]) -> Answer:
    """List covers whose barcode is not that of their book

    All, or those of a job or book. They are searchable all the same.
    """
    return answer_page(parts().ledger.barcode_conflicts(**query), show_conflict)


@resource.on("POST", "/covers")
@takes_form(FORM, FILES, MAX_FILES, required=["book_id"], anyOf=A_PICTURE)
@gives(202, JobSchema, "The job that brings them into the index.", example=JOB, headers=["Location"])
@fails(s404=NO_BOOK, s413="An image is too large.", s422="A field or file cannot be used.")
def add() -> Response:
    """Add covers to a book

    At least one picture; a cover that is indexed already stays as it is.
    """
    images, errors, status = read_images(request, parts().settings.max_image_bytes)
    if not images and not errors:
        errors["front"] = "A picture of the front or the back is needed."
    if errors:
        refuse_fields(errors, status)
    book_id = request.form.get("book_id", "")
    book = parts().ledger.book(book_id) or abort(404, NO_BOOK)
    return accepted(enter(book, images))


@resource.on("GET", "/covers/<uuid:cover_id>")
@gives(200, CoverSchema, "The cover.", example=COVER)
@fails(s404=NO_COVER)
def get(cover_id: UUID) -> dict[str, Any]:
    """Get a cover"""
    return show_cover(_cover(cover_id))


@resource.on("DELETE", "/covers/<uuid:cover_id>")
@gives(204, description="The cover is gone; its image goes as soon as a worker runs.")
@fails(s404=NO_COVER)
def delete(cover_id: UUID) -> Response:
    """Delete a cover

    The other covers of its book pass through the index once more.
    """
    if not parts().ledger.delete_cover(str(cover_id)):
        abort(404, NO_COVER)
    tell_of_deletion()
    return make_response("", 204)


@resource.on("POST", "/covers/<uuid:cover_id>/retry")
@gives(202, JobSchema, "The job that tries it again.", example=JOB, headers=["Location"])
@fails(s404=NO_COVER, s409="The cover did not fail.")
def retry(cover_id: UUID) -> Response:
    """Try a failed cover again"""
    cover = _cover(cover_id)
    if cover.state is not CoverState.FAILED:
        abort(409, f"Only a cover that failed can be tried again; this one is {cover.state}.")
    ledger = parts().ledger
    book = ledger.book(cover.book_id) or abort(404, NO_BOOK)
    job_id = ledger.create_job("ingest", book.title or book.book_id)
    ledger.acknowledge(job_id, [Entry(book, (EntryItem(cover.side, "", cover.sha256),))])
    ledger.finish_listing(job_id)
    wake()
    return accepted(job_id)


@resource.on("GET", "/covers/<uuid:cover_id>/thumbnail")
@described(
    responses={
        200: {"description": "A JPEG of at most 480 pixels.", "content": {"image/jpeg": BINARY}},
        **NOT_MODIFIED,
    }
)
@fails(s404=NO_IMAGE)
def thumbnail(cover_id: UUID) -> Response:
    """Get the thumbnail of a cover"""
    return thumbnail_of(_cover(cover_id)) or abort(404, NO_IMAGE)


@resource.on("GET", "/covers/<uuid:cover_id>/image")
@described(responses={200: {"description": "The original.", "content": IMAGES}, **NOT_MODIFIED})
@fails(s404=NO_IMAGE)
def image(cover_id: UUID) -> Response:
    """Get the image of a cover

    The original as it was given; a thumbnail where browsers do not show its type (TIFF, HEIC).
    """
    return image_of(_cover(cover_id)) or abort(404, NO_IMAGE)


def _cover(cover_id: UUID) -> Cover:
    return parts().ledger.cover(str(cover_id)) or abort(404, NO_COVER)
