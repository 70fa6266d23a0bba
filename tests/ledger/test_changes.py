"""What is said of a book changes it, what is not said changes nothing; a job counts the fields that it changes."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from tests.ledger.entries import index_all, sha256

from recto.errors import BadInput
from recto.ledger import Entry, EntryItem, Ledger
from recto.ledger.validation import MAX_ENTRIES
from recto.records import BOOK_FIELDS, Book, CoverState, Side

RAVEN = Book(
    "raven", "The Raven", ("Poe",), "9783161484100", "Wiley", 1845, "en", ("poem",), {"shelf": "B 12"}
)


def _enter(ledger: Ledger, *chunks: list[Entry]) -> str:
    job_id = ledger.create_job("ingest", "shelf.csv")
    for chunk in chunks:
        ledger.acknowledge(job_id, chunk)
    ledger.finish_listing(job_id)
    return job_id


def _changed(ledger: Ledger, job_id: str) -> dict[str, int]:
    job = ledger.job(job_id)
    assert job is not None
    return dict(job.changed)


def _try(ledger: Ledger, *chunks: list[Entry]) -> str:
    """The same as a dry run."""
    ledger.enter_job(name := f"try-{ledger.jobs().total}", "shelf.csv", {"recto": 1})
    assert [listing.job_id for listing in ledger.take_listings("lister", 60.0, 9)] == [name]
    for position, chunk in enumerate(chunks):
        assert ledger.list_rows(name, "lister", chunk, position + 1, dry_run=True)
    ledger.end_listing_of(name, "lister", {})
    return name


def test_a_book_that_comes_with_its_id_alone_keeps_everything(ledger: Ledger) -> None:
    ledger.put_book(RAVEN)
    ledger.add_cover("raven", Side.FRONT, sha256("front"))
    index_all(ledger)
    job_id = _enter(ledger, [Entry(Book("raven"), (EntryItem(Side.BACK, "b.jpg", sha256("back")),))])
    assert ledger.book("raven") == RAVEN
    assert ledger.covers_of("raven")[0].state is CoverState.INDEXED
    assert _changed(ledger, job_id) == {}


@pytest.mark.parametrize("blank", ["", " ", "\u2003\t"])
def test_blank_texts_say_nothing(ledger: Ledger, blank: str) -> None:
    ledger.put_book(RAVEN)
    ledger.put_book(Book("raven", blank, (), blank, blank, None, blank, (), {"shelf": blank, "new": blank}))
    assert ledger.book("raven") == RAVEN


@pytest.mark.parametrize("name", [*BOOK_FIELDS, "shelf"])
def test_clear_empties_one_field_and_no_other(ledger: Ledger, name: str) -> None:
    ledger.put_book(RAVEN)
    said = Book("raven", extra={"shelf": None} if name == "shelf" else {})
    job_id = _enter(ledger, [Entry(said, (), (name,))])
    field = "extra" if name == "shelf" else name
    assert ledger.book("raven") == replace(RAVEN, **{field: getattr(Book("raven"), field)})
    assert _changed(ledger, job_id) == {field: 1}
    assert ledger.browse(query="wiley", tag="poem").total == 0


@pytest.mark.parametrize(
    "name", ["titel", "book_id", "front", "back", "extra", "clear", "shelf", "title", ""]
)
def test_clear_of_what_cannot_be_emptied_or_is_given_fails_with_a_sentence(ledger: Ledger, name: str) -> None:
    ledger.put_book(RAVEN)
    with pytest.raises(BadInput, match=f"clear names '{name}'"):
        ledger.put_book(Book("raven", "Raven", extra={"shelf": "x"}), [name])
    items = (EntryItem(Side.FRONT, "f.jpg", sha256("front")),)
    job_id = _enter(ledger, [Entry(Book("raven", "Raven", extra={"shelf": "x"}), items, (name,))])
    (item,) = ledger.job_items(job_id).items
    assert item.stage == "manifest"
    assert f"clear names '{name}'" in item.reason
    assert ledger.book("raven") == RAVEN


def test_rows_of_one_book_join_in_their_order_in_one_chunk_and_in_two(ledger: Ledger) -> None:
    for book_id, cut in (("a", 4), ("b", 2), ("c", 1)):
        rows = [
            Entry(Book(book_id, "First", year=1999, extra={"shelf": "x"}), ()),
            Entry(Book(book_id, tags=("red",)), ()),
            Entry(Book(book_id, isbn="9780141439518"), (), ("year",)),
            Entry(Book(book_id, "Last", extra={"lent": True}), ()),
        ]
        job_id = _enter(ledger, rows[:cut], rows[cut:])
        wanted = Book(book_id, "Last", (), "9780141439518", tags=("red",), extra={"shelf": "x", "lent": True})
        assert ledger.book(book_id) == wanted
        assert _changed(ledger, job_id) == {}, "a book that the job itself entered is not counted"


def test_each_book_counts_once_for_a_field_however_rows_are_cut_into_chunks_and_tried(ledger: Ledger) -> None:
    rows = [
        Entry(Book("raven", "Another"), ()),
        Entry(Book("new", "New"), ()),
        Entry(Book("raven", "The Raven", tags=("poem",)), ()),
        Entry(Book("emma", extra={"shelf": "C", "lent": True}), (), ("year",)),
        Entry(Book("new", "Newer", extra={"shelf": "x"}), ()),
        Entry(Book("emma", "Emma", extra={"lent": None}), (), ("lent",)),
        Entry(Book("new", extra={"shelf": None}), (), ("shelf",)),
    ]
    for cut in range(len(rows) + 1):
        for book_id in ("new", "raven", "emma"):
            ledger.delete_book(book_id)
        ledger.put_book(RAVEN)
        ledger.put_book(Book("emma", year=1815, extra={"shelf": "B"}))
        tried = _changed(ledger, _try(ledger, rows[:cut], rows[cut:]))
        assert ledger.book("raven") == RAVEN
        assert ledger.book("new") is None
        done = _changed(ledger, _enter(ledger, rows[:cut], rows[cut:]))
        assert tried == done == {"title": 2, "year": 1, "extra": 1}


def test_entering_the_same_again_changes_nothing_also_where_something_was_emptied(ledger: Ledger) -> None:
    ledger.put_book(RAVEN)
    rows = [Entry(Book("raven", "Raven", extra={"shelf": None}), (), ("shelf", "tags"))]
    assert _changed(ledger, _enter(ledger, rows)) == {"title": 1, "tags": 1, "extra": 1}
    job_id = _enter(ledger, rows)
    assert _changed(ledger, job_id) == {}
    assert ledger.job_items(job_id).total == 0, "nothing failed"


def test_other_columns_join_up_to_a_limit_and_the_row_beyond_it_fails_alone(ledger: Ledger) -> None:
    ledger.put_book(Book("a", extra={str(number): number for number in range(MAX_ENTRIES)}))
    before = ledger.book("a")
    with pytest.raises(BadInput, match="at most"):
        ledger.put_book(Book("a", extra={"more": 1}))
    job_id = _enter(ledger, [Entry(Book("a", "A", extra={"more": 1}), ()), Entry(Book("b", "B"), ())])
    assert [item.path for item in ledger.job_items(job_id, "failed").items] == ["a"]
    assert ledger.book("a") == before
    assert ledger.book("b") == Book("b", "B")


def test_only_a_change_of_what_is_filtered_by_queues_covers_anew(ledger: Ledger) -> None:
    ledger.put_book(RAVEN)
    ledger.add_cover("raven", Side.FRONT, sha256("front"))
    for said, clear, state in (
        (Book("raven"), (), CoverState.INDEXED),
        (Book("raven", "Other title", year=1845), ("isbn",), CoverState.INDEXED),
        (Book("raven", extra={"shelf": None}), ("shelf",), CoverState.INDEXED),
        (Book("raven"), ("tags",), CoverState.QUEUED),
    ):
        index_all(ledger)
        ledger.put_book(said, clear)
        assert ledger.covers_of("raven")[0].state is state


def test_writers_that_enter_one_new_book_at_once_lose_nothing_of_what_each_says(ledger: Ledger) -> None:
    said = [
        Book("x", "A title"), Book("x", authors=("Poe",)), Book("x", tags=("red",)), Book("x", extra={"shelf": 1}),
    ]  # fmt: skip
    for number in range(12):
        barrier = threading.Barrier(len(said))

        def enter(book: Book, barrier: threading.Barrier = barrier) -> None:
            job_id = ledger.create_job("ingest", "x")
            barrier.wait()
            ledger.acknowledge(job_id, [Entry(book, ())])

        books = [replace(book, book_id=f"x{number}") for book in said]
        threads = [threading.Thread(target=enter, args=(book,)) for book in books]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wanted = Book(f"x{number}", "A title", ("Poe",), tags=("red",), extra={"shelf": 1})
        assert ledger.book(f"x{number}") == wanted
        assert ledger.browse(author="Poe", tag="red").total == number + 1
