"""Covers that are alike, as people look through them, and what they decided about two books."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, delete, exists, func, or_, select, union

from recto.errors import NotFound
from recto.ledger.comparing import WAITS
from recto.ledger.convert import book_of, cover_of
from recto.ledger.database import Database, put_rows
from recto.ledger.rows import Page
from recto.ledger.schema import book, cover, decision, duplicate, job, job_item
from recto.ledger.text import storable
from recto.ledger.validation import check_page
from recto.records import Alike, Book, Cover

DIFFERENT = "different"
"""The one verdict: these are two books, and that their covers are alike is no mistake."""
MAX_NOTE = 500
_first, _other = cover.alias("first_cover"), cover.alias("second_cover")
_ENDS = (duplicate.c.cover_id, duplicate.c.other_id)


@dataclass(frozen=True)
class Decision:
    """That a person said of two books that they are different, and when."""

    note: str
    decided: float


@dataclass(frozen=True)
class Pair:
    """Two covers that are alike with their books; `decision` where a person said that these are different."""

    kind: Alike
    measures: Mapping[str, Any]
    found: float
    cover: Cover
    book: Book
    other_cover: Cover
    other_book: Book
    decision: Decision | None = None

    @property
    def is_same_book(self) -> bool:
        """True for two covers of one book, its front and its back from one file, say."""
        return self.book.book_id == self.other_book.book_id


@dataclass(frozen=True)
class AlikeInJob:
    """How many covers of a job look like others, and whether some of its covers are still to be compared."""

    covers: int = 0
    is_comparing: bool = False


class Duplicates:
    """Findings and decisions of the ledger."""

    _database: Database

    def duplicates(
        self,
        kind: Alike | None = None,
        job_id: str = "",
        book_id: str = "",
        *,
        decided: bool = False,
        page: int = 1,
        page_size: int = 50,
    ) -> Page[Pair]:
        """Pairs of covers that are alike, by kind and the latest first: all, or those of a kind, job, book.

        Pairs of books that a person called different are left out; `decided`: only these. Pages count from 1.
        """
        check_page(page, page_size)
        where = [duplicate.c.kind == kind.value] if kind else []
        order = [column.desc() for column in (duplicate.c.kind, duplicate.c.found)]
        with self._database.read() as connection:
            chosen = _chosen(connection, job_id, book_id, decided=decided)
            counts = _counts(connection, chosen, decided=decided, narrowed=bool(job_id or book_id))
            query = select(duplicate).where(*where, *chosen).order_by(*order, duplicate.c.cover_id)
            rows = connection.execute(query.limit(page_size).offset((page - 1) * page_size)).all()
            pairs = _pairs(connection, rows)
        total = counts.get(kind, 0) if kind else sum(counts.values())
        return Page(tuple(pairs), total, page, page_size)

    def duplicate_counts(
        self, job_id: str = "", book_id: str = "", *, decided: bool = False
    ) -> dict[Alike, int]:
        """How many pairs `duplicates` lists of each kind."""
        with self._database.read() as connection:
            chosen = _chosen(connection, job_id, book_id, decided=decided)
            found = _counts(connection, chosen, decided=decided, narrowed=bool(job_id or book_id))
        return {kind: found.get(kind, 0) for kind in Alike}

    def duplicate(self, cover_id: str, other_id: str) -> Pair | None:
        """What was found about two covers, in either order."""
        low, high = sorted((cover_id, other_id))
        where = (duplicate.c.cover_id == low, duplicate.c.other_id == high)
        with self._database.read() as connection:
            found = _pairs(connection, connection.execute(select(duplicate).where(*where)).all())
        return found[0] if found else None

    def alike_in_job(self, job_id: str) -> AlikeInJob:
        """What was found about the covers of a job; a cover that is alike to several counts once."""
        with self._database.read() as connection:
            created = connection.execute(select(job.c.created).where(job.c.job_id == job_id)).scalar()
            if created is None:
                return AlikeInJob()
            # Since the job began: its covers were compared after that, and the index over times keeps it short.
            lately = (duplicate.c.found >= created, ~is_decided())
            ends = union(*(select(end.label("end")).where(*lately) for end in _ENDS)).subquery()
            count = select(func.count()).select_from(ends).where(_is_in(job_id, ends.c.end))
            covers = connection.execute(count).scalar_one()
            waits = (WAITS, cover.c.created >= created, _is_in(job_id, cover.c.cover_id))
            waiting = connection.execute(select(cover.c.cover_id).where(*waits).limit(1)).first()
            is_comparing = waiting is not None
        return AlikeInJob(covers, is_comparing)

    def decide(self, book_id: str, other_id: str, note: str = "") -> None:
        """Keep that two books are different, whatever their covers look like; it survives them.

        Raises:
            NotFound: one of the books is not there.
        """
        row = {**_key(book_id, other_id), "verdict": DIFFERENT, "note": storable(note)[:MAX_NOTE]}
        with self._database.write() as connection:
            for id_ in {book_id, other_id}:
                if connection.execute(select(book.c.book_id).where(book.c.book_id == id_)).first() is None:
                    raise NotFound(f"There is no book {id_!r} in the catalogue.")
            put_rows(connection, decision, [{**row, "decided": time.time()}])

    def undecide(self, book_id: str, other_id: str) -> bool:
        """Take a decision back; False: there was none."""
        key = _key(book_id, other_id)
        where = (decision.c.book_id == key["book_id"], decision.c.other_id == key["other_id"])
        with self._database.write() as connection:
            return connection.execute(delete(decision).where(*where)).rowcount > 0


def _key(book_id: str, other_id: str) -> dict[str, str]:
    low, high = sorted((book_id, other_id))
    return {"book_id": low, "other_id": high}


def _smaller(first: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((first < other, first), else_=other)


def _larger(first: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((first < other, other), else_=first)


def is_decided() -> ColumnElement[bool]:
    """Whether a person decided about the books of a row of `duplicate`."""
    books = (_first.c.book_id, _other.c.book_id)
    ends = (_first.c.cover_id == duplicate.c.cover_id, _other.c.cover_id == duplicate.c.other_id)
    key = (decision.c.book_id == _smaller(*books), decision.c.other_id == _larger(*books))
    return exists(select(decision.c.book_id).select_from(_first, _other, decision).where(*ends, *key))


def _is_in(job_id: str, cover_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a cover is an item of a job: looked up by the cover, of which there are few items, not by the job."""
    of_job = job_item.c.job_id + "" == job_id  # no index gives it, so that the one over covers is used
    return exists(select(job_item.c.item_id).where(job_item.c.cover_id == cover_id, of_job))


