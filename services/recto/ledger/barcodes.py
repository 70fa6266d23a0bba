"""Barcodes and books: which books a number stands for, and which covers carry one that is not their book's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from recto.isbn import ean13
from recto.ledger.convert import cover_of
from recto.ledger.database import Database, chunks
from recto.ledger.rows import Page
from recto.ledger.schema import book, book_term, cover, job_item, picture_barcode
from recto.ledger.text import ISBN, numbers
from recto.ledger.validation import check_page
from recto.records import Cover


@dataclass(frozen=True)
class BarcodeConflict:
    """A cover with barcodes of books, none of which is that of its book: `barcodes` of the cover, `isbns` of the book.

    The image may belong to another book or edition, or the record may be wrong.
    """

    cover: Cover
    barcodes: tuple[str, ...]
    isbns: tuple[str, ...]


class Barcodes:
    """Numbers of books in the ledger."""

    _database: Database

    def books_by_isbn(self, isbns: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Ids of the books of each number, by the number as it was given; numbers that no book has are left out.

        A number may be an ISBN-10, an ISBN-13 or another EAN-13, with hyphens or without. A book has the numbers that
        its ISBN and its id are; where its record names none, those that were read from its covers.
        """
        wanted = {isbn: number for isbn in isbns if (number := ean13(isbn))}
        found: dict[str, set[str]] = defaultdict(set)
        with self._database.read() as connection:
            for some in chunks(sorted(set(wanted.values()))):
                for query in (_by_record(some), _by_cover(some)):
                    for row in connection.execute(query):
                        found[row.number].add(row.book_id)
        return {isbn: tuple(sorted(found[number])) for isbn, number in wanted.items() if number in found}

    def barcode_conflicts(
        self, job_id: str = "", book_id: str = "", page: int = 1, page_size: int = 50
    ) -> Page[BarcodeConflict]:
        """Covers whose barcodes contradict the record of their book: all, or those of a job or book; pages from 1.

        Nothing of it is stored: a record that is corrected is in no conflict any more.
        """
        check_page(page, page_size)
        where = [*_conflicting(), *_chosen(job_id, book_id)]
        with self._database.read() as connection:
            count = select(func.count()).select_from(cover).join(book, book.c.book_id == cover.c.book_id)
            total = connection.execute(count.where(*where)).scalar_one()
            query = select(cover, book.c.isbn).join(book, book.c.book_id == cover.c.book_id).where(*where)
            query = query.order_by(cover.c.book_id, cover.c.side, cover.c.cover_id)
            rows = connection.execute(query.limit(page_size).offset((page - 1) * page_size)).all()
            printed = _barcodes_of(connection, [row.sha256 for row in rows])
        items = [
            BarcodeConflict(cover_of(row), tuple(printed[row.sha256]), tuple(numbers(row.isbn, row.book_id)))
            for row in rows
        ]
        return Page(tuple(items), total, page, page_size)


def _by_record(some: Collection[str]) -> Select[Any]:
    table = book_term
    query = select(table.c.term.label("number"), table.c.book_id)
    return query.where(table.c.kind == ISBN, table.c.term.in_(some))


def _by_cover(some: Collection[str]) -> Select[Any]:
    query = select(picture_barcode.c.number, cover.c.book_id).distinct()
    query = query.join(cover, cover.c.sha256 == picture_barcode.c.sha256)
    return query.where(picture_barcode.c.number.in_(some), ~_has_number())


def _has_number() -> ColumnElement[bool]:
    """The book of the cover names a number itself."""
    return exists().where(book_term.c.book_id == cover.c.book_id, book_term.c.kind == ISBN)


def _conflicting() -> list[ColumnElement[bool]]:
    carried = picture_barcode.c.sha256 == cover.c.sha256
    named = and_(
        book_term.c.term == picture_barcode.c.number,
        book_term.c.book_id == cover.c.book_id,
        book_term.c.kind == ISBN,
    )
    return [exists().where(carried, _is_isbn()), _has_number(), ~exists().where(carried, named)]


def _is_isbn() -> ColumnElement[bool]:
    """`recto.isbn.is_isbn` in SQL."""
    number = picture_barcode.c.number
    return or_(and_(number >= "978", number < "979"), and_(number >= "9791", number < "98"))


def _chosen(job_id: str, book_id: str) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = [cover.c.book_id == book_id] if book_id else []
    if job_id:
        chosen.append(cover.c.cover_id.in_(select(job_item.c.cover_id).where(job_item.c.job_id == job_id)))
    return chosen


def _barcodes_of(connection: Connection, sha256s: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for some in chunks(sha256s):
        query = select(picture_barcode).where(picture_barcode.c.sha256.in_(some), _is_isbn())
        for row in connection.execute(query.order_by(picture_barcode.c.number)):
            found[row.sha256].append(row.number)
    return found
