"""One record of a manifest to a book with its files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recto.intake.manifest import cells
from recto.intake.manifest.cells import Record, UnusableError
from recto.records import BOOK_ID_MAX_LENGTH, Book, wrong_clear
from recto.storage.s3 import Place

_SIDE_SUFFIX = re.compile(r"_(front|back)$", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_ROUNDED = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)


@dataclass(frozen=True)
class ManifestRow:
    """A book, as a row says it, and its cover files; `clear` names fields to empty.

    Several rows may name one book: what they say, and its covers, are then joined.
    """

    line: int
    book: Book
    fronts: tuple[Place, ...]
    backs: tuple[Place, ...]
    clear: tuple[str, ...] = ()


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used, and the reason as a sentence. `line` counts from 1, in a folder files."""

    line: int
    reason: str


def to_row(line: int, record: Record | str, locate: Callable[[str], Place]) -> ManifestRow | BadRow:
    """The book of a record, or why there is none; `locate` gives the real place of a file that it names."""
    if isinstance(record, str):
        return BadRow(line, record)
    try:
        front_names = cells.paths(record.get("front"), "front")
        back_names = cells.paths(record.get("back"), "back")
        clear = tuple(map(cells.column_name, cells.names(record.get("clear"), "clear")))
        book = _book(record, (*front_names, *back_names), clear)
        if reason := wrong_clear(book, clear):
            return BadRow(line, reason)
        return ManifestRow(line, book, tuple(map(locate, front_names)), tuple(map(locate, back_names)), clear)
    except UnusableError as error:
        return BadRow(line, str(error))


def book_id_of(file_name: str) -> str:
    """The book that a file belongs to by its name: `X` for `X.jpg`, `X_front.jpg` and `X_back.jpg`."""
    return _SIDE_SUFFIX.sub("", Path(file_name).stem)


def _book(record: Record, file_names: tuple[str, ...], clear: tuple[str, ...]) -> Book:
    book_id = cells.one_line(record.get("book_id"), "book_id")
    if not book_id and file_names:
        book_id = book_id_of(file_names[0])
    isbn = cells.one_line(record.get("isbn"), "isbn")
    _check_book_id(book_id)
    if _ROUNDED.fullmatch(book_id) or _ROUNDED.fullmatch(isbn):
        raise UnusableError("A spreadsheet has rounded the number of the book; format that column as text.")
    return Book(
        book_id=book_id,
        title=cells.one_line(record.get("title"), "title"),
        authors=cells.names(record.get("authors"), "authors"),
        isbn=isbn,
        publisher=cells.one_line(record.get("publisher"), "publisher"),
        year=cells.year(record.get("year")),
        language=cells.one_line(record.get("language"), "language"),
        tags=cells.names(record.get("tags"), "tags"),
        extra=cells.other_columns(record, clear),
    )


def _check_book_id(book_id: str) -> None:
    if not book_id:
        raise UnusableError("The row has no book_id, and no file to take one from.")
    if len(book_id) > BOOK_ID_MAX_LENGTH:
        raise UnusableError(
            f"The book_id has {len(book_id)} characters, and at most {BOOK_ID_MAX_LENGTH} are allowed."
        )
    if _CONTROL.search(book_id):
        raise UnusableError("The book_id has control characters.")
