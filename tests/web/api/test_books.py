"""Books over the API."""

from __future__ import annotations

import pytest
from tests.web.api.conftest import Asks
from tests.web.pages.shelf import index_all, put_book

from recto.ledger import Ledger
from recto.records import Book, CoverState
from recto.storage.blobs import Blobs

RAVEN = {
    "title": "The Raven",
    "authors": ["Edgar Allan Poe"],
    "year": 1845,
    "extra": {"shelf": "B 12", "copies": 2},
}


def test_a_book_is_entered_and_found_again(ask: Asks, ledger: Ledger) -> None:
    made = ask("PUT", "/books/raven", json=RAVEN)
    assert made.status_code == 201
    assert made.headers["Location"] == "/api/v1/books/raven"
    assert made.json == ask("GET", "/books/raven").json
    assert ledger.book("raven") == Book(
        "raven", "The Raven", ("Edgar Allan Poe",), year=1845, extra={"shelf": "B 12", "copies": 2}
    )


def test_a_change_keeps_what_is_left_out_empty_or_null(ask: Asks, ledger: Ledger) -> None:
    ask("PUT", "/books/raven", json=RAVEN)
    said: dict[str, object] = {
        "title": "Raven",
        "authors": [],
        "year": None,
        "extra": {"shelf": "", "copies": 3},
    }
    answer = ask("PUT", "/books/raven", json=said)
    assert answer.status_code == 200
    assert ledger.book("raven") == Book(
        "raven", "Raven", ("Edgar Allan Poe",), year=1845, extra={"shelf": "B 12", "copies": 3}
    )
    shown = ask("GET", "/books/raven")
    assert (answer.json, answer.headers["ETag"]) == (shown.json, shown.headers["ETag"])


def test_clear_empties_what_it_names(ask: Asks, ledger: Ledger) -> None:
    ask("PUT", "/books/raven", json=RAVEN)
    said = {"clear": ["year", "shelf"], "extra": {"shelf": None}}
    for _ in range(2):
        assert ask("PUT", "/books/raven", json=said).status_code == 200
        assert ledger.book("raven") == Book("raven", "The Raven", ("Edgar Allan Poe",), extra={"copies": 2})


@pytest.mark.parametrize("name", ["titel", "book_id", "front", "shelf", "copies", "title"])
def test_clear_refuses_what_it_cannot_empty_or_what_is_given(ask: Asks, ledger: Ledger, name: str) -> None:
    ask("PUT", "/books/raven", json=RAVEN)
    before = ledger.book("raven")
    answer = ask("PUT", "/books/raven", json={"title": "x", "extra": {"copies": 3}, "clear": [name]})
    assert answer.status_code == 422
    assert answer.json
    assert answer.json["detail"].startswith(f"clear names '{name}'")
    assert ledger.book("raven") == before


@pytest.mark.parametrize("book_id", ["a/b", "a/covers", "x y", "é?#&", "~.", "~new", "50%", "a//b"])
def test_ids_may_be_any_text(ask: Asks, ledger: Ledger, book_id: str) -> None:
    from urllib.parse import quote

    made = ask("PUT", "/books/" + quote(book_id, safe=""), json={"title": "x"})
    assert made.status_code == 201
    assert ledger.book(book_id.removeprefix("~"))
    assert made.json
    assert ask("GET", made.json["url"].removeprefix("/api/v1")).json == made.json


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"year": "1845"}, "year"), ({"year": 1845.5}, "year"), ({"year": 3000}, "year"), ({"year": True}, "year"),
        ({"authors": [" "]}, "authors"), ({"authors": "Poe"}, "authors"), ({"titel": "x"}, "titel"),
        ({"title": 7}, "title"), ({"title": "x\x00"}, "title"), ({"extra": {"deep": {}}}, "extra"),
        ({"title": "x" * 2001}, "title"),
    ],
    ids=str,
)  # fmt: skip
def test_a_field_that_cannot_be_used_is_named(ask: Asks, change: dict[str, object], place: str) -> None:
    answer = ask("PUT", "/books/raven", json={**RAVEN, **change})
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json
    assert place in answer.json["errors"]["json"]
    assert answer.json["detail"].startswith(place)
    assert ask("GET", "/books/raven").status_code == 404


def test_a_book_may_be_entered_by_its_id_alone(ask: Asks, ledger: Ledger) -> None:
    assert ask("PUT", "/books/raven", json={}).status_code == 201
    assert ledger.book("raven") == Book("raven")


