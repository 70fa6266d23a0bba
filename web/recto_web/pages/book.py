"""The page of a book: its covers, what is known of it, adding covers, deleting it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from recto.errors import Unavailable
from recto.records import Book, Cover, Side
from recto_web.forms import isbn
from recto_web.forms.book import MAX_FILES, read_images
from recto_web.parts import parts
from recto_web.presenters.words import listed
from recto_web.rendering import render
from recto_web.security.guard import accepts_files
from recto_web.usecases.adding import enter

log = logging.getLogger(__name__)
blueprint = Blueprint("book", __name__)


@dataclass(frozen=True)
class BookPage:
    """Context of `book.html`. `sides` holds the covers of each side, `errors` sentences by field of the cover form."""

    template: ClassVar[str] = "book.html"
    book: Book
    sides: tuple[tuple[Side, tuple[Cover, ...]], ...]
    isbn_warning: str
    conflicts: dict[str, str]  # by cover_id, where its barcode is not the book's
    errors: dict[str, str]
    max_bytes: int
    alike: int  # pairs of covers of which one is this book's


@blueprint.get("/books/<book:book_id>")
def show(book_id: str) -> ResponseReturnValue:
    """The page of a book."""
    return render(_page(_book(book_id), {}))


@blueprint.post("/books/<book:book_id>/covers")
@accepts_files(MAX_FILES)
def add_covers(book_id: str) -> ResponseReturnValue:
    """Add covers to a book."""
    book = _book(book_id)
    images, errors, status = read_images(request, parts().settings.max_image_bytes)
    if not images and not errors:
        errors["front"] = "Choose an image of the front or the back first."
    if errors:
        return render(_page(book, errors), max(status, 400))
    return redirect(url_for("jobs.show", job_id=enter(book, images)), 303)


@blueprint.post("/books/<book:book_id>/delete")
def delete(book_id: str) -> ResponseReturnValue:
    """Delete a book: it is gone from catalogue and answers at once, its vectors and images as soon as a worker runs."""
    if not parts().ledger.delete_book(book_id):
        abort(404, "There is no book with this id. It may have been deleted already.")
    try:
        parts().producer.send_delete()
    except Unavailable as error:  # the workers look for deleted books by themselves
        log.warning("The workers were not told of a deletion: %s", error)
    return redirect(url_for("catalogue.browse", deleted=1), 303)


def _book(book_id: str) -> Book:
    return parts().ledger.book(book_id) or abort(
        404, "There is no book with this id. It may have been deleted."
    )


def _page(book: Book, errors: dict[str, str]) -> BookPage:
    covers = parts().ledger.covers_of(book.book_id)
    sides = tuple((side, tuple(cover for cover in covers if cover.side is side)) for side in Side)
    limit = parts().settings.max_image_bytes
    alike = sum(parts().ledger.duplicate_counts(book_id=book.book_id).values())
    warning, conflicts = isbn.warning(book.isbn), _conflicts(book.book_id)
    return BookPage(book, sides, warning, conflicts, errors, limit, alike)


def _conflicts(book_id: str) -> dict[str, str]:
    found = parts().ledger.barcode_conflicts(book_id=book_id).items
    return {
        conflict.cover.cover_id: f"Its barcode says {listed(conflict.barcodes)}, "
        f"the record {listed(conflict.isbns)}: is this the cover of another edition, or is the ISBN wrong?"
        for conflict in found
    }
