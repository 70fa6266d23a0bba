"""Deleting books, also while their covers are on their way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.ledger.entries import fill, index_all, put, sha256, stage_all

from recto.ledger import Ledger
from recto.records import Book, Cover, CoverState, Side


def test_a_deleted_book_is_gone_at_once(ledger: Ledger) -> None:
    fill(ledger, 2)
    ids = index_all(ledger)
    assert ledger.delete_book("book-0")
    assert ledger.book("book-0") is None
    assert ledger.covers_of("book-0") == []
    assert [row.book.book_id for row in ledger.browse().items] == ["book-1"]
    assert ledger.browse(author="An Author").total == 1
    assert len(ledger.covers_by_id(ids)) == 2
    assert len(ledger.indexed_cover_ids(Side.FRONT, "", 10)) == 1


def test_deleting_what_is_not_there_says_so(ledger: Ledger) -> None:
    fill(ledger, 1)
    assert not ledger.delete_book("nobody")
    assert ledger.delete_book("book-0")
    assert not ledger.delete_book("book-0")
    assert ledger.deleted_books(10) == ["book-0"]


def test_purging_gives_originals_that_no_cover_names(ledger: Ledger) -> None:
    for book_id, name in [("a", "own"), ("a", "shared"), ("b", "shared")]:
        put(ledger, book_id, Side.FRONT, name)
    ledger.delete_book("a")
    assert ledger.purge_deleted("a") == [sha256("own")]
    assert ledger.deleted_books(10) == []
    ledger.delete_book("b")
    assert ledger.purge_deleted("b") == [sha256("shared")]
    assert ledger.purge_deleted("b") == []


def test_deletions_come_in_order_of_request(ledger: Ledger) -> None:
    fill(ledger, 3)
    for book_id in ("book-2", "book-0", "book-1"):
        ledger.delete_book(book_id)
    assert ledger.deleted_books(2) == ["book-2", "book-0"]
    ledger.purge_deleted("book-2")
    assert ledger.deleted_books(10) == ["book-0", "book-1"]


def test_waiting_items_of_a_deleted_book_fail_with_the_reason(ledger: Ledger) -> None:
    job_id = fill(ledger, 2)
    ledger.delete_book("book-0")
    failed = ledger.job_items(job_id, "failed").items
    assert {(item.book_id, item.stage, item.reason) for item in failed} == {
        ("book-0", "deleted", "the book was deleted meanwhile")
    }
    index_all(ledger)
    job = ledger.job(job_id)
    assert job is not None
    assert (job.state, job.indexed, job.failed) == ("done", 2, 2)


LATE: dict[str, Callable[[Ledger, Cover], object]] = {
    "stage": lambda ledger, cover: ledger.stage([cover.cover_id], "f.npz"),
    "mark_indexed": lambda ledger, cover: ledger.mark_indexed([cover.cover_id], "r"),
    "mark_failed": lambda ledger, cover: ledger.mark_failed(cover.cover_id, "decode", "no"),
    "unclaim": lambda ledger, cover: ledger.unclaim([cover.cover_id]),
    "release": lambda ledger, cover: ledger.release("worker"),
    "requeue": lambda ledger, cover: ledger.requeue([cover.cover_id]),
}


@pytest.mark.parametrize("act", LATE.values(), ids=LATE)
def test_what_a_worker_does_with_a_deleted_cover_changes_nothing(
    ledger: Ledger, act: Callable[[Ledger, Cover], object]
) -> None:
    cover = put(ledger, "a")
    ledger.claim("worker", 1, 60.0)
    ledger.delete_book("a")
    assert not act(ledger, cover)
    assert ledger.cover(cover.cover_id) is None
    assert set(ledger.queue_counts().values()) == {0}


def test_a_staged_file_of_a_deleted_book_indexes_nothing(ledger: Ledger) -> None:
    fill(ledger, 2)
    ids = stage_all(ledger, "f.npz")
    kept = {cover.cover_id for cover in ledger.covers_of("book-1")}
    ledger.delete_book("book-0")
    assert {cover.cover_id for cover in ledger.covers_of_staged("f.npz")} == kept
    assert set(ledger.mark_indexed(ids, "r")) == kept


def test_a_book_that_comes_back_has_only_its_new_covers(ledger: Ledger) -> None:
    put(ledger, "a", Side.FRONT, "old")
    index_all(ledger)
    ledger.delete_book("a")
    ledger.put_book(Book("a", "Again"))
    assert ledger.covers_of("a") == []
    new = put(ledger, "a", Side.FRONT, "new")
    assert ledger.deleted_books(10) == ["a"]
    assert ledger.purge_deleted("a") == [sha256("old")]
    assert ledger.covers_of("a") == [new]


@pytest.mark.parametrize("name", ["new", "old"])
def test_covers_that_were_indexed_before_a_late_purge_are_indexed_again(ledger: Ledger, name: str) -> None:
    put(ledger, "a", Side.FRONT, "old")
    index_all(ledger)
    ledger.delete_book("a")
    cover = put(ledger, "a", Side.FRONT, name)
    index_all(ledger)  # the index removes all points of the book only now
    assert ledger.purge_deleted("a") == ([sha256("old")] if name == "new" else [])
    assert [(again.cover_id, again.state) for again in ledger.covers_of("a")] == [
        (cover.cover_id, CoverState.QUEUED)
    ]


def test_a_staged_cover_is_not_indexed_past_a_late_purge(ledger: Ledger) -> None:
    put(ledger, "a", Side.FRONT, "old")
    ledger.delete_book("a")
    put(ledger, "a", Side.FRONT, "new")
    ids = stage_all(ledger)
    ledger.purge_deleted("a")
    assert ledger.mark_indexed(ids, "r") == []
    assert ledger.queue_counts()[CoverState.QUEUED] == 1
