"""Adding a book: a form with both sides and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from recto.errors import BadInput
from recto.isbn import ean13
from recto.ledger.validation import check_book
from recto.records import BOOK_FIELDS, Book, is_said
from recto.settings import MIB
from recto_web.forms.book import MAX_FILES, BookForm, read_book_form
from recto_web.parts import parts
from recto_web.rendering import render
from recto_web.security.guard import accepts_files
from recto_web.usecases.adding import enter

blueprint = Blueprint("add_book", __name__)


@dataclass(frozen=True)
class AddBookPage:
    """Context of `add_book.html`. `existing` is the book that already has the id that was typed."""

    template: ClassVar[str] = "add_book.html"
    form: BookForm
    existing: Book | None
    max_bytes: int
    max_files: int = MAX_FILES

    @property
    def kept(self) -> tuple[str, ...]:
        """Fields of the existing book that were left empty, so that they stay as they are unless emptied."""
        typed = self.form.book
        return tuple(
            name
            for name in BOOK_FIELDS
            if self.existing and is_said(getattr(self.existing, name)) and not is_said(getattr(typed, name))
        )

    @property
    def max_megabytes(self) -> int:
        """Largest image in MB."""
        return self.max_bytes // MIB


@blueprint.get("/books/new")
def form() -> ResponseReturnValue:
    """The form, empty but for an ISBN that was read from a photo."""
    isbn = ean13(request.args.get("isbn", ""))
    fields = {"isbn": isbn} if isbn else {}
    return render(AddBookPage(BookForm(fields), None, parts().settings.max_image_bytes))


@blueprint.post("/books")
@accepts_files(MAX_FILES)
def add() -> ResponseReturnValue:
    """Take the book in and lead to its job; a form with mistakes comes back with what was typed."""
    max_bytes = parts().settings.max_image_bytes
    filled = read_book_form(request, max_bytes)
    if filled.errors:
        return render(AddBookPage(filled, None, max_bytes), filled.status)
    try:
        check_book(filled.book, filled.clear)
    except BadInput as error:
        filled.errors["form"] = str(error)
        return render(AddBookPage(filled, None, max_bytes), 400)
    existing = parts().ledger.book(filled.book.book_id)
    if existing is not None and _changes(existing, filled) and not filled.typed("replace"):
        return render(AddBookPage(filled, existing, max_bytes), 409)
    job_id = enter(filled.book, filled.images, filled.clear)
    return redirect(url_for("jobs.show", job_id=job_id), 303)


def _changes(existing: Book, filled: BookForm) -> bool:
    """True when the form says something else than the catalogue."""
    return existing.updated(filled.book, filled.clear) != existing
