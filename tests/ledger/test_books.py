"""Books and covers: entering, looking up, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.ledger.entries import index_all, put, sha256, stage_all

from recto.errors import BadInput, NotFound
from recto.ledger import Ledger
from recto.records import Book, CoverState, Side, cover_id

BOOK = Book(
    "isbn:978-3-16-148410-0",
    "Gödel, Escher, Bach 🕮",
    ("Douglas R. Hofstadter", "ダグラス"),
    isbn="978-3-16-148410-0",
    publisher="Klett-Cotta",
    year=1985,
    language="de",
    tags=("logic", "music"),
    extra={"shelf": "B 12", "pages": 844, "price": 39.9, "lent": False},
)


def test_a_book_comes_back_as_it_was_put(ledger: Ledger) -> None:
    ledger.put_book(BOOK)
    assert ledger.book(BOOK.book_id) == BOOK


def test_putting_a_book_again_changes_what_is_said_and_nothing_else(ledger: Ledger) -> None:
    ledger.put_book(BOOK)
    ledger.put_book(Book(BOOK.book_id, "Metamagicum", extra={"pages": 12, "shelf": None, "lent": ""}))
    assert BOOK.extra["pages"] == 844
    changed = replace(BOOK, title="Metamagicum", extra={**BOOK.extra, "pages": 12})
    assert ledger.book(BOOK.book_id) == changed
    ledger.put_book(Book(BOOK.book_id, extra={"lent": None}), ["year", "lent"])
    del changed.extra["lent"]  # type: ignore[attr-defined]
    assert ledger.book(BOOK.book_id) == replace(changed, year=None)
    assert ledger.browse().total == 1


def test_unknown_books_and_covers_are_left_out(ledger: Ledger) -> None:
    ledger.put_book(BOOK)
    assert ledger.book("another") is None
    assert list(ledger.books_by_id(["another", BOOK.book_id])) == [BOOK.book_id]
    assert ledger.books_by_id([]) == {}
    assert ledger.cover("another") is None


def test_thousands_of_books_are_looked_up_at_once(ledger: Ledger) -> None:
    ledger.put_book(BOOK)
    ids = [f"missing-{number}" for number in range(40_000)]
    assert list(ledger.books_by_id([*ids, BOOK.book_id])) == [BOOK.book_id]


def test_a_new_cover_is_queued_under_the_id_of_its_bytes(ledger: Ledger) -> None:
    ledger.put_book(BOOK)
    cover, changed = ledger.add_cover(BOOK.book_id, Side.BACK, sha256("back"))
    assert changed
    assert cover.cover_id == cover_id(BOOK.book_id, Side.BACK, sha256("back"))
    assert (cover.state, cover.attempts) == (CoverState.QUEUED, 0)
    assert ledger.cover(cover.cover_id) == cover


def test_a_cover_on_its_way_or_indexed_is_unchanged(ledger: Ledger) -> None:
    put(ledger, "a")
    ids = [cover.cover_id for cover in ledger.covers_of("a")]
    for advance in (lambda: None, lambda: stage_all(ledger), lambda: ledger.mark_indexed(ids, "recipe")):
        advance()
        before = ledger.covers_of("a")
        assert ledger.add_cover("a", Side.FRONT, sha256("image")) == (before[0], False)
        assert ledger.covers_of("a") == before


def test_a_failed_cover_is_queued_anew_when_it_is_added_again(ledger: Ledger) -> None:
    cover = put(ledger, "a")
    ledger.claim("worker", 1, 60.0)
    ledger.mark_failed(cover.cover_id, "decode", "It is a text file.")
    again, changed = ledger.add_cover("a", Side.FRONT, cover.sha256)
    assert changed
    assert again == cover


def test_a_side_may_have_several_covers_fronts_first(ledger: Ledger) -> None:
    covers = [
        put(ledger, "a", side, name)
        for side, name in [(Side.BACK, "1"), (Side.FRONT, "2"), (Side.FRONT, "3")]
    ]
    assert ledger.covers_of("a") == [covers[1], covers[2], covers[0]]
    assert ledger.covers_by_id([cover.cover_id for cover in covers]) == {
        cover.cover_id: cover for cover in covers
    }


def test_a_cover_needs_its_book(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="'nobody'"):
        ledger.add_cover("nobody", Side.FRONT, sha256("x"))


def test_a_cover_needs_a_sha256(ledger: Ledger) -> None:
    ledger.put_book(BOOK)
    with pytest.raises(BadInput, match="SHA-256"):
        ledger.add_cover(BOOK.book_id, Side.FRONT, sha256("x").upper())


CHANGES: dict[str, Callable[[Book], Book]] = {
    "authors": lambda book: replace(book, authors=("Someone",)),
    "publisher": lambda book: replace(book, publisher="Another"),
    "year": lambda book: replace(book, year=2001),
    "language": lambda book: replace(book, language="en"),
    "tags": lambda book: replace(book, tags=("logic",)),
}


@pytest.mark.parametrize("field", CHANGES)
def test_indexed_covers_are_queued_anew_when_a_filter_field_changes(ledger: Ledger, field: str) -> None:
    ledger.put_book(BOOK)
    ledger.add_cover(BOOK.book_id, Side.FRONT, sha256("front"))
    index_all(ledger)
    ledger.put_book(CHANGES[field](BOOK))
    cover = ledger.covers_of(BOOK.book_id)[0]
    assert (cover.state, cover.attempts) == (CoverState.QUEUED, 0)


def test_a_staged_cover_is_queued_anew_too_since_its_payload_may_be_on_its_way(ledger: Ledger) -> None:
    ledger.put_book(BOOK)
    ledger.add_cover(BOOK.book_id, Side.FRONT, sha256("front"))
    ids = stage_all(ledger)
    ledger.put_book(replace(BOOK, year=2001))
    assert ledger.mark_indexed(ids, "recipe") == []
    assert ledger.covers_of(BOOK.book_id)[0].state is CoverState.QUEUED


def test_indexed_covers_stay_when_only_the_title_changes(ledger: Ledger) -> None:
    ledger.put_book(BOOK)
    ledger.add_cover(BOOK.book_id, Side.FRONT, sha256("front"))
    index_all(ledger)
    ledger.put_book(replace(BOOK, title="Another", extra={}))
    assert ledger.covers_of(BOOK.book_id)[0].state is CoverState.INDEXED


@pytest.mark.parametrize("book_id", ["x", "x" * 128, "a/b?c#d", "多 語", "می‌خواهم", "%_'\"\\"])
def test_any_id_that_can_be_typed_is_taken(ledger: Ledger, book_id: str) -> None:
    ledger.put_book(Book(book_id))
    assert ledger.browse(book_id).items[0].book == Book(book_id)


REFUSED: dict[str, tuple[str, Any]] = {
    "no id": ("book_id", ""),
    "long id": ("book_id", "x" * 129),
    "id with a line end": ("book_id", "a\nb"),
    "id with NUL": ("book_id", "a\x00b"),
    "id with half a surrogate pair": ("book_id", "a\udc80"),
    "id with a space behind": ("book_id", "a "),
    "id that is a number": ("book_id", 5),
    "long title": ("title", "x" * 2001),
    "title with NUL": ("title", "a\x00"),
    "authors as text": ("authors", "Someone"),
    "empty author": ("authors", ("Someone", " ")),
    "many tags": ("tags", ("x",) * 201),
    "early year": ("year", -1),
    "late year": ("year", 3000),
    "year as text": ("year", "1999"),
    "year that is true": ("year", True),
    "nested extra": ("extra", {"a": {"b": 1}}),
    "extra list": ("extra", {"a": [1]}),
    "extra NaN": ("extra", {"a": float("nan")}),
    "long extra": ("extra", {"a": "x" * 20_001}),
}


@pytest.mark.parametrize(("field", "value"), REFUSED.values(), ids=REFUSED)
def test_a_bad_field_is_refused_by_its_name(ledger: Ledger, field: str, value: Any) -> None:
    with pytest.raises(BadInput, match=field.rstrip("s")):
        ledger.put_book(replace(BOOK, **{field: value}))
    assert ledger.browse().total == 0


def test_the_longest_fields_are_stored_and_found(ledger: Ledger) -> None:
    book = replace(BOOK, title="ﷺ" * 2000, authors=("Ǆ" * 500,), tags=("ß" * 500,))
    ledger.put_book(book)
    assert ledger.browse(author="dž" * 500, tag="SS" * 500).items[0].book == book


def test_an_id_that_is_no_text_names_nothing(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="look up"):
        ledger.book("\udc80")
