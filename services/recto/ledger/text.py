"""Folded text: compared and sorted without regard to case, accents and typographic forms, in any script."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from recto.isbn import ean13
from recto.records import Book

LONGEST_ISBN = 13
KEY_LENGTH = 200
ISBN = "isbn"
"""Kind of the terms that are numbers of books, as EAN-13."""


def fold(text: str) -> str:
    """Compatibility form, casefolded, without combining marks: `Straße` is `STRASSE`, `Café` is `cafe`."""
    plain = unicodedata.normalize("NFKD", storable(text)).casefold()
    return "".join(character for character in plain if not unicodedata.combining(character))


def key(text: str) -> str:
    """Folded text for an index, cut to what one takes: PostgreSQL limits an entry to 2,704 bytes."""
    return fold(text)[:KEY_LENGTH]


def storable(text: str) -> str:
    """The text without what a database cannot hold: NUL, and bytes of a file name that are no UTF-8."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def search_text(book: Book) -> str:
    """The text that a query is looked up in, one field a line."""
    compact = book.isbn.replace("-", "").replace(" ", "")
    return fold("\n".join([book.title, *book.authors, book.isbn, compact, book.book_id]))


def sort_title(book: Book) -> str:
    """What a catalogue is sorted by."""
    return key(book.title.strip() or book.book_id)


def query_words(query: str) -> list[str]:
    """Folded words of a query, all of which must occur; an ISBN with hyphens or spaces becomes one word."""
    compact = query.replace("-", "").replace(" ", "")
    if len(compact) <= LONGEST_ISBN and compact[:-1].isdigit() and len(compact) >= LONGEST_ISBN - 3:
        return [fold(compact)]
    return [fold(word) for word in query.split()]


def terms(book: Book) -> Iterator[tuple[str, str]]:
    """(kind, folded term) pairs that a catalogue can be filtered by, and the numbers that a book is found by."""
    for kind, values in (
        ("author", book.authors),
        ("publisher", (book.publisher,)),
        ("language", (book.language,)),
        ("tag", book.tags),
    ):
        yield from sorted({(kind, key(value)) for value in values if value})
    yield from ((ISBN, number) for number in numbers(book.isbn, book.book_id))


def numbers(isbn: str, book_id: str) -> list[str]:
    """What barcodes of a book may say by its record: its ISBN and its id as EAN-13, where they are such numbers."""
    return sorted({number for text in (isbn, book_id) if (number := ean13(text))})
