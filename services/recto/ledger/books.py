"""Books and covers: entering, looking up."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from recto.errors import NotFound
from recto.ledger import schema
from recto.ledger.convert import book_of, cover_of
from recto.ledger.database import Database, add_rows, chunks, put_row
from recto.ledger.moves import queue_anew, queue_book_anew
from recto.ledger.text import search_text, sort_title, terms
from recto.ledger.validation import check_book, check_sha256
from recto.records import Book, Cover, CoverState, Side, cover_id


class Books:
    """Books and covers of the ledger."""

    _database: Database

    def put_book(self, book: Book) -> None:
        """Insert a book or update it; if a field changed that searches filter by, its covers are queued anew.

        A deleted book comes back under its id, without the covers that it had.

        Raises:
            BadInput: a field cannot be used.
        """
        with self._database.write() as connection:
            write_book(connection, book)

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
            return write_cover(connection, book_id, side, sha256)

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


def write_book(connection: Connection, book: Book) -> None:
    """`put_book` inside a transaction."""
    check_book(book)
    table = schema.book
    query = select(table).where(table.c.book_id == book.book_id).with_for_update()
    row = connection.execute(query).one_or_none()
    old = book_of(row) if row is not None else None
    now = time.time()
    columns = {
        "book_id": book.book_id,
        "title": book.title,
        "authors": list(book.authors),
        "isbn": book.isbn,
        "publisher": book.publisher,
        "year": book.year,
        "language": book.language,
        "tags": list(book.tags),
        "extra": dict(book.extra),
        "sort_title": sort_title(book),
        "search_text": search_text(book),
        "created": now,
        "updated": now,
    }
    if old == book:
        return
    put_row(connection, table, columns, keep=["created"])
    if old is None or old.filter_fields() != book.filter_fields():
        _write_terms(connection, book, is_new=old is None)
        queue_book_anew(connection, book.book_id)


def _write_terms(connection: Connection, book: Book, *, is_new: bool) -> None:
    table = schema.book_term
    if not is_new:
        connection.execute(delete(table).where(table.c.book_id == book.book_id))
    rows = [{"kind": kind, "term": term, "book_id": book.book_id} for kind, term in terms(book)]
    add_rows(connection, table, rows)


def write_cover(connection: Connection, book_id: str, side: Side, sha256: str) -> tuple[Cover, bool]:
    """`add_cover` inside a transaction."""
    check_sha256(sha256)
    if not _share_book(connection, book_id):
        raise NotFound(f"There is no book {book_id!r} in the catalogue.")
    table = schema.cover
    id_ = cover_id(book_id, Side(side), sha256)
    query = select(table).where(table.c.cover_id == id_).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is not None and row.state != CoverState.FAILED.value:
        return cover_of(row), False
    if row is not None:
        queue_anew(connection, table.c.cover_id == id_)
    else:
        now = time.time()
        columns = {"cover_id": id_, "book_id": book_id, "side": Side(side).value, "sha256": sha256}
        state = CoverState.QUEUED.value
        connection.execute(insert(table).values(**columns, state=state, created=now, moved=now))
    return cover_of(connection.execute(query).one()), True


def _share_book(connection: Connection, book_id: str) -> bool:
    """Whether the book exists; it cannot be deleted before the transaction ends."""
    table = schema.book
    query = select(table.c.book_id).where(table.c.book_id == book_id).with_for_update(read=True)
    return connection.execute(query).one_or_none() is not None
