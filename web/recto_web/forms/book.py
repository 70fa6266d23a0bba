"""The form of a new book: what was typed and sent, checked, with a sentence for each field that cannot be used."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Request

from recto.records import BOOK_ID_MAX_LENGTH, Book, Side
from recto_web.forms.isbn import compact
from recto_web.forms.uploads import NotUsable, Upload, read_uploads

MAX_FILES = 8
"""Images of one form: both sides with their variants, and still a body that a phone sends in a minute."""
LONGEST = {"title": 500, "authors": 500, "isbn": 40, "publisher": 200, "language": 40, "tags": 500}
LATEST_YEAR = 2999

Images = tuple[tuple[Side, Upload], ...]


@dataclass(frozen=True)
class BookForm:
    """A book as it was typed: `fields` are the texts, `errors` sentences by field, `images` what was sent.

    `clear` names fields to empty; those that were left empty stay as they are.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    status: int = 200
    images: Images = ()
    clear: tuple[str, ...] = ()

    def typed(self, name: str) -> str:
        """What stands in a field."""
        return self.fields.get(name, "")

    def wrong(self, name: str) -> str:
        """What is wrong with a field; empty when nothing is."""
        return self.errors.get(name, "")

    @property
    def book(self) -> Book:
        """The book of the fields, once they have no errors."""
        isbn = compact(self.typed("isbn"))
        year = self.typed("year")
        return Book(
            book_id=self.typed("book_id") or isbn or self._made_id(),
            title=self.typed("title"),
            authors=_split(self.typed("authors")),
            isbn=isbn,
            publisher=self.typed("publisher"),
            year=int(year) if year else None,
            language=self.typed("language"),
            tags=_split(self.typed("tags").replace(",", ";")),
        )

    def _made_id(self) -> str:
        """An id for a book without one: the same when the same form is sent twice."""
        plain = unicodedata.normalize("NFKD", self.typed("title")).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
        said = "\x00".join(
            [self.typed("title"), self.typed("authors"), self.typed("publisher"), self.typed("year")]
        )
        return f"{slug or 'book'}-{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def read_book_form(request: Request, max_bytes: int) -> BookForm:
    """The form of a new book, checked."""
    fields = {name: " ".join(text.split()) for name, text in request.form.items()}
    errors = _wrong_texts(fields)
    images, wrong_images, status = read_images(request, max_bytes)
    errors |= wrong_images
    if not images and not wrong_images:
        errors["front"] = (
            "A picture of the front or the back is needed: without one the book cannot be found."
        )
    clear = tuple(request.form.getlist("clear"))
    return BookForm(fields, errors, max(status, 400) if errors else 200, images, clear)


def read_images(request: Request, max_bytes: int) -> tuple[Images, dict[str, str], int]:
    """The images of the fields `front` and `back`, sentences by field, and the status for HTTP."""
    images: list[tuple[Side, Upload]] = []
    errors: dict[str, str] = {}
    status = 200
    for side in Side:
        try:
            images += [
                (side, upload) for upload in read_uploads(request.files.getlist(side.value), max_bytes)
            ]
        except NotUsable as error:
            errors[side.value], status = str(error), max(status, error.status)
    if len(images) > MAX_FILES:
        errors["front"] = (
            f"At most {MAX_FILES} images are taken at once; add the others on the page of the book."
        )
    return tuple(images), errors, status


def _wrong_texts(fields: Mapping[str, str]) -> dict[str, str]:
    errors = {
        name: f"This is too long: at most {longest} characters."
        for name, longest in LONGEST.items()
        if len(fields.get(name, "")) > longest
    }
    if not fields.get("title"):
        errors["title"] = "A title is needed."
    year = fields.get("year", "")
    if year and not (year.isascii() and year.isdigit() and len(year) <= 4 and int(year) <= LATEST_YEAR):
        errors["year"] = "A year is written in digits, for example 1985."
    book_id = fields.get("book_id", "")
    if len(book_id) > BOOK_ID_MAX_LENGTH or not book_id.isprintable():
        errors["book_id"] = f"An id has at most {BOOK_ID_MAX_LENGTH} characters that can be printed."
    return errors


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())
