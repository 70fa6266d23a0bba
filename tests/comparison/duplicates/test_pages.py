"""The page of covers that are alike, and where other pages tell of them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from tests.web.pages.conftest import app, blobs, browser, client, ledger, settings
from tests.web.pages.shelf import index_all, put_book, token

from recto.ledger import Entry, EntryItem, Finding, Ledger
from recto.records import Alike, Book, Side
from recto.storage.blobs import Blobs

__all__ = ["app", "blobs", "browser", "client", "ledger", "settings"]

RAVEN, AGAIN, OTHER = (
    Book("raven", "The Raven"),
    Book("raven/2", "The Raven, again"),
    Book("gold", "The Gold-Bug"),
)


def _alike(ledger: Ledger, first: str, other: str, kind: Alike) -> str:
    """Say that the covers of two books are alike; returns the address of the pair."""
    low, high = sorted(ledger.covers_of(book_id)[0].cover_id for book_id in (first, other))
    ledger.finish_comparison([low, high], [Finding(low, high, kind, {"share": 0.834})])
    return f"/duplicates/{low}/{high}"


@pytest.fixture
def pair(ledger: Ledger, blobs: Blobs) -> str:
    """The address of a pair: the same artwork under two books, beside a look-alike."""
    for book, colour in ((RAVEN, "navy"), (AGAIN, "teal"), (OTHER, "maroon")):
        put_book(ledger, blobs, book, colour)
    index_all(ledger)
    _alike(ledger, "raven", "gold", Alike.LOOK_ALIKE)
    return _alike(ledger, "raven", "raven/2", Alike.SAME_ARTWORK)


def test_without_pairs_the_page_says_so(client: FlaskClient) -> None:
    assert "No covers are alike" in client.get("/duplicates").text
    assert "Nobody has called any pair different" in client.get("/duplicates?show=different").text


def test_both_covers_stand_side_by_side_with_kind_and_measure(client: FlaskClient, pair: str) -> None:
    text = client.get("/duplicates?kind=same_artwork").text
    assert text.count('class="pair"') == 1
    assert "The Raven, again" in text
    assert "Same artwork" in text
    assert "83 % of what is to be seen agrees" in text
    assert "Look-alike <span" in text, "the other kind can be chosen"


def test_a_pair_that_is_called_different_leaves_the_list_and_comes_back(
    browser: FlaskClient, pair: str
) -> None:
    form = {"form_token": token(browser, "/duplicates"), "kind": "same_artwork", "page": "1"}
    answer = browser.post(f"{pair}/different", data=form)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/duplicates?kind=same_artwork&page=1"
    assert "The Raven, again" not in browser.get("/duplicates").text
    kept = browser.get("/duplicates?show=different").text
    assert "Called different" in kept
    assert "Undo" in kept
    browser.post(f"{pair}/undo", data=form)
    assert "The Raven, again" in browser.get("/duplicates").text


def test_a_pair_that_is_gone_is_said_to_be(browser: FlaskClient, ledger: Ledger, pair: str) -> None:
    form = {"form_token": token(browser, "/duplicates")}
    ledger.delete_book("raven")
    answer = browser.post(f"{pair}/different", data=form)
    assert answer.status_code == 404
    assert "Nothing was found about these two covers" in answer.text


def test_the_pages_of_its_books_and_the_catalogue_lead_there(client: FlaskClient, pair: str) -> None:
    page = client.get("/books/raven").text
    assert "Its covers look like others, in 2 pairs" in page
    assert client.get("/duplicates?book=gold").text.count('class="pair"') == 1
    assert 'href="/duplicates"' in client.get("/books").text
    assert "no job" in client.get("/duplicates?job=nothing").text


def _job(ledger: Ledger, blobs: Blobs, book: Book, name: str) -> str:
    job_id = ledger.create_job("ingest", book.title)
    ledger.acknowledge(job_id, [Entry(book, (EntryItem(Side.FRONT, name, blobs.put(name.encode())),))])
    ledger.finish_listing(job_id)
    return job_id


def test_the_page_of_the_job_that_added_a_book_tells_of_it(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, pair: str
) -> None:
    job_id = _job(ledger, blobs, Book("new", "A New Book"), "new.jpg")
    index_all(ledger, compared=False)
    waiting = client.get(f"/jobs/{job_id}").text
    assert "still being compared" in waiting
    assert 'data-refresh="2"' in waiting
    _alike(ledger, "new", "raven", Alike.SAME_PICTURE)
    told = client.get(f"/jobs/{job_id}").text
    assert "1 cover looks like others" in told
    assert "1 pair: same picture" in told
    assert f'href="/duplicates?job={job_id}"' in told
    assert told.count('class="pair"') == 1
    assert "data-refresh" not in told
    listed = client.get(f"/duplicates?job={job_id}").text
    assert listed.count('class="pair"') == 1
