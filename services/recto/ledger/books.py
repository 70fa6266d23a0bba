"""Books and covers: entering one, looking up."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from recto.ledger import schema
from recto.ledger.convert import book_of, cover_of
from recto.ledger.database import Database, chunks
from recto.ledger.entering import write_book, write_covers
from recto.records import Book, Cover, Side


class Books:
    """Books and covers of the ledger."""

    _database: Database

    def put_book(self, book: Book, clear: Sequence[str] = ()) -> None:
        """Enter a book, or change what is said of it: empty fields change nothing, `clear` names those to empty.

        If a field changed that searches filter by, its covers are queued anew.
        A deleted book comes back under its id, without the covers that it had.

        Raises:
            BadInput: a field cannot be used.
        """
        with self._database.write() as connection:
            write_book(connection, book, clear)

    def book(self, book_id: str) -> Book | None:
        """The book of this id."""
        return self.books_by_id([book_id]).get(book_id)

    def books_by_id(self, ids: Sequence[str]) -> dict[str, Book]:
        """The books of these ids; unknown ones are left out."""
        found = {}
        with self._database.read() as connection:
            for some in chunks(ids):
                for row in connection.execute(select(schema.book).where(schema.book.c.book_id.in_(some))):
                    found[row.book_id] = book_of(row)
        return found

    def add_cover(self, book_id: str, side: Side, sha256: str) -> tuple[Cover, bool]:
        """Queue a cover, a failed one anew; the second value is False if it is indexed or on its way.

        Raises:
            NotFound: there is no such book.
            BadInput: this is no SHA-256.
        """
        with self._database.write() as connection:
            return write_covers(connection, [(book_id, Side(side), sha256)])[0]

    def cover(self, cover_id: str) -> Cover | None:
        """The cover of this id."""
        return self.covers_by_id([cover_id]).get(cover_id)

    def covers_by_id(self, ids: Sequence[str]) -> dict[str, Cover]:
        """The covers of these ids; unknown ones are left out."""
        found = {}
        with self._database.read() as connection:
            for some in chunks(ids):
                for row in connection.execute(select(schema.cover).where(schema.cover.c.cover_id.in_(some))):
                    found[row.cover_id] = cover_of(row)
        return found

    def covers_of(self, book_id: str) -> list[Cover]:
        """The covers of a book: fronts first, in the order in which they came."""
        table = schema.cover
        order = (table.c.side.desc(), table.c.created, table.c.cover_id)
        with self._database.read() as connection:
            query = select(table).where(table.c.book_id == book_id).order_by(*order)
            return [cover_of(row) for row in connection.execute(query)]
