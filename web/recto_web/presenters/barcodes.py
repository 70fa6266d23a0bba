"""What the result page says of the barcodes that were read: plain records for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from recto.records import Book
from recto_web.parts import parts

ALONE, AGREES, OTHER, COVER_DIFFERS, UNKNOWN, LEFT_OUT = (
    "alone",
    "agrees",
    "other",
    "cover",
    "unknown",
    "left_out",
)
"""What a barcode says beside the answer: it is all there is, it fits, it is another book's, the covers show another
book, nobody has it, its book is not among the answers (a filter excludes it)."""


@dataclass(frozen=True)
class BarcodeView:
    """A barcode: its number, what it says, the books that have it as (id, title), where to add one that is missing."""

    number: str
    says: str
    books: tuple[tuple[str, str], ...]
    add_url: str


def barcodes(result: Mapping[str, Any]) -> list[BarcodeView]:
    """The barcodes of a result; numbers that are no ISBN are shown only where a book has them."""
    read: list[Mapping[str, Any]] = result.get("barcodes", [])
    known = parts().ledger.books_by_id(sorted({book_id for barcode in read for book_id in barcode["books"]}))
    views: dict[str, BarcodeView] = {}
    for barcode in read:
        if barcode["books"] or barcode["isbn"]:
            views.setdefault(barcode["text"], _view(barcode, result, known))
    return list(views.values())


def _view(barcode: Mapping[str, Any], result: Mapping[str, Any], known: Mapping[str, Book]) -> BarcodeView:
    says = _says(barcode, result["books"], result["verdict"] != "not_found")
    books = [book_id for book_id in barcode["books"] if book_id in known]
    named = tuple((book_id, known[book_id].title or book_id) for book_id in books)
    add_url = url_for("add_book.form", isbn=barcode["isbn"]) if says == UNKNOWN else ""
    return BarcodeView(barcode["text"], says, named, add_url)


def _says(barcode: Mapping[str, Any], books: Sequence[Mapping[str, Any]], is_found: bool) -> str:
    if not barcode["books"]:
        return UNKNOWN
    if not any(book["book_id"] in barcode["books"] for book in books):
        return LEFT_OUT
    is_first = is_found and books[0]["book_id"] in barcode["books"]
    if barcode["agrees"] is False:
        return COVER_DIFFERS if is_first else OTHER
    if barcode["agrees"]:
        return AGREES
    return ALONE if is_first else LEFT_OUT
