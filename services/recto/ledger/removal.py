"""Deleting books: gone from the ledger at once, from index and blobs when the index worker gets to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from sqlalchemy import Connection, delete, select

from recto.ledger import schema
from recto.ledger.comparing import forget_findings
from recto.ledger.convert import book_of
from recto.ledger.database import Database, add_rows, chunks, put_rows
from recto.ledger.facts import Other, locked_versions
from recto.ledger.items import DELETED
from recto.ledger.moves import forget_failures, queue_books_anew, settle
from recto.ledger.pictures import forget_pictures
from recto.ledger.rows import Outcome
from recto.records import Book

COVER_DELETED = "the cover was deleted meanwhile"


class Removal:
    """Deletion of books, in two steps."""

    _database: Database

    def delete_book(self, book_id: str, allowed: Callable[[Book], None] | None = None) -> bool:
        """Remove a book with its covers and note that the index must forget it; False: there is no such book.

        Items that wait for its covers fail. What workers do with these covers from now on changes nothing. `allowed`
        sees the book as it stands and may raise; then nothing happens.
        """
        book, cover = schema.book, schema.cover
        with self._database.write() as connection:
            other = locked_versions(connection).other
            known = select(book).where(book.c.book_id == book_id).with_for_update()
            found = connection.execute(known).one_or_none()
            if found is None:
                return False
            if allowed is not None:
                allowed(book_of(found))
            query = select(cover.c.cover_id, cover.c.sha256).where(cover.c.book_id == book_id)
            rows = connection.execute(query.order_by(cover.c.cover_id).with_for_update())
            covers = {row.cover_id: row.sha256 for row in rows}
            _remove_covers(connection, other, book_id, covers, DELETED)
            for table in (schema.book_term, book):
                connection.execute(delete(table).where(table.c.book_id == book_id))
        return True

    def delete_cover(self, cover_id: str) -> bool:
        """Remove one cover of a book; False: there is no such cover.

        The index forgets by book, so the other covers of the book are indexed anew.
        """
        cover = schema.cover
        with self._database.write() as connection:
            other = locked_versions(connection).other
            query = select(cover.c.cover_id, cover.c.book_id, cover.c.sha256)
            found = connection.execute(
                query.where(cover.c.cover_id == cover_id).with_for_update()
            ).one_or_none()
            if found is None:
                return False
            _remove_covers(connection, other, found.book_id, {cover_id: found.sha256}, COVER_DELETED)
        return True

    def deleted_books(self, limit: int) -> list[str]:
        """Books that the index must still forget, the oldest request first."""
        table = schema.removal
        with self._database.read() as connection:
            query = select(table.c.book_id).order_by(table.c.requested, table.c.book_id).limit(limit)
            return list(connection.execute(query).scalars())

    def purge_deleted(self, book_id: str) -> list[str]:
        """End a deletion after the index removed the book's points; returns originals that no cover names.

        When the book was entered again meanwhile, the index may have lost points of its new covers too:
        these are indexed again.
        """
        blob = schema.removed_blob
        with self._database.write() as connection:
            locked_versions(connection)  # before any other row, against deadlocks
            query = select(blob.c.sha256).where(blob.c.book_id == book_id)
            removed = set(connection.execute(query).scalars())
            for table in (blob, schema.removal):
                connection.execute(delete(table).where(table.c.book_id == book_id))
            queue_books_anew(connection, [book_id])
            unnamed = removed - _named(connection, removed)
            forget_pictures(connection, unnamed)
            return sorted(unnamed)

    def named_blobs(self, sha256s: Collection[str]) -> set[str]:
        """Those of the given originals that a cover names."""
        with self._database.read() as connection:
            return _named(connection, sha256s)


def _remove_covers(
    connection: Connection, other: Other | None, book_id: str, covers: Mapping[str, str], reason: str
) -> None:
    """Remove covers (sha256 by id) of a book from both versions; the index must forget what it holds of the book."""
    ids = list(covers)
    blobs = [{"book_id": book_id, "sha256": sha256} for sha256 in covers.values()]
    add_rows(connection, schema.removed_blob, blobs)
    put_rows(connection, schema.removal, [{"book_id": book_id, "requested": time.time()}])
    settle(connection, ids, Outcome.FAILED, "deleted", reason)
    if other is not None:
        forget_failures(connection, other, ids)
    forget_findings(connection, ids)
    for some in chunks(ids):
        for table in (schema.other_cover, schema.cover):
            connection.execute(delete(table).where(table.c.cover_id.in_(some)))


def _named(connection: Connection, sha256s: Collection[str]) -> set[str]:
    named: set[str] = set()
    for some in chunks(sha256s):
        query = select(schema.cover.c.sha256).where(schema.cover.c.sha256.in_(some))
        named.update(connection.execute(query).scalars())
    return named
