"""What may enter the ledger; everything else is refused with a sentence."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection

from recto.errors import BadInput
from recto.ledger.rows import Outcome
from recto.records import BOOK_ID_MAX_LENGTH, Book, wrong_clear

MAX_TITLE = 2000
MAX_NAME = 500
MAX_CODE = 100
MAX_ENTRIES = 200
MAX_EXTRA_TEXT = 20_000
MAX_YEAR = 2999
MAX_PAGE = 10_000_000
MAX_PAGE_SIZE = 1000
_UNTYPABLE = {"Cc", "Cs", "Zl", "Zp"}  # controls, halves of surrogate pairs, ends of lines and paragraphs
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_book(book: Book, clear: Collection[str] = ()) -> None:
    """Refuse what cannot be stored or filtered by, and names of `clear` that cannot be emptied.

    Raises:
        BadInput: the sentence names the field.
    """
    check_book_id(book.book_id)
    _check_text("title", book.title, MAX_TITLE)
    _check_text("publisher", book.publisher, MAX_NAME)
    _check_text("isbn", book.isbn, MAX_CODE)
    _check_text("language", book.language, MAX_CODE)
    _check_names("authors", book.authors)
    _check_names("tags", book.tags)
    if book.year is not None:
        check_year("year", book.year)
    check_extra(book)
    if reason := wrong_clear(book, clear):
        raise BadInput(reason)


def check_book_id(book_id: object) -> None:
    """Refuse an id that is empty, too long, or holds what nobody can type."""
    if not isinstance(book_id, str) or not 1 <= len(book_id) <= BOOK_ID_MAX_LENGTH:
        raise BadInput(f"A book_id must have 1 to {BOOK_ID_MAX_LENGTH} characters.")
    if book_id != book_id.strip() or any(unicodedata.category(mark) in _UNTYPABLE for mark in book_id):
        raise BadInput(
            f"The book_id {book_id!r} has control characters, or spaces at an end; leave them out."
        )


def check_sha256(sha256: str) -> None:
    """Refuse what is not a SHA-256 in lower-case hexadecimal digits."""
    if not _SHA256.fullmatch(sha256):
        raise BadInput(f"{sha256!r} is not a SHA-256 in 64 lower-case hexadecimal digits.")


def check_year(name: str, year: object) -> None:
    """Refuse a year outside of 0 to 2999."""
    if isinstance(year, bool) or not isinstance(year, int) or not 0 <= year <= MAX_YEAR:
        raise BadInput(f"The {name} {year!r} must be a whole number from 0 to {MAX_YEAR}.")


def check_page(page: int, page_size: int) -> None:
    """Refuse pages that do not exist by nature."""
    if not 1 <= page <= MAX_PAGE:
        raise BadInput(f"Pages count from 1 to {MAX_PAGE}, not {page}.")
    if not 1 <= page_size <= MAX_PAGE_SIZE:
        raise BadInput(f"A page has 1 to {MAX_PAGE_SIZE} rows, not {page_size}.")


def check_outcome(name: str) -> Outcome:
    """The outcome of this name; refuse others."""
    if name not in list(Outcome):
        raise BadInput(f"{name!r} is no outcome of an item; there are {', '.join(Outcome)}.")
    return Outcome(name)


def _check_text(name: str, value: object, longest: int) -> None:
    if not isinstance(value, str):
        raise BadInput(f"The {name} must be text, not {value!r}.")
    if len(value) > longest:
        raise BadInput(f"The {name} has {len(value)} characters; at most {longest} are kept.")
    if "\x00" in value or not _is_unicode(value):
        raise BadInput(f"The {name} holds characters that are no text (NUL or half of a surrogate pair).")


def _check_names(name: str, values: object) -> None:
    if not isinstance(values, (tuple, list)) or len(values) > MAX_ENTRIES:
        raise BadInput(f"The {name} must be a list of at most {MAX_ENTRIES} texts.")
    for value in values:
        _check_text(f"list of {name}", value, MAX_NAME)
        if not value.strip():
            raise BadInput(f"The list of {name} has an empty entry; leave it out.")


def check_extra(book: Book) -> None:
    """Refuse other columns that are too many or cannot be stored."""
    if len(book.extra) > MAX_ENTRIES:
        raise BadInput(f"extra has {len(book.extra)} fields; at most {MAX_ENTRIES} are kept.")
    for key, value in book.extra.items():
        _check_text("name of an extra field", key, MAX_NAME)
        if isinstance(value, str):
            _check_text(f"extra field {key!r}", value, MAX_EXTRA_TEXT)
        elif value is not None and not isinstance(value, (int, float)):
            raise BadInput(
                f"The extra field {key!r} must be a text, number, true, false or null: extra is flat."
            )
        elif isinstance(value, float) and not math.isfinite(value):
            raise BadInput(f"The extra field {key!r} must be a finite number.")


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
