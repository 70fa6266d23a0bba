"""Acknowledging many books at once: one transaction for a chunk of a manifest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recto.errors import BadInput
from recto.ledger.database import Database
from recto.ledger.entering import CoverKey, write_books, write_covers
from recto.ledger.items import open_job, write_items
from recto.ledger.rows import Entry, EntryItem, NewItem
from recto.ledger.validation import check_book
from recto.records import Book, Cover


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
        keys = [key for entry in checked for key in _cover_keys(entry)]
        with self._database.write() as connection:
            open_job(connection, job_id)
            write_books(connection, [entry.book for entry in checked if entry.book is not None])
            written = iter(write_covers(connection, keys))
            items = [_item(entry.book, item, written) for entry in checked for item in entry.items]
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


def _cover_keys(entry: Entry) -> list[CoverKey]:
    if entry.book is None:
        return []
    return [(entry.book.book_id, item.side, item.sha256) for item in entry.items if item.side and item.sha256]


def _item(book: Book | None, item: EntryItem, written: Iterator[tuple[Cover, bool]]) -> NewItem:
    """The item of a job for an image; takes the next of the covers that were written when it has one."""
    book_id = book.book_id if book is not None else ""
    if book is None or not (item.side and item.sha256):
        return NewItem(book_id, item.side, item.path, stage=item.stage, reason=item.reason)
    cover, changed = next(written)
    return NewItem(book_id, item.side, item.path, cover.cover_id, unchanged=not changed)
