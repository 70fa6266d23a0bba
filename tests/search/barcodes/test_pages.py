"""What pages, command line and API say of barcodes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.web.pages.conftest import app as app
from tests.web.pages.conftest import blobs as blobs
from tests.web.pages.conftest import browser as browser
from tests.web.pages.conftest import client as client
from tests.web.pages.conftest import ledger as ledger
from tests.web.pages.conftest import settings as settings
from tests.web.pages.shelf import CORNERS, put_book, put_search, row_of

from recto.ledger import Ledger, Picture
from recto.records import Book, Side, Where
from recto.storage.blobs import Blobs
from recto_web.cli.search import _sentence

ISBN, OTHER = "9783161484100", "9780306406157"
RAVEN = Book("raven", "The Raven", ("Edgar Allan Poe",), ISBN)
WALDEN = Book("walden", "Walden", ("Henry David Thoreau",), OTHER)


def barcode(text: str = ISBN, books: tuple[str, ...] = (), agrees: bool | None = None) -> dict[str, Any]:
    isbn = text if text.startswith("978") else ""
    return {
        "photo": 0,
        "text": text,
        "isbn": isbn,
        "outline": CORNERS,
        "books": list(books),
        "agrees": agrees,
    }


class Searches:
    """Puts answered searches into the ledger."""

    def __init__(self, ledger: Ledger, blobs: Blobs) -> None:
        self.ledger, self.blobs = ledger, blobs
        self.raven = put_book(ledger, blobs, RAVEN)
        self.walden = put_book(ledger, blobs, WALDEN, "gold")

    def put(
        self, verdict: str, rows: list[dict[str, Any]], *read: dict[str, Any], where: Where | None = None
    ) -> str:
        search_id = put_search(self.ledger, self.blobs, verdict, rows, where)
        row = self.ledger.search(search_id)
        assert row is not None
        assert row.result is not None
        self.ledger.finish_search(search_id, {**row.result, "barcodes": list(read)})
        return f"/searches/{search_id}"

    def seen(self) -> dict[str, Any]:
        return {**row_of(RAVEN, self.raven, 0.97, 84), "barcode": False}

    def named(self, **fields: Any) -> dict[str, Any]:
        return {**row_of(WALDEN, self.walden, 0.98, 0), "barcode": True, **fields}


@pytest.fixture
def searches(ledger: Ledger, blobs: Blobs) -> Iterator[Searches]:
    return Searches(ledger, blobs)  # type: ignore[return-value]


def text_of(client: FlaskClient, url: str) -> str:
    return " ".join(client.get(url).text.split())


def test_a_book_that_its_barcode_alone_names_says_so(client: FlaskClient, searches: Searches) -> None:
    text = text_of(client, searches.put("found", [searches.named()], barcode(OTHER, ("walden",))))
    assert f'Named by the barcode in your photo: <span class="number nowrap">{OTHER}' in text
    assert "The barcode alone names this book" in text
    assert "Your photo, with the barcode that was read" in text
    assert "0 points" not in text


def test_a_book_without_covers_is_shown_without(client: FlaskClient, searches: Searches) -> None:
    rows = [searches.named(cover_id="")]
    text = text_of(client, searches.put("found", rows, barcode(OTHER, ("walden",))))
    assert "No cover in the catalogue" in text


def test_a_barcode_that_agrees_is_a_quiet_line(client: FlaskClient, searches: Searches) -> None:
    text = text_of(client, searches.put("found", [searches.seen()], barcode(ISBN, ("raven",), True)))
    assert "says the same" in text
    assert "notice" not in text


def test_a_barcode_of_another_book_is_told_with_a_link(client: FlaskClient, searches: Searches) -> None:
    rows = [searches.seen(), searches.named()]
    text = text_of(client, searches.put("found", rows, barcode(OTHER, ("walden",), False)))
    assert 'The barcode belongs to another book: <a href="/books/walden">Walden</a>' in text
    text = text_of(client, searches.put("found", rows[::-1], barcode(OTHER, ("walden",), False)))
    assert "but the cover fits another one" in text


def test_an_isbn_that_no_book_has_can_be_added(client: FlaskClient, searches: Searches) -> None:
    unknown = "9780141439518"
    text = text_of(client, searches.put("not_found", [], barcode(unknown)))
    assert f"{unknown}</span> was read from the barcode; it is not in the catalogue." in text
    assert f'href="/books/new?isbn={unknown}"' in text
    form = client.get(f"/books/new?isbn={unknown}").text
    assert f'value="{unknown}"' in form
    assert "<script>" not in client.get("/books/new?isbn=<script>").text.replace("<script src", "")


def test_a_number_of_goods_that_no_book_has_is_not_shown(client: FlaskClient, searches: Searches) -> None:
    assert "4006381333931" not in text_of(client, searches.put("not_found", [], barcode("4006381333931")))


def test_a_book_that_the_filter_leaves_out_is_named(client: FlaskClient, searches: Searches) -> None:
    url = searches.put("not_found", [], barcode(OTHER, ("walden",)), where=Where(tag="sea"))
    text = text_of(client, url)
    assert 'belongs to <a href="/books/walden">Walden</a>, which your filter leaves out' in text


def test_the_page_of_a_book_tells_of_a_cover_with_another_barcode(
    client: FlaskClient, searches: Searches
) -> None:
    searches.ledger.put_pictures([Picture(searches.raven.sha256, "0" * 16, (OTHER,), 100, 150)])
    assert f"Its barcode says {OTHER}, the record {ISBN}" in text_of(client, "/books/raven")
    assert "Its barcode says" not in text_of(client, "/books/walden")
    answer = client.get("/api/v1/barcode-conflicts?book_id=raven", headers={"X": "y"})
    assert answer.json is not None
    (conflict,) = answer.json["items"]
    assert (conflict["book_id"], conflict["barcodes"], conflict["isbns"]) == ("raven", [OTHER], [ISBN])


def test_the_command_line_says_what_barcodes_say(searches: Searches) -> None:
    from pathlib import Path

    def said(verdict: str, rows: list[dict[str, Any]], *read: dict[str, Any]) -> str:
        result = {"verdict": verdict, "books": rows, "barcodes": list(read), "timings_ms": {"total": 90.0}}
        return _sentence(Path("x.jpg"), json.loads(json.dumps(result)))

    assert "by its barcode alone" in said("found", [searches.named()], barcode(OTHER, ("walden",)))
    contradiction = said("found", [searches.seen()], barcode(OTHER, ("walden",), False))
    assert f"The barcode {OTHER} belongs to another book: walden" in contradiction
    assert "read from the barcode; not in the catalogue" in said("not_found", [], barcode())
    assert "barcode" not in said("found", [searches.seen()], barcode(ISBN, ("raven",), True))
    agreed = {**searches.seen(), "barcode": True}
    assert "84 matched points, and its barcode" in said("found", [agreed], barcode(ISBN, ("raven",), True))


def test_old_results_without_barcodes_are_still_shown(client: FlaskClient, searches: Searches) -> None:
    row = row_of(RAVEN, searches.raven, 0.97, 84, seen=True)
    url = put_search(searches.ledger, searches.blobs, "found", [row])
    assert client.get(f"/searches/{url}").status_code == 200
    assert Side.FRONT.value in row["side"]
