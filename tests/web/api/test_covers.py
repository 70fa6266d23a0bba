"""Covers over the API."""

from __future__ import annotations

from typing import Any

from tests.web.api.conftest import Asks
from tests.web.pages.shelf import index_all, picture, put_book, upload

from recto.ledger import Ledger
from recto.records import Book, CoverState, Side
from recto.storage.blobs import Blobs


def _json(answer: Any) -> Any:
    return answer.json


def test_a_cover_is_added_by_a_job_that_can_be_followed(ask: Asks, ledger: Ledger) -> None:
    ledger.put_book(Book("raven", "The Raven"))
    form = {"book_id": "raven", "front": [upload(picture("navy"))], "back": [upload(picture("teal"))]}
    answer = ask("POST", "/covers", data=form)
    assert answer.status_code == 202
    job = _json(answer)
    assert answer.headers["Location"] == job["url"]
    assert (job["covers"], job["waiting"], job["state"]) == (2, 2, "running")
    assert {cover.side for cover in ledger.covers_of("raven")} == set(Side)
    index_all(ledger)
    done = _json(ask("GET", job["url"].removeprefix("/api/v1")))
    assert (done["state"], done["indexed"]) == ("done", 2)
    assert done["finished"].endswith("Z")
    items = _json(ask("GET", job["items_url"].removeprefix("/api/v1") + "?outcome=indexed"))
    assert items["total"] == 2
    assert items["items"][0]["outcome"] == "indexed"


def test_what_cannot_be_added_is_refused_with_a_reason(ask: Asks, ledger: Ledger) -> None:
    ledger.put_book(Book("raven", "The Raven"))
    refused = {
        404: {"book_id": "other", "front": upload(picture())},
        413: {"book_id": "raven", "front": upload(picture() + b"\0" * 200_000)},
        422: {"book_id": "raven", "front": upload(b"no picture")},
    }
    for status, form in refused.items():
        answer = ask("POST", "/covers", data=form)
        assert answer.status_code == status
        assert answer.mimetype == "application/problem+json"
    more: list[dict[str, Any]] = [
        {"book_id": "raven"},
        {"book_id": "raven", "front": upload(picture()), "sides": "x"},
    ]
    for form in more:
        assert ask("POST", "/covers", data=form, content_type="multipart/form-data").status_code == 422


def test_a_cover_says_where_it_stands_and_shows_its_images(ask: Asks, ledger: Ledger, blobs: Blobs) -> None:
    cover = put_book(ledger, blobs, Book("raven", "The Raven"))
    shown = _json(ask("GET", f"/covers/{cover.cover_id}"))
    assert (shown["state"], shown["side"], shown["book_id"]) == ("queued", "front", "raven")
    assert ask("GET", shown["image_url"].removeprefix("/api/v1")).data == blobs.get(cover.sha256)
    small = ask("GET", shown["thumbnail_url"].removeprefix("/api/v1"))
    assert small.mimetype == "image/jpeg"
    again = {"If-None-Match": small.headers["ETag"]}
    assert ask("GET", shown["thumbnail_url"].removeprefix("/api/v1"), again).status_code == 304


def test_an_image_that_was_never_decoded_is_not_shown(ask: Asks, ledger: Ledger, blobs: Blobs) -> None:
    ledger.put_book(Book("raven"))
    cover, _ = ledger.add_cover("raven", Side.FRONT, blobs.put(picture()))
    for what in ("image", "thumbnail"):
        answer = ask("GET", f"/covers/{cover.cover_id}/{what}")
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"


def test_covers_are_listed_by_book_side_and_state(ask: Asks, ledger: Ledger, blobs: Blobs) -> None:
    put_book(ledger, blobs, Book("raven"))
    put_book(ledger, blobs, Book("raven"), "teal", Side.BACK)
    other = put_book(ledger, blobs, Book("emma"), "gold")
    ledger.mark_failed(other.cover_id, "decode", "It is broken.")
    for query, total in (
        ("", 3),
        ("book_id=raven", 2),
        ("side=back", 1),
        ("state=failed", 1),
        ("book_id=x", 0),
    ):
        assert _json(ask("GET", f"/covers?{query}"))["total"] == total, query
    failed = _json(ask("GET", "/covers?state=failed"))["items"][0]
    assert (failed["stage"], failed["reason"]) == ("decode", "It is broken.")
    assert ask("GET", "/covers?state=lost").status_code == 422


def test_a_failed_cover_is_tried_again(ask: Asks, ledger: Ledger, blobs: Blobs) -> None:
    cover = put_book(ledger, blobs, Book("raven"))
    assert ask("POST", f"/covers/{cover.cover_id}/retry").status_code == 409
    ledger.mark_failed(cover.cover_id, "decode", "It is broken.")
    answer = ask("POST", f"/covers/{cover.cover_id}/retry")
    assert answer.status_code == 202
    assert _json(answer)["waiting"] == 1
    assert ledger.covers_of("raven")[0].state is CoverState.QUEUED


def test_deleting_one_cover_leaves_the_others_which_are_indexed_anew(
    ask: Asks, ledger: Ledger, blobs: Blobs
) -> None:
    front = put_book(ledger, blobs, Book("raven"))
    back = put_book(ledger, blobs, Book("raven"), "teal", Side.BACK)
    index_all(ledger)
    assert ask("DELETE", f"/covers/{front.cover_id}").status_code == 204
    assert ask("DELETE", f"/covers/{front.cover_id}").status_code == 404
    assert [cover.cover_id for cover in ledger.covers_of("raven")] == [back.cover_id]
    assert ledger.deleted_books(10) == ["raven"]
    assert ledger.purge_deleted("raven") == [front.sha256]
    assert ledger.covers_of("raven")[0].state is CoverState.QUEUED


def test_no_such_cover_is_a_problem(ask: Asks) -> None:
    assert ask("GET", "/covers/00000000-0000-4000-8000-000000000000").status_code == 404
    assert ask("GET", "/covers/x").status_code == 404
