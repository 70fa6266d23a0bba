"""Browsing: text queries, filters, pages."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ledger.entries import fill, index_all, put, sha256

from recto.errors import BadInput
from recto.ledger import Ledger
from recto.records import Book, CoverState, Side

BOOKS = (
    Book(
        "1", "Émile ou De l'éducation", ("Jean-Jacques Rousseau",), year=1762, language="fr", tags=("Essay",)
    ),
    Book("2", "Die Straße nach ÜBERALL", ("Ä. Öztürk", "Bo Li"), publisher="Größe & Söhne", year=1999),
    Book("3", "100 % Wool_Knitting", isbn="978-0-306-40615-7", year=2010, tags=("craft", "wool")),
    Book("4", "Война и мир", ("Лев Толстой",), year=1869, language="ru"),
    Book("5"),
)


@pytest.fixture
def shelf(ledger: Ledger) -> Ledger:
    for book in BOOKS:
        ledger.put_book(book)
    return ledger


def _found(ledger: Ledger, **conditions: Any) -> set[str]:
    return {row.book.book_id for row in ledger.browse(**conditions).items}


@pytest.mark.parametrize(
    ("query", "book_ids"),
    [
        ("émile", {"1"}),
        ("EMILE rousseau", {"1"}),
        ("STRASSE", {"2"}),
        ("strasse überall oztürk", {"2"}),
        ("strasse rousseau", set()),
        ("война", {"4"}),
        ("ВОЙНА ТОЛСТОЙ", {"4"}),
        ("%", {"3"}),
        ("100 %", {"3"}),
        ("l_k", {"3"}),
        ("_", {"3"}),
        ("\\", set()),
        ("/", set()),
        ("978-0-306-40615-7", {"3"}),
        ("978 0 306 40615 7", {"3"}),
        ("9780306406157", {"3"}),
        ("306-40615", {"3"}),
        ("  ", {"1", "2", "3", "4", "5"}),
        ("\x00emile", {"1"}),
    ],
)
def test_a_query_finds_books_whatever_the_case_and_accents(
    shelf: Ledger, query: str, book_ids: set[str]
) -> None:
    assert _found(shelf, query=query) == book_ids


@pytest.mark.parametrize(
    ("conditions", "book_ids"),
    [
        ({"year_from": 1869, "year_to": 1999}, {"2", "4"}),
        ({"year_from": 2010}, {"3"}),
        ({"year_to": 1762}, {"1"}),
        ({"language": "FR"}, {"1"}),
        ({"publisher": "grösse & söhne"}, {"2"}),
        ({"publisher": "größe"}, set()),
        ({"author": "bo li"}, {"2"}),
        ({"tag": "essay"}, {"1"}),
        ({"tag": "wool", "query": "knitting", "year_from": 2000}, {"3"}),
        ({"tag": "wool", "language": "fr"}, set()),
    ],
)
def test_filters_hold_together(shelf: Ledger, conditions: dict[str, Any], book_ids: set[str]) -> None:
    assert _found(shelf, **conditions) == book_ids


def test_filters_follow_a_change_of_the_book(shelf: Ledger) -> None:
    shelf.put_book(Book("1", "Émile", ("Rousseau",)))
    assert _found(shelf, author="Jean-Jacques Rousseau") == set()
    assert _found(shelf, author="rousseau", query="emile") == {"1"}


def test_books_stand_by_title_whatever_the_case_and_accents(shelf: Ledger) -> None:
    assert [row.book.book_id for row in shelf.browse().items] == ["3", "5", "2", "1", "4"]


def test_pages_hold_each_book_once(ledger: Ledger) -> None:
    fill(ledger, 25)
    pages = [ledger.browse(page=number, page_size=10) for number in (1, 2, 3, 4)]
    assert [len(page.items) for page in pages] == [10, 10, 5, 0]
    assert {page.total for page in pages} == {25}
    assert pages[0].pages == 3
    assert len({row.book.book_id for page in pages for row in page.items}) == 25


@pytest.mark.parametrize(
    "conditions",
    [
        {"page": 0},
        {"page": 10**30},
        {"page_size": 0},
        {"page_size": 10**6},
        {"year_from": 10**30},
        {"year_to": -5},
    ],
)
def test_pages_and_years_that_cannot_be_are_refused(ledger: Ledger, conditions: dict[str, int]) -> None:
    with pytest.raises(BadInput):
        ledger.browse(**conditions)  # type: ignore[arg-type]


def test_a_row_shows_the_indexed_cover_of_each_side_and_counts_states(ledger: Ledger) -> None:
    failed = put(ledger, "a", Side.FRONT, "broken")
    ledger.mark_failed(failed.cover_id, "decode", "It is broken.")
    ledger.add_cover("a", Side.FRONT, sha256("good"))
    ledger.add_cover("a", Side.BACK, sha256("back"))
    index_all(ledger)
    ledger.add_cover("a", Side.FRONT, sha256("new"))
    row = ledger.browse().items[0]
    assert row.front is not None
    assert row.front.sha256 == sha256("good")
    assert row.back is not None
    assert row.back.sha256 == sha256("back")
    assert row.states == {CoverState.INDEXED: 2, CoverState.FAILED: 1, CoverState.QUEUED: 1}


def test_a_row_of_a_book_without_covers_shows_none(shelf: Ledger) -> None:
    row = shelf.browse("emile").items[0]
    assert (row.front, row.back, row.states) == (None, None, {})
