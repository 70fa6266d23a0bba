"""Writing many books and covers in a few statements, inside a transaction of the caller."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, select

from recto.errors import NotFound
from recto.ledger import schema
from recto.ledger.convert import book_of, cover_of
from recto.ledger.database import add_rows, chunks, put_rows
from recto.ledger.facts import locked_versions
from recto.ledger.moves import locked_covers, queue_anew, queue_books_anew, queue_other_anew
from recto.ledger.text import search_text, sort_title, terms
from recto.ledger.validation import check_book, check_sha256
from recto.records import Book, Cover, CoverState, Side, cover_id

_TICK = 1e-6
"""Seconds between covers that are entered together, so that they keep their order; a float of today resolves 2.4e-7."""

CoverKey = tuple[str, Side, str]
"""book_id, side, sha256."""


def write_books(connection: Connection, books: Sequence[Book]) -> None:
    """Insert books, or update those that exist; of two with one id the last counts.

    Raises:
        BadInput: a field of a book cannot be used.
    """
    for book in books:
        check_book(book)
    locked_versions(connection)  # before any other row, against deadlocks
    wanted = {book.book_id: book for book in books}
    old = _locked_books(connection, sorted(wanted))
    changed = [wanted[id_] for id_ in sorted(wanted) if wanted[id_] != old.get(id_)]
    put_rows(connection, schema.book, [_book_columns(book) for book in changed], keep=["created"])
    other = [book for book in changed if book.book_id in old and _differs(book, old[book.book_id])]
    renamed = [book for book in changed if book.book_id in old and _is_renamed(book, old[book.book_id])]
    _forget_terms(connection, [book.book_id for book in renamed])
    new = [book for book in changed if book.book_id not in old]
    rows = [
        {"kind": kind, "term": term, "book_id": book.book_id}
        for book in new + renamed
        for kind, term in terms(book)
    ]
    add_rows(connection, schema.book_term, rows)
    queue_books_anew(connection, [book.book_id for book in other])


def write_covers(connection: Connection, wanted: Sequence[CoverKey]) -> list[tuple[Cover, bool]]:
    """Queue covers; for each what `Books.add_cover` returns. One that stands there twice is changed once.

    Raises:
        NotFound: a book is missing.
        BadInput: this is no SHA-256.
    """
    for _, _, sha256 in wanted:
        check_sha256(sha256)
    other = locked_versions(connection).other
    _hold_books(connection, sorted({book_id for book_id, _, _ in wanted}))
    ids = [cover_id(*one) for one in wanted]
    covers = {row.cover_id: cover_of(row) for row in locked_covers(connection, ids)}
    failed = [id_ for id_, cover in covers.items() if cover.state is CoverState.FAILED]
    for some in chunks(failed):
        queue_anew(connection, schema.cover.c.cover_id.in_(some))
    queue_other_anew(connection, other, failed, CoverState.FAILED)
    covers |= {
        id_: replace(covers[id_], state=CoverState.QUEUED, attempts=0, stage="", reason="") for id_ in failed
    }
    new = {
        id_: Cover(id_, *one, CoverState.QUEUED)
        for id_, one in zip(ids, wanted, strict=True)
        if id_ not in covers
    }
    now = time.time()
    rows = [_cover_columns(cover, now + place * _TICK) for place, cover in enumerate(new.values())]
    add_rows(connection, schema.cover, rows)
    if other is not None and other.is_written:
        add_rows(connection, schema.other_cover, [_state_columns(row) for row in rows])
    changed = {*failed, *new}
    first = {id_: place for place, id_ in reversed(list(enumerate(ids)))}
    return [((covers | new)[id_], id_ in changed and first[id_] == place) for place, id_ in enumerate(ids)]


def _locked_books(connection: Connection, ids: Sequence[str]) -> dict[str, Book]:
    """The books that exist, locked until the transaction ends, in the order of their ids, against deadlocks."""
    table = schema.book
    found = {}
    for some in chunks(ids):
        query = select(table).where(table.c.book_id.in_(some)).order_by(table.c.book_id).with_for_update()
        found.update({row.book_id: book_of(row) for row in connection.execute(query)})
    return found


def _hold_books(connection: Connection, ids: Sequence[str]) -> None:
    """Keep books from being deleted before the transaction ends."""
    table = schema.book
    found: set[str] = set()
    for some in chunks(ids):
        query = select(table.c.book_id).where(table.c.book_id.in_(some)).order_by(table.c.book_id)
        found.update(connection.execute(query.with_for_update(read=True)).scalars())
    if missing := [id_ for id_ in ids if id_ not in found]:
        raise NotFound(f"There is no book {missing[0]!r} in the catalogue.")


def _differs(book: Book, old: Book) -> bool:
    return book.filter_fields() != old.filter_fields()


def _is_renamed(book: Book, old: Book) -> bool:
    return list(terms(book)) != list(terms(old))


def _forget_terms(connection: Connection, ids: Sequence[str]) -> None:
    for some in chunks(ids):
        connection.execute(delete(schema.book_term).where(schema.book_term.c.book_id.in_(some)))


def _book_columns(book: Book) -> dict[str, Any]:
    now = time.time()
    return {
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


def _cover_columns(cover: Cover, now: float) -> dict[str, Any]:
    return {
        "cover_id": cover.cover_id,
        "book_id": cover.book_id,
        "side": cover.side.value,
        "sha256": cover.sha256,
        "state": cover.state.value,
        "created": now,
        "moved": now,
    }


def _state_columns(cover: dict[str, Any]) -> dict[str, Any]:
    """The row of a new cover in the version beside the live one."""
    return {name: cover[name] for name in ("cover_id", "state", "moved")}