def test_a_copy_that_is_still_good_is_not_sent_again(ask: Asks) -> None:
    etag = ask("PUT", "/books/raven", json=RAVEN).headers["ETag"]
    assert ask("GET", "/books/raven", {"If-None-Match": etag}).status_code == 304
    ask("PUT", "/books/raven", json={**RAVEN, "year": 1846})
    assert ask("GET", "/books/raven", {"If-None-Match": etag}).status_code == 200


def test_an_edit_of_an_outdated_copy_is_refused(ask: Asks, ledger: Ledger) -> None:
    etag = ask("PUT", "/books/raven", json=RAVEN).headers["ETag"]
    newer = ask("PUT", "/books/raven", {"If-Match": etag}, json={**RAVEN, "year": 1846})
    assert newer.status_code == 200
    assert ask("PUT", "/books/raven", {"If-Match": etag}, json=RAVEN).status_code == 412
    assert ask("DELETE", "/books/raven", {"If-Match": etag}).status_code == 412
    book = ledger.book("raven")
    assert book is not None
    assert book.year == 1846
    assert ask("DELETE", "/books/raven", {"If-Match": newer.headers["ETag"]}).status_code == 204


def test_entering_may_be_limited_to_new_books(ask: Asks) -> None:
    assert ask("PUT", "/books/raven", {"If-None-Match": "*"}, json=RAVEN).status_code == 201
    assert ask("PUT", "/books/raven", {"If-None-Match": "*"}, json=RAVEN).status_code == 412
    assert ask("PUT", "/books/other", {"If-Match": "*"}, json=RAVEN).status_code == 412


def test_a_deleted_book_is_gone(ask: Asks, ledger: Ledger) -> None:
    ask("PUT", "/books/raven", json=RAVEN)
    assert ask("DELETE", "/books/raven").status_code == 204
    assert ask("GET", "/books/raven").status_code == 404
    assert ask("DELETE", "/books/raven").status_code == 404
    assert ledger.deleted_books(10) == ["raven"]


def test_books_are_listed_with_their_covers_and_filtered(ask: Asks, ledger: Ledger, blobs: Blobs) -> None:
    put_book(ledger, blobs, Book("raven", "The Raven", ("Poe",), year=1845, tags=("poem",)))
    ledger.put_book(Book("emma", "Emma", ("Jane Austen",), year=1815))
    index_all(ledger)
    everything = ask("GET", "/books").json
    assert everything
    assert [book["book_id"] for book in everything["items"]] == ["emma", "raven"]
    raven = everything["items"][1]
    assert raven["covers"] == {CoverState.INDEXED.value: 1}
    assert raven["back_url"] is None
    assert ask("GET", raven["front_url"].removeprefix("/api/v1")).mimetype == "image/jpeg"
    for query in ("q=raven", "author=POE", "year_from=1840", "tag=poem"):
        found = ask("GET", f"/books?{query}").json
        assert found
        assert [book["book_id"] for book in found["items"]] == ["raven"], query


def test_an_argument_that_does_not_exist_is_refused(ask: Asks) -> None:
    assert ask("GET", "/books?autor=Poe").status_code == 422


def test_pages_name_their_neighbours(ask: Asks, ledger: Ledger) -> None:
    for number in range(5):
        ledger.put_book(Book(f"b{number}", f"Title {number}", language="en"))
    page = ask("GET", "/books?page=2&page_size=2&language=en")
    assert page.json
    assert (page.json["total"], page.json["page"], page.json["page_size"]) == (5, 2, 2)
    assert [book["book_id"] for book in page.json["items"]] == ["b2", "b3"]
    links = {part.split("; rel=")[1]: part.split("; rel=")[0] for part in page.headers["Link"].split(", ")}
    assert set(links) == {'"first"', '"prev"', '"next"', '"last"'}
    after = ask("GET", links['"next"'].strip("<>").removeprefix("/api/v1")).json
    assert after
    assert [book["book_id"] for book in after["items"]] == ["b4"]


@pytest.mark.parametrize("query", ["page=0", "page=x", "page_size=0", "page_size=201", "year_from=3000"])
def test_pages_that_cannot_be_are_refused(ask: Asks, query: str) -> None:
    assert ask("GET", f"/books?{query}").status_code == 422
