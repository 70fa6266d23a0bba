"""Books: list, get, enter or change, delete."""

from __future__ import annotations

import logging
from typing import Any

from flask import Response, abort, jsonify, make_response, request, url_for
from flask.typing import ResponseReturnValue

from recto.errors import BadInput, Unavailable
from recto.ledger.validation import check_book
from recto.records import Book
from recto_web.api.book_schemas import (
    BookChangeSchema,
    BookQuery,
    BookSchema,
    ListedBookSchema,
    show_book,
    show_listed_book,
)
from recto_web.api.etags import allowed, etag_of
from recto_web.api.examples import BOOK, BOOK_FIELDS
from recto_web.api.kit import NOT_MODIFIED, Resource, described, fails, gives, takes_json, takes_query
from recto_web.api.paging import Answer, answer_page, page_of
from recto_web.parts import parts
from recto_web.usecases.adding import wake

log = logging.getLogger(__name__)
resource = Resource("books", "The catalogue.")
NO_BOOK = "There is no book with this id."
IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": "`ETag` of the book as you know it; if it is another by now, nothing happens (412).",
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "schema": {"type": "string"},
    "description": "`*`: enter the book only if there is none with this id (else 412).",
}


@resource.on("GET", "/books")
@takes_query(BookQuery)
@gives(200, page_of(ListedBookSchema), "A page of books, by title.", headers=["Link"])
def listing(query: dict[str, Any]) -> Answer:
    """List books

    Case and accents do not matter.
    """
    words = query.pop("q")
    return answer_page(parts().ledger.browse(query=words, **query), show_listed_book)


@resource.on("GET", "/books/<book:book_id>")
@described(
    parameters=[{**IF_NONE_MATCH, "description": "`ETag` of the copy that you have."}], responses=NOT_MODIFIED
)
@gives(200, BookSchema, "The book.", example=BOOK, headers=["ETag"])
@fails(s404=NO_BOOK)
def get(book_id: str) -> ResponseReturnValue:
    """Get a book"""
    response = _answer(parts().ledger.book(book_id) or abort(404, NO_BOOK), 200)
    return response.make_conditional(request)


@resource.on("PUT", "/books/<book:book_id>")
@described(parameters=[IF_MATCH, IF_NONE_MATCH])
@takes_json(BookChangeSchema, BOOK_FIELDS)
@gives(201, BookSchema, "The book was entered.", example=BOOK, headers=["ETag", "Location"])
@gives(200, BookSchema, "The book as it stands now.", example=BOOK, headers=["ETag"])
@fails(
    s412="The condition of the header does not hold; nothing was changed.",
    s422="A field cannot be used, or `clear` names one that cannot be emptied.",
)
def put(fields: dict[str, Any], book_id: str) -> Response:
    """Enter a book, or change what is said of it

    A field that is left out, empty or null stays as it is; `clear` names fields to empty. Its covers stay. A change
    of what searches filter by sends them through the index once more.
    """
    if not request.data:
        abort(400, "The body must be a JSON object.")
    clear = fields.pop("clear") or ()
    given = {name: value for name, value in fields.items() if value is not None}
    authors, tags = tuple(given.pop("authors", ())), tuple(given.pop("tags", ()))
    said = Book(book_id, authors=authors, tags=tags, **given)
    try:
        check_book(said, clear)  # before any condition of the headers
        book, is_new = parts().ledger.change_book(said, allowed(show_book), clear)
    except BadInput as error:
        abort(422, str(error))
    wake()
    response = _answer(book, 201 if is_new else 200)
    if is_new:
        response.headers["Location"] = url_for("api_books.get", book_id=book_id)
    return response


@resource.on("DELETE", "/books/<book:book_id>")
@described(parameters=[IF_MATCH])
@gives(
    204, description="The book is gone from catalogue and answers; its images go as soon as a worker runs."
)
@fails(s404=NO_BOOK, s412="The book was changed meanwhile; it was not deleted.")
def delete(book_id: str) -> Response:
    """Delete a book with its covers"""
    if not parts().ledger.delete_book(book_id, allowed(show_book)):
        abort(404, NO_BOOK)
    tell_of_deletion()
    return make_response("", 204)


def tell_of_deletion() -> None:
    """Let the index forget what was deleted; without Redis the workers find out by themselves."""
    try:
        parts().producer.send_delete()
    except Unavailable as error:
        log.warning("The workers were not told of a deletion: %s", error)


def _answer(book: Book, status: int) -> Response:
    body = show_book(book)
    response = make_response(jsonify(body), status)
    response.set_etag(etag_of(body))
    return response
