"""Editing one book under a condition, deleting one cover, and the lists over the whole catalogue."""

from __future__ import annotations

import threading

import pytest

from recto.errors import BadInput
from recto.ledger import Ledger, NewItem
from recto.records import Book, CoverState, Side

HASHES = [f"{number:064x}" for number in range(6)]


class Refused(Exception):
    """What a condition raises."""


def _refuse(_: Book | None) -> None:
    raise Refused


def test_a_condition_sees_what_stands_there(ledger: Ledger) -> None:
    seen: list[Book | None] = []
    assert ledger.change_book(Book("raven", "Raven"), seen.append) == (Book("raven", "Raven"), True)
    assert ledger.change_book(Book("raven", year=1845), seen.append) == (
        Book("raven", "Raven", year=1845),
        False,
    )
    assert seen == [None, Book("raven", "Raven")]
    assert ledger.book("raven") == Book("raven", "Raven", year=1845)


def test_where_the_condition_does_not_hold_nothing_happens(ledger: Ledger) -> None:
    with pytest.raises(Refused):
        ledger.change_book(Book("raven"), _refuse)
    assert ledger.book("raven") is None
    ledger.put_book(Book("raven", "Raven"))
    with pytest.raises(Refused):
        ledger.delete_book("raven", _refuse)
    assert ledger.book("raven") == Book("raven", "Raven")
    with pytest.raises(BadInput):
        ledger.change_book(Book("raven", year=-1), lambda _: None)


def test_of_many_who_enter_one_book_at_once_one_is_first(ledger: Ledger) -> None:
    def only_new(book: Book | None) -> None:
        if book is not None:
            raise Refused

    outcomes: list[bool] = []

    def enter(number: int) -> None:
        try:
            outcomes.append(ledger.change_book(Book("raven", str(number)), only_new)[1])
        except Refused:
            outcomes.append(False)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 7 + [True]


def test_deleting_a_cover_queues_the_others_of_its_book_and_frees_its_image(ledger: Ledger) -> None:
    ledger.put_book(Book("raven"))
    ledger.put_book(Book("emma"))
    front, _ = ledger.add_cover("raven", Side.FRONT, HASHES[0])
    back, _ = ledger.add_cover("raven", Side.BACK, HASHES[1])
    other, _ = ledger.add_cover("emma", Side.FRONT, HASHES[2])
    job_id = ledger.create_job("ingest", "x")
    ledger.add_items(job_id, [NewItem("raven", Side.FRONT, "f.jpg", front.cover_id)])
    ledger.finish_listing(job_id)
    assert ledger.delete_cover(front.cover_id)
    assert not ledger.delete_cover(front.cover_id)
    item = ledger.job_items(job_id).items[0]
    assert (item.outcome, item.stage) == ("failed", "deleted")
    while claimed := ledger.claim("w", 10, 60.0):
        ids = [cover.cover_id for cover in claimed]
        ledger.stage(ids, f"{ids[0]}.npz")
        ledger.mark_indexed(ids, "recipe")
    assert ledger.deleted_books(10) == ["raven"]
    assert ledger.purge_deleted("raven") == [HASHES[0]]
    states = {cover.cover_id: cover.state for cover in ledger.covers().items}
    assert states == {back.cover_id: CoverState.QUEUED, other.cover_id: CoverState.INDEXED}


def test_covers_are_listed_by_book_side_and_state(ledger: Ledger) -> None:
    for number, (book_id, side) in enumerate([("a", Side.FRONT), ("a", Side.BACK), ("b", Side.FRONT)]):
        ledger.put_book(Book(book_id))
        ledger.add_cover(book_id, side, HASHES[number])
    failed = ledger.covers(book_id="b").items[0]
    ledger.mark_failed(failed.cover_id, "decode", "It is broken.")
    assert ledger.covers().total == 3
    assert ledger.covers(book_id="a", side=Side.BACK).total == 1
    assert [cover.book_id for cover in ledger.covers(state=CoverState.FAILED).items] == ["b"]
    pages = [ledger.covers(page=number, page_size=2).items for number in (1, 2)]
    assert len({cover.cover_id for page in pages for cover in page}) == 3


def test_failures_of_all_jobs_are_listed_the_latest_first(ledger: Ledger) -> None:
    for name in ("first", "second"):
        job_id = ledger.create_job("ingest", name)
        items = [
            NewItem(name, None, "a", stage="read", reason="No."),
            NewItem(name, None, "b", stage="decode"),
        ]
        ledger.add_items(job_id, items)
        ledger.finish_listing(job_id)
    found = ledger.failed_items(page_size=3)
    assert found.total == 4
    assert [(item.book_id, item.stage) for item in found.items] == [
        ("second", "decode"), ("second", "read"), ("first", "decode"),
    ]  # fmt: skip
    assert [item.book_id for item in ledger.failed_items("read").items] == ["second", "first"]