def _chosen(connection: Connection, job_id: str, book_id: str, *, decided: bool) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = [is_decided() if decided else ~is_decided()]
    if job_id:
        created = connection.execute(select(job.c.created).where(job.c.job_id == job_id)).scalar_one_or_none()
        if created is None:
            raise NotFound(f"There is no job {job_id!r}.")
        chosen += [duplicate.c.found >= created, or_(*(_is_in(job_id, end) for end in _ENDS))]
    if book_id:
        own = select(cover.c.cover_id).where(cover.c.book_id == book_id)
        chosen.append(or_(*(end.in_(own) for end in _ENDS)))
    return chosen


def _counts(
    connection: Connection, chosen: Sequence[ColumnElement[bool]], *, decided: bool, narrowed: bool
) -> dict[Alike, int]:
    """Pairs by kind. Of the whole catalogue: all, which an index counts, less the few that were decided about."""
    by_kind = select(duplicate.c.kind, func.count()).group_by(duplicate.c.kind)
    if narrowed:
        return _by_kind(connection.execute(by_kind.where(*chosen)).all())
    ends = (_first.c.cover_id, _other.c.cover_id)
    # No index gives these sums, so that the few decisions are gone through and not the covers.
    books = (decision.c.book_id + "" == _first.c.book_id, decision.c.other_id + "" == _other.c.book_id)
    pair = (duplicate.c.cover_id == _smaller(*ends), duplicate.c.other_id == _larger(*ends))
    joined = decision.join(_first, books[0]).join(_other, books[1]).join(duplicate, and_(*pair))
    once = or_(decision.c.book_id != decision.c.other_id, _first.c.cover_id < _other.c.cover_id)
    few = _by_kind(connection.execute(by_kind.select_from(joined).where(once)).all())
    if decided:
        return few
    return {kind: n - few.get(kind, 0) for kind, n in _by_kind(connection.execute(by_kind).all()).items()}


def _by_kind(rows: Iterable[Any]) -> dict[Alike, int]:
    return {Alike(kind): count for kind, count in rows}


def _pairs(connection: Connection, rows: Sequence[Row[Any]]) -> list[Pair]:
    """Rows of `duplicate` with their covers, books and decisions, in a few statements."""
    ids = {id_ for row in rows for id_ in (row.cover_id, row.other_id)}
    covers = {
        row.cover_id: cover_of(row)
        for row in connection.execute(select(cover).where(cover.c.cover_id.in_(ids)))
    }
    wanted = {one.book_id for one in covers.values()}
    books = {
        row.book_id: book_of(row)
        for row in connection.execute(select(book).where(book.c.book_id.in_(wanted)))
    }
    known = (decision.c.book_id.in_(wanted), decision.c.other_id.in_(wanted))
    decisions = {
        (row.book_id, row.other_id): Decision(row.note, row.decided)
        for row in connection.execute(select(decision).where(*known))
    }
    return [_pair(row, covers, books, decisions) for row in rows]


def _pair(
    row: Row[Any],
    covers: Mapping[str, Cover],
    books: Mapping[str, Book],
    decisions: Mapping[tuple[str, str], Decision],
) -> Pair:
    one, other = covers[row.cover_id], covers[row.other_id]
    low, high = sorted((one.book_id, other.book_id))
    return Pair(
        Alike(row.kind),
        row.measures,
        row.found,
        one,
        books[one.book_id],
        other,
        books[other.book_id],
        decisions.get((low, high)),
    )
