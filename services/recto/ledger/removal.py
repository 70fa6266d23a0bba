"""Deleting books: gone from the ledger at once, from index and blobs when the index worker gets to it."""

from __future__ import annotations

import time
from collections.abc import Collection

from sqlalchemy import Connection, delete, select

from recto.ledger import schema
from recto.ledger.database import Database, add_rows, chunks, put_rows
from recto.ledger.items import DELETED
from recto.ledger.moves import queue_books_anew, settle
from recto.ledger.rows import Outcome


class Removal:
    """Deletion of books, in two steps."""

    _database: Database

    def delete_book(self, book_id: str) -> bool:
        """Remove a book with its covers and note that the index must forget it; False: there is no such book.

        Items that wait for its covers fail. What workers do with these covers from now on changes nothing.
        """
        book, cover = schema.book, schema.cover
        with self._database.write() as connection:
            known = select(book.c.book_id).where(book.c.book_id == book_id).with_for_update()
            if connection.execute(known).one_or_none() is None:
                return False
            query = select(cover.c.cover_id, cover.c.sha256).where(cover.c.book_id == book_id)
            covers = connection.execute(query.order_by(cover.c.cover_id).with_for_update()).all()
            blobs = [{"book_id": book_id, "sha256": row.sha256} for row in covers]
            add_rows(connection, schema.removed_blob, blobs)
            put_rows(connection, schema.removal, [{"book_id": book_id, "requested": time.time()}])
            settle(connection, [row.cover_id for row in covers], Outcome.FAILED, "deleted", DELETED)
            for table in (cover, schema.book_term, book):
                connection.execute(delete(table).where(table.c.book_id == book_id))
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
            query = select(blob.c.sha256).where(blob.c.book_id == book_id)
            removed = set(connection.execute(query).scalars())
            for table in (blob, schema.removal):
                connection.execute(delete(table).where(table.c.book_id == book_id))
            queue_books_anew(connection, [book_id])
            return sorted(removed - _named(connection, removed))

    def named_blobs(self, sha256s: Collection[str]) -> set[str]:
        """Those of the given originals that a cover names."""
        with self._database.read() as connection:
            return _named(connection, sha256s)


def _named(connection: Connection, sha256s: Collection[str]) -> set[str]:
    named: set[str] = set()
    for some in chunks(sha256s):
        query = select(schema.cover.c.sha256).where(schema.cover.c.sha256.in_(some))
        named.update(connection.execute(query).scalars())
    return named
