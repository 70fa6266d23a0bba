"""The catalogue page."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from tests.web.pages.shelf import index_all, put_book

from recto.ledger import Ledger
from recto.records import Book, Side
from recto.storage.blobs import Blobs
from recto_web.pages.catalogue import PAGE_SIZE

SHELF = (
    Book("a", "Amerika", ("Franz Kafka",), publisher="Kurt Wolff", year=1927, language="de", tags=("novel",)),
    Book("b", "Brand", ("Henrik Ibsen",), isbn="9783161484100", year=1866, language="no", tags=("play",)),
    Book("c", "Candide", ("Voltaire",), publisher="Cramer", year=1759, language="fr", tags=("novel",)),
)


@pytest.fixture
def shelf(ledger: Ledger, blobs: Blobs) -> None:
    """Three books."""
    for book in SHELF:
        put_book(ledger, blobs, book)


def _titles(text: str) -> list[str]:
    return re.findall(r'<span class="title">(.*?)</span>', text)


def test_an_empty_catalogue_says_how_to_fill_it(client: FlaskClient) -> None:
    text = client.get("/books").text
    assert "No books yet" in text
    assert "recto ingest" in text


@pytest.mark.usefixtures("shelf")
def test_every_book_stands_with_its_cover(client: FlaskClient) -> None:
    text = client.get("/books").text
    assert _titles(text) == ["Amerika", "Brand", "Candide"]
    assert text.count("/thumbnail") == 3
    assert "3 books" in text


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("q=kafka", ["Amerika"]),
        ("q=978-3-16-148410-0", ["Brand"]),
        ("q=a", ["Amerika", "Brand", "Candide"]),
        ("author=voltaire", ["Candide"]),
        ("tag=novel", ["Amerika", "Candide"]),
        ("language=no", ["Brand"]),
        ("publisher=Cramer", ["Candide"]),
        ("year_from=1800", ["Amerika", "Brand"]),
        ("year_from=1800&year_to=1900&q=brand", ["Brand"]),
        ("q=%25", []),
        ("q=%00", ["Amerika", "Brand", "Candide"]),
    ],
)
def test_a_query_and_filters_choose_books(client: FlaskClient, query: str, titles: list[str]) -> None:
    assert _titles(client.get(f"/books?{query}").text) == titles


@pytest.mark.usefixtures("shelf")
def test_nothing_found_offers_the_way_back(client: FlaskClient) -> None:
    text = client.get("/books?q=zzz").text
    assert "No book fits" in text
    assert 'value="zzz"' in text


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("year", ["soon", "-1", "99999", "²"])
def test_a_year_that_is_none_is_told_at_its_field(client: FlaskClient, year: str) -> None:
    page = client.get("/books", query_string={"year_from": year})
    assert page.status_code == 400
    assert f"“{year}” is not a year." in page.text
    assert 'id="year_from-wrong"' in page.text


def test_pages_have_totals_and_neighbours(client: FlaskClient, ledger: Ledger) -> None:
    for number in range(PAGE_SIZE * 2 + 1):
        ledger.put_book(Book(f"b{number:03}", f"Volume {number:03}", tags=("row",)))
    first, second, third = (client.get(f"/books?tag=row&page={page}").text for page in (1, 2, 3))
    assert f"1\N{EN DASH}{PAGE_SIZE} of {PAGE_SIZE * 2 + 1} books" in first
    assert 'rel="prev"' not in first
    assert 'rel="next" href="/books?tag=row&amp;page=2"' in first
    assert 'rel="prev" href="/books?tag=row&amp;page=1"' in second
    assert _titles(third) == [f"Volume {PAGE_SIZE * 2:03}"]
    assert 'rel="next"' not in third


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("page", ["0", "-3", "two", "9" * 30, "99", ""])
def test_a_page_that_does_not_exist_is_no_error(client: FlaskClient, page: str) -> None:
    assert client.get("/books", query_string={"page": page}).status_code == 200


def test_states_of_covers_are_told(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    put_book(ledger, blobs, SHELF[0])
    index_all(ledger)
    put_book(ledger, blobs, SHELF[1], "teal")
    failed = put_book(ledger, blobs, SHELF[2], "gold", Side.BACK)
    ledger.mark_failed(failed.cover_id, "decode", "It is torn.")
    text = client.get("/books").text
    assert text.count("not searchable yet") == 1
    assert text.count("1 cover failed") == 1
