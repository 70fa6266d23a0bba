"""Searches over the API; what the workers do with them is tested elsewhere."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from tests.web.api.conftest import Asks
from tests.web.pages.shelf import answer, picture, put_book, put_search, row_of, upload

from recto.ledger import Ledger
from recto.records import Book, Side, Where
from recto.storage.blobs import Blobs

FORM = "multipart/form-data"


def _json(response: Any) -> Any:
    return response.json


def _send(ask: Asks, **form: Any) -> Any:
    return ask("POST", "/searches", data=form, content_type=FORM)


@pytest.mark.usefixtures("worker")
def test_a_search_that_takes_longer_can_be_asked_for_later(ask: Asks, ledger: Ledger) -> None:
    sent = _send(ask, photo=upload(picture()))
    assert sent.status_code == 202
    assert sent.headers["Retry-After"] == "1"
    pending = _json(sent)
    assert pending["state"] == "pending"
    assert sent.headers["Location"] == pending["url"]
    again = ask("GET", pending["url"].removeprefix("/api/v1"))
    assert again.status_code == 202
    row = ledger.search(pending["search_id"])
    assert row is not None
    ledger.finish_search(row.search_id, answer("not_found", [], row.photos[0].name))
    done = ask("GET", pending["url"].removeprefix("/api/v1"))
    assert done.status_code == 200
    assert _json(done)["verdict"] == "not_found"


@pytest.mark.usefixtures("worker")
def test_an_answer_that_comes_at_once_is_sent_at_once(ask: Asks, ledger: Ledger, monkeypatch: Any) -> None:
    monkeypatch.setattr("recto_web.usecases.searching.WAIT_SECONDS", 60.0)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            with ledger._database.read() as connection:
                ids = [row[0] for row in connection.exec_driver_sql("select search_id from search").all()]
            for search_id in ids:
                ledger.finish_search(search_id, answer("not_found", [], "0" * 32))
            time.sleep(0.01)

    worker = threading.Thread(target=work)
    worker.start()
    sent = _send(ask, front=upload(picture()), back=upload(picture("teal")), year_from="1800", author="Poe")
    stop.set()
    worker.join()
    assert sent.status_code == 200
    row = ledger.search(_json(sent)["search_id"])
    assert row is not None
    assert [photo.side for photo in row.photos] == [Side.FRONT, Side.BACK]
    assert row.where == Where(year_from=1800, authors=("Poe",))


def test_an_answer_names_books_and_shows_photos_but_no_files(ask: Asks, ledger: Ledger, blobs: Blobs) -> None:
    book = Book("raven", "The Raven", ("Poe",), year=1845)
    cover = put_book(ledger, blobs, book)
    search_id = put_search(ledger, blobs, "found", [row_of(book, cover, 0.99, 120)])
    found = _json(ask("GET", f"/searches/{search_id}"))
    assert found["books"][0]["book_id"] == "raven"
    photo = found["photos"][0]
    assert set(photo) == {"url", "width", "height", "side"}
    assert ask("GET", photo["url"].removeprefix("/api/v1")).mimetype == "image/jpeg"


def test_without_a_worker_searches_are_refused_with_the_reason(ask: Asks) -> None:
    sent = _send(ask, photo=upload(picture()))
    assert sent.status_code == 503
    assert sent.mimetype == "application/problem+json"
    assert sent.headers["Retry-After"]
    assert "paused" in _json(sent)["detail"]


def test_a_photo_that_could_not_be_read_is_a_problem(ask: Asks, ledger: Ledger) -> None:
    search_id = ledger.create_search([(None, "0" * 32)], Where(), 10)
    ledger.fail_search(search_id, "The image is cut off.")
    failed = ask("GET", f"/searches/{search_id}")
    assert failed.status_code == 422
    assert _json(failed)["detail"] == "The image is cut off."


@pytest.mark.parametrize(
    ("form", "status", "place"),
    [
        ({}, 422, "photo"),
        ({"photo": (b"no picture", "x.jpg")}, 422, "photo"),
        ({"photo": (picture(), "x.jpg"), "front": (picture(), "y.jpg")}, 422, "photo"),
        ({"photo": (picture(), "x.jpg"), "year_from": "soon"}, 422, "year_from"),
        ({"photo": (picture(), "x.jpg"), "limit": "101"}, 422, "limit"),
        ({"photo": (picture(), "x.jpg"), "limits": "10"}, 422, "limits"),
        ({"photo": (picture() + bytes(200_000), "x.jpg")}, 413, ""),
    ],
    ids=str,
)
def test_what_cannot_be_searched_is_refused_by_field(
    ask: Asks, form: dict[str, Any], status: int, place: str
) -> None:
    parts = {name: upload(*value) if isinstance(value, tuple) else value for name, value in form.items()}
    refused = _send(ask, **parts)
    assert refused.status_code == status
    assert refused.mimetype == "application/problem+json"
    assert place in _json(refused).get("errors", {"form": {place: 1}})["form"]


def test_no_such_search_is_a_problem(ask: Asks) -> None:
    assert ask("GET", "/searches/nothing").status_code == 404
    assert ask("GET", "/searches/nothing/photos/0").status_code == 404
