"""Changing one book under a condition: two people who edit it at once do not overwrite each other unseen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select

from recto.ledger.convert import book_of
from recto.ledger.database import Database, lock_table
from recto.ledger.entering import write_book
from recto.ledger.schema import book as table
from recto.records import Book


class Editing:
    """Edits of the ledger."""

    _database: Database

    def change_book(
        self, book: Book, allowed: Callable[[Book | None], None], clear: Sequence[str] = ()
    ) -> tuple[Book, bool]:
        """Enter or change a book, as `put_book`; returns it as it stands afterwards, and True when it is new.

        `allowed` sees what stands there, while nobody else can change it, and may raise; then nothing happens.

        Raises:
            BadInput: a field cannot be used.
        """
        with self._database.write() as connection:
            known = select(table.c.book_id).where(table.c.book_id == book.book_id)
            if connection.execute(known).one_or_none() is None:
                # There is no row to lock, so all others who would write one are kept out. This comes before any lock
                # of a row: two who held one each and then wanted the table would wait for each other.
                lock_table(connection, table)
            old = _locked_book(connection, book.book_id)
            allowed(old)
            return write_book(connection, book, clear), old is None


def _locked_book(connection: Connection, book_id: str) -> Book | None:
    row = connection.execute(select(table).where(table.c.book_id == book_id).with_for_update()).one_or_none()
    return book_of(row) if row is not None else None
