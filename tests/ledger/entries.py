"""Books, covers and jobs to fill a ledger with."""

from __future__ import annotations

import hashlib

from recto.ledger import Entry, EntryItem, Ledger
from recto.records import Book, Cover, Side


def sha256(name: str) -> str:
    """A hash like that of an image of this name."""
    return hashlib.sha256(name.encode()).hexdigest()


def entry(number: int, title: str = "Title {}") -> Entry:
    """A book with a front and a back."""
    book = Book(f"book-{number}", title.format(number), ("An Author",), year=1900 + number % 100)
    names = {side: f"{number}-{side.value}.jpg" for side in Side}
    return Entry(book, tuple(EntryItem(side, name, sha256(name)) for side, name in names.items()))


def fill(ledger: Ledger, books: int, *, first: int = 0, title: str = "Title {}") -> str:
    """Acknowledge books with two covers each; returns the job."""
    job_id = ledger.create_job("ingest", "shelf.csv")
    ledger.acknowledge(job_id, [entry(number, title) for number in range(first, first + books)])
    ledger.finish_listing(job_id)
    return job_id


def stage_all(ledger: Ledger, staged_file: str = "batch.npz") -> list[str]:
    """Claim every waiting cover and stage it; returns the ids."""
    ids: list[str] = []
    while claimed := ledger.claim("worker", 1000, 60.0):
        ids += [cover.cover_id for cover in claimed]
    ledger.stage(ids, staged_file)
    return ids


def index_all(ledger: Ledger) -> list[str]:
    """Bring every waiting cover into the index; returns the ids."""
    live = ledger.live_version()
    return ledger.mark_indexed(stage_all(ledger), live.recipe_id if live else "recipe")


def put(ledger: Ledger, book_id: str, side: Side = Side.FRONT, name: str = "image") -> Cover:
    """A book with one cover."""
    if ledger.book(book_id) is None:
        ledger.put_book(Book(book_id))
    return ledger.add_cover(book_id, side, sha256(name))[0]
