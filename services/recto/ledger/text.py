"""Folded text: what is compared and sorted without regard to case, accents and typographic forms, in any script."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from recto.records import Book

LONGEST_ISBN = 13


def fold(text: str) -> str:
    """Compatibility form, casefolded, without combining marks: `Straße` and `STRASSE`, `Café` and `cafe` are equal."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in plain if not unicodedata.combining(character)).replace(
        "\x00", ""
    )


def search_text(book: Book) -> str:
    """The text that a query is looked up in, one field a line."""
    compact = book.isbn.replace("-", "").replace(" ", "")
    return fold("\n".join([book.title, *book.authors, book.isbn, compact, book.book_id]))


def sort_title(book: Book) -> str:
    """What a catalogue is sorted by."""
    return fold(book.title.strip() or book.book_id)


def query_words(query: str) -> list[str]:
    """Folded words of a query, all of which must occur; an ISBN with hyphens or spaces becomes one word."""
    compact = query.replace("-", "").replace(" ", "")
    if len(compact) <= LONGEST_ISBN and compact[:-1].isdigit() and len(compact) >= LONGEST_ISBN - 3:
        return [fold(compact)]
    return [fold(word) for word in query.split()]


def terms(book: Book) -> Iterator[tuple[str, str]]:
    """(kind, folded term) pairs that a catalogue can be filtered by."""
    for kind, values in (
        ("author", book.authors),
        ("publisher", (book.publisher,)),
        ("language", (book.language,)),
        ("tag", book.tags),
    ):
        yield from sorted({(kind, fold(value)) for value in values if value})
