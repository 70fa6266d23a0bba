"""Acknowledging many books at once: one transaction for a chunk of a manifest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, select

from recto.errors import BadInput
from recto.ledger.database import Database, add_rows, chunks
from recto.ledger.entering import CoverKey, write_books, write_covers
from recto.ledger.facts import locked_versions
from recto.ledger.items import open_job, write_items
from recto.ledger.moves import move, move_other
from recto.ledger.rows import PAUSED, Entry, EntryItem, NewItem
from recto.ledger.schema import book, job, job_change
from recto.ledger.validation import check_book
from recto.records import Book, Cover, CoverState, cover_id


class Intake:
    """Entering books with their covers for a job."""

    _database: Database

    def acknowledge(self, job_id: str, entries: Sequence[Entry]) -> None:
        """Write books, covers and items of a chunk of a manifest, all or nothing.

        A book that cannot be used becomes failed items with its reason and stops no other.

        Raises:
            NotFound: there is no such job.
            BadInput: the listing of the job was finished, or the job cancelled.
        """
        checked = check_entries(entries)
        with self._database.write() as connection:
            open_job(connection, job_id)
            enter(connection, job_id, checked)


def check_entries(entries: Sequence[Entry]) -> list[Entry]:
    """The entries; one whose book cannot be used is without book, and its items failed with the reason."""
    return [_checked(entry) for entry in entries]


def enter(connection: Connection, job_id: str, checked: Sequence[Entry], *, dry_run: bool = False) -> None:
    """Write books, covers, items and which fields changed inside a transaction, for entries of `check_entries`.

    A dry run writes the last two alone, and they say the same.
    """
    merge = write_books(connection, checked, dry_run=dry_run)
    write_changes(connection, job_id, merge.changes)
    entries = [
        _refused(entry, merge.refusals[place]) if place in merge.refusals else entry
        for place, entry in enumerate(checked)
    ]
    keys = [key for entry in entries for key in _cover_keys(entry)]
    written = iter(enter_covers(connection, job_id, keys, dry_run=dry_run))
    items = [_item(entry.book, item, written) for entry in entries for item in entry.items]
    write_items(connection, job_id, items, dry_run=dry_run)


def write_changes(connection: Connection, job_id: str, changes: Collection[tuple[str, str]]) -> None:
    """Note fields (after their book_id) that a job changes, each once; books that came after it began do not count."""
    began = select(job.c.created).where(job.c.job_id == job_id).scalar_subquery()
    for some in chunks(sorted({book_id for book_id, _ in changes})):
        query = select(book.c.book_id).where(book.c.book_id.in_(some), book.c.created < began)
        were_there = set(connection.execute(query).scalars())
        rows = [
            {"job_id": job_id, "book_id": book_id, "field": field}
            for book_id, field in sorted(changes)
            if book_id in were_there
        ]
        add_rows(connection, job_change, rows)


def enter_covers(
    connection: Connection, job_id: str, keys: Sequence[CoverKey], *, dry_run: bool = False
) -> list[tuple[Cover, bool]]:
    """`write_covers` for a job; what another job holds back is queued, unless this one is paused too."""
    if dry_run:
        return [(Cover(cover_id(*key), *key, CoverState.QUEUED), True) for key in keys]
    covers = write_covers(connection, keys)
    held = [cover.cover_id for cover, _ in covers if cover.state is CoverState.HELD]
    if held:
        control = connection.execute(select(job.c.control).where(job.c.job_id == job_id)).scalar_one()
        if control != PAUSED:
            move(connection, held, CoverState.QUEUED)
            other = locked_versions(connection).other
            move_other(connection, other, held, [CoverState.HELD], CoverState.QUEUED)
    return covers


def _checked(entry: Entry) -> Entry:
    if entry.book is None:
        return entry
    try:
        check_book(entry.book, entry.clear)
    except BadInput as error:
        return _refused(entry, error)
    return entry


def _refused(entry: Entry, error: BadInput) -> Entry:
    """The entry without its book, which cannot be used; its items failed with the reason."""
    items = entry.items or (EntryItem(None, str(entry.book.book_id) if entry.book else "", ""),)
    return Entry(None, tuple(EntryItem(item.side, item.path, "", "manifest", str(error)) for item in items))


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
