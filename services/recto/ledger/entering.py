"""Writing many books and covers in a few statements, inside a transaction of the caller."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, delete, select

from recto.errors import BadInput, NotFound
from recto.ledger import schema
from recto.ledger.convert import book_of, cover_of
from recto.ledger.database import add_rows, chunks, enter_rows, put_rows
from recto.ledger.facts import locked_versions
from recto.ledger.moves import locked_covers, queue_anew, queue_books_anew, queue_other_anew
from recto.ledger.rows import Entry
from recto.ledger.text import search_text, sort_title, terms
from recto.ledger.validation import check_book, check_extra, check_sha256
from recto.records import Book, Cover, CoverState, Side, cover_id

_TICK = 1e-6
"""Seconds between covers that are entered together, so that they keep their order; a float of today resolves 2.4e-7."""

CoverKey = tuple[str, Side, str]
"""book_id, side, sha256."""


@dataclass(frozen=True)
class Merge:
    """Books as they stood and as they will stand. A refusal stands under the place of what was said."""

    old: Mapping[str, Book]
    books: Mapping[str, Book]
    changes: frozenset[
        tuple[str, str]
    ]  # book_id and field of what was there, wherever an entry says something else
    refusals: Mapping[int, BadInput]


def write_book(connection: Connection, book: Book, clear: Sequence[str] = ()) -> Book:
    """Enter or change one book, as `write_books`; returns it as it stands afterwards.

    Raises:
        BadInput: a field cannot be used, or not be emptied.
    """
    check_book(book, clear)
    merge = write_books(connection, [Entry(book, (), tuple(clear))])
    for refusal in merge.refusals.values():
        raise refusal
    return merge.books[book.book_id]


def write_books(connection: Connection, entries: Sequence[Entry], *, dry_run: bool = False) -> Merge:
    """Enter what is said of books into those that stand there, in the order of the entries; dry: only find out.

    Entries must be those of `check_entries`. What is not said changes nothing, see `Book.updated`.
    """
    locked_versions(connection)  # before any other row, against deadlocks
    ids = sorted({entry.book.book_id for entry in entries if entry.book is not None})
    old = _locked_books(connection, ids)
    merge = _merged(entries, old)
    if dry_run:
        return merge
    new = [merge.books[id_] for id_ in sorted(merge.books) if id_ not in old]
    entered = enter_rows(connection, schema.book, [_book_columns(book) for book in new])
    if late := sorted({book.book_id for book in new} - entered):  # another writer has entered them meanwhile
        merge = _merged(entries, {**old, **_locked_books(connection, late)})
    _write_changed(connection, merge)
    return merge


def _merged(entries: Sequence[Entry], old: Mapping[str, Book]) -> Merge:
    books: dict[str, Book] = {}
    changes: set[tuple[str, str]] = set()
    refusals = {}
    for place, entry in enumerate(entries):
        if entry.book is None:
            continue
        book_id = entry.book.book_id
        before = books.get(book_id) or old.get(book_id) or Book(book_id)
        after = before.updated(entry.book, entry.clear)
        try:
            check_extra(after)
        except BadInput as refusal:
            refusals[place] = refusal
            continue
        books[book_id] = after
        changes.update((book_id, name) for name in after.changed_fields(before) if book_id in old)
    return Merge(old, books, frozenset(changes), refusals)


def _write_changed(connection: Connection, merge: Merge) -> None:
    """Write the books that were there and differ now, and what catalogue and index hold of new and changed ones."""
    old = merge.old
    new = [merge.books[id_] for id_ in sorted(merge.books) if id_ not in old]
    changed = [merge.books[id_] for id_ in sorted(merge.books) if id_ in old and merge.books[id_] != old[id_]]
    put_rows(connection, schema.book, [_book_columns(book) for book in changed], keep=["created"])
    other = [book for book in changed if _differs(book, old[book.book_id])]
    renamed = [book for book in changed if _is_renamed(book, old[book.book_id])]
    _forget_terms(connection, [book.book_id for book in renamed])
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
