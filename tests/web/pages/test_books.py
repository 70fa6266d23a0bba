"""The page of a book, odd ids and hostile texts, deletion, more covers."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from tests.web.pages.shelf import index_all, picture, put_book, put_search, row_of, upload

from recto.ledger import Ledger
from recto.records import Book, Side
from recto.storage.blobs import Blobs

ODD_IDS = [
    "9780141439518",
    "shelf/4/left",
    "/leading",
    "//two//slashes",
    "trailing/",
    "100 % sure?",
    "a%2Fb",
    "%",
    "%41",
    "a#b",
    "a?b=c&d",
    "Ünïcödé 書名",
    "new",
    ".",
    "..",
    "../..",
    "a/../b",
    "./x",
    "~",
    "~new",
    "x/delete",
    "x/covers",
    "delete",
    "quote\"s and 'apostrophes'",
    "<script>alert(1)</script>",
    "a\\b",
    "javascript:alert(1)",
    "a;b,c+d e",
    "x" * 128,
]
HOSTILE = "\"><script>alert('x')</script><img src=x onerror=alert(1)>{{ 7 * 191 }}"


@pytest.mark.parametrize("book_id", ODD_IDS)
def test_every_id_leads_to_its_book_and_back(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, book_id: str
) -> None:
    ledger.put_book(Book("x", "Another"))
    put_book(ledger, blobs, Book(book_id, "The one"))
    listed = re.findall(r'href="(/books/[^"]*)"', client.get("/books").text)
    address = unescape(next(href for href in listed if href not in ("/books/new", "/books/x")))
    assert "/../" not in address
    assert not address.endswith(("/.", "/.."))
    page = client.get(address)
    assert page.status_code == 200
    assert "<h1>The one</h1>" in page.text
    assert client.post(f"{address}/covers", data={"back": upload(picture("red"))}).status_code == 303
    assert len(ledger.covers_of(book_id)) == 2
    assert client.post(f"{address}/delete").status_code == 303
    assert ledger.book(book_id) is None
    assert ledger.book("x") is not None


def test_a_plain_slash_in_the_address_works_too(client: FlaskClient, ledger: Ledger) -> None:
    ledger.put_book(Book("shelf/4", "Left"))
    assert "<h1>Left</h1>" in client.get("/books/shelf/4").text


def test_texts_are_shown_as_they_are_and_never_run(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    book = Book(
        HOSTILE[:100],
        HOSTILE,
        (HOSTILE,),
        isbn="<i>",
        publisher=HOSTILE,
        language="<b>",
        tags=(HOSTILE,),
        extra={HOSTILE: HOSTILE},
    )
    cover = put_book(ledger, blobs, book)
    ledger.mark_failed(cover.cover_id, "decode", HOSTILE)
    job_id = ledger.create_job("ingest", HOSTILE)
    ledger.finish_listing(job_id)
    search_id = put_search(ledger, blobs, "found", [row_of(book, cover, 0.9, 20)])
    address = next(
        href for href in re.findall(r'href="(/books/[^"]*)"', client.get("/books").text) if "new" not in href
    )
    for path in (
        address,
        "/books",
        f"/books?q={HOSTILE}",
        "/jobs",
        f"/jobs/{job_id}",
        f"/searches/{search_id}",
        f"/{HOSTILE}",
    ):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "onerror=alert(1)>" not in text
        assert ">1337" not in text


def test_a_book_shows_what_is_known_and_the_state_of_its_covers(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    book = Book(
        "b",
        "Emma",
        ("Jane Austen",),
        "9780141439587",
        "Penguin",
        2003,
        "en",
        ("classics",),
        {"shelf": "B 12"},
    )
    front = put_book(ledger, blobs, book)
    index_all(ledger)
    back = put_book(ledger, blobs, book, "teal", Side.BACK)
    ledger.mark_failed(back.cover_id, "decode", "The file ends in the middle.")
    put_book(ledger, blobs, book, "gold", Side.BACK)
    text = client.get("/books/b").text
    for words in ("Jane Austen", "Penguin", "2003", "9780141439587", "classics", "B 12"):
        assert words in text
    assert f"/covers/{front.cover_id}/image" in text
    assert f"/covers/{back.cover_id}/image" not in text
    assert "searchable" in text
    assert "The file ends in the middle. (decode" in text
    assert "being processed" in text
    assert "check digit" not in text


def test_a_wrong_check_digit_is_noticed(client: FlaskClient, ledger: Ledger) -> None:
    ledger.put_book(Book("b", "Emma", isbn="9780141439588"))
    assert "check digit of this ISBN does not fit" in client.get("/books/b").text


@pytest.mark.parametrize("path", ["/books/none", "/books/none%2Fdelete", "/books/%FF", "/books/%00"])
def test_an_unknown_book_is_a_page_that_is_not_there(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 404
    assert "no book with this id" in page.text


def test_a_deleted_book_is_gone_at_once_and_its_images_are_no_more_served(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    cover = put_book(ledger, blobs, Book("b", "Emma"))
    assert "The book was deleted." in client.get(client.post("/books/b/delete").location).text
    assert client.get("/books/b").status_code == 404
    assert client.get(f"/covers/{cover.cover_id}/thumbnail").status_code == 404
    assert client.post("/books/b/delete").status_code == 404


def test_adding_a_cover_without_a_file_is_told_at_the_field(client: FlaskClient, ledger: Ledger) -> None:
    ledger.put_book(Book("b", "Emma"))
    sent = client.post("/books/b/covers", data={})
    assert sent.status_code == 400
    assert 'id="front-wrong"' in sent.text
    assert client.post("/books/none/covers", data={"front": upload(picture())}).status_code == 404


def test_an_address_does_not_answer_what_it_does_not_do(client: FlaskClient, ledger: Ledger) -> None:
    ledger.put_book(Book("b", "Emma"))
    assert client.post("/books/b").status_code == 405
    assert client.put("/books/b").status_code == 405
