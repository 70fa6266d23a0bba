"""Acknowledging many books at once: one transaction for a chunk of a manifest."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from recto.errors import BadInput
from recto.ledger.books import write_book, write_cover
from recto.ledger.database import Database
from recto.ledger.items import open_job, write_items
from recto.ledger.moves import locked_covers
from recto.ledger.rows import Entry, EntryItem, NewItem
from recto.ledger.validation import check_book
from recto.records import Book, Side, cover_id


class Intake:
    """Entering books with their covers for a job."""

    _database: Database

    def acknowledge(self, job_id: str, entries: Sequence[Entry]) -> None:
        """Write books, covers and items of a chunk of a manifest, all or nothing.

        A book that cannot be used becomes failed items with its reason and stops no other.

        Raises:
            NotFound: there is no such job.
            BadInput: the listing of the job was finished.
        """
        checked = [_checked(entry) for entry in entries]
        books = {entry.book.book_id: entry.book for entry in checked if entry.book is not None}
        with self._database.write() as connection:
            open_job(connection, job_id)
            for book_id in sorted(
                books
            ):  # always in this order, so that two manifests cannot lock each other out
                write_book(connection, books[book_id])
            locked_covers(connection, [id_ for entry in checked for id_ in _cover_ids(entry)])
            items = [_write(connection, entry.book, item) for entry in checked for item in entry.items]
            write_items(connection, job_id, items)


def _checked(entry: Entry) -> Entry:
    """The entry, or one without book whose items failed with the reason why the book cannot be used."""
    if entry.book is None:
        return entry
    try:
        check_book(entry.book)
    except BadInput as error:
        items = entry.items or (EntryItem(None, str(entry.book.book_id), ""),)
        return Entry(
            None, tuple(EntryItem(item.side, item.path, "", "manifest", str(error)) for item in items)
        )
    return entry


def _cover_ids(entry: Entry) -> list[str]:
    if entry.book is None:
        return []
    shown = [(item.side, item.sha256) for item in entry.items if item.sha256 and item.side]
    return [cover_id(entry.book.book_id, Side(side), sha256) for side, sha256 in shown]


def _write(connection: Connection, book: Book | None, item: EntryItem) -> NewItem:
    book_id = book.book_id if book is not None else ""
    if book is None or not item.sha256:
        return NewItem(book_id, item.side, item.path, stage=item.stage, reason=item.reason)
    assert item.side is not None, "an image that was stored shows a known side"
    cover, changed = write_cover(connection, book_id, item.side, item.sha256)
    return NewItem(book_id, item.side, item.path, cover.cover_id, unchanged=not changed)
