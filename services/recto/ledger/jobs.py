"""Jobs: what was asked for, and what became of each item."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, select, update

from recto.errors import NotFound
from recto.ledger.database import Database
from recto.ledger.items import item_of, open_job, write_items
from recto.ledger.reindexing import KIND as REINDEX
from recto.ledger.reindexing import count_reindex
from recto.ledger.rows import CANCELLED, PAUSED, ItemRow, JobRow, NewItem, Outcome, Page
from recto.ledger.schema import cover, job, job_change, job_item
from recto.ledger.text import storable
from recto.ledger.validation import check_outcome, check_page
from recto.records import BOOK_FIELDS, CoverState

KINDS = ("ingest", "rebuild", "reindex")
SILENT_SECONDS = 900.0
"""A listing that added nothing for so long is taken for dead. Reading 64 images takes a few seconds, from a
slow network share a minute."""
RATE_SECONDS = 60.0
"""The rate of a job is that of its last minute: it follows what changes, and one slow batch does not make it jump."""
STOPPED = "Reading the source stopped before its end; start it again, nothing is done twice."
WAITING: Mapping[str, Any] = {"outcome": Outcome.WAITING.value, "stage": "", "reason": "", "settled": None}
"""Columns of an item that waits."""
_COUNTED = tuple(outcome.value for outcome in Outcome)


class Jobs:
    """Jobs of the ledger. Items of a running job are counted on demand, counts of a finished one kept."""

    _database: Database

    def create_job(self, kind: str, source: str) -> str:
        """Begin a job of kind `ingest` or `rebuild` and return its id; add items, then finish its listing."""
        with self._database.write() as connection:
            return write_job(connection, kind, source)

    def add_items(self, job_id: str, items: Sequence[NewItem]) -> None:
        """Add items to a job whose listing is not finished.

        Raises:
            NotFound: there is no such job.
            BadInput: its listing was finished.
        """
        with self._database.write() as connection:
            open_job(connection, job_id)
            write_items(connection, job_id, items)

    def finish_listing(self, job_id: str) -> None:
        """Note that all items are there. Doing it twice changes nothing.

        Raises:
            NotFound: there is no such job.
        """
        self._end_listing(job_id, "")

    def fail_job(self, job_id: str, reason: str) -> None:
        """Note that the source could not be read to its end; items that were listed are still worked on.

        Raises:
            NotFound: there is no such job.
        """
        self._end_listing(job_id, reason)

    def job(self, job_id: str) -> JobRow | None:
        """The job with its counts."""
        with self._database.read() as connection:
            row = connection.execute(select(job).where(job.c.job_id == job_id)).one_or_none()
            found = _job_of(connection, row) if row is not None else None
        return self._stamped(found) if found else None

    def jobs(self, page: int = 1, page_size: int = 50) -> Page[JobRow]:
        """Jobs with their counts, the newest first. Pages count from 1."""
        check_page(page, page_size)
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(job)).scalar_one()
            query = select(job).order_by(job.c.created.desc(), job.c.job_id)
            rows = connection.execute(query.limit(page_size).offset((page - 1) * page_size)).all()
            found = [_job_of(connection, row) for row in rows]
        return Page(tuple(self._stamped(row) for row in found), total, page, page_size)

    def job_items(
        self, job_id: str, outcome: str | None = None, page: int = 1, page_size: int = 50
    ) -> Page[ItemRow]:
        """Items of a job in the order of its source, all or those of one outcome. Pages count from 1."""
        check_page(page, page_size)
        where = [job_item.c.job_id == job_id]
        if outcome is not None:
            where.append(job_item.c.outcome == check_outcome(outcome).value)
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(job_item).where(*where)).scalar_one()
            query = select(job_item).where(*where).order_by(job_item.c.item_id)
            query = query.limit(page_size).offset((page - 1) * page_size)
            rows = connection.execute(attempts_added(query)).all()
        return Page(tuple(item_of(row) for row in rows), total, page, page_size)

    def _end_listing(self, job_id: str, reason: str) -> None:
        with self._database.write() as connection:
            end_listing(connection, job_id, storable(reason))

    def _stamped(self, row: JobRow) -> JobRow:
        """Keep the counts of a job that was found to be finished, so that they are not counted again."""
        if row.kind == REINDEX or not row.is_listed or row.waiting or row.finished is not None:
            return row
        with self._database.write() as connection:
            query = select(job).where(job.c.job_id == row.job_id).with_for_update()
            found = connection.execute(query).one()
            again = _job_of(connection, found)
            if again.waiting or again.finished is not None:  # it was taken up again, or another was first
                return again
            settled = select(func.max(job_item.c.settled)).where(job_item.c.job_id == row.job_id)
            finished = max(connection.execute(settled).scalar_one() or 0.0, found.listed)
            counts = {name: getattr(again, name) for name in ("books", "changed", *_COUNTED)}
            stamp = update(job).where(job.c.job_id == row.job_id).values(finished=finished, counts=counts)
            connection.execute(stamp)
        return replace(again, finished=finished)


def write_job(connection: Connection, kind: str, source: str) -> str:
    """`create_job` inside a transaction."""
    assert kind in KINDS, f"unknown kind of job: {kind}"
    job_id = uuid.uuid4().hex[:16]
    now = time.time()
    connection.execute(
        insert(job).values(job_id=job_id, kind=kind, source=storable(source), created=now, touched=now)
    )
    return job_id


def end_listing(connection: Connection, job_id: str, reason: str = "") -> None:
    """`finish_listing` and `fail_job` inside a transaction: all books are known now, their number is kept."""
    row = connection.execute(select(job).where(job.c.job_id == job_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id!r}.")
    if row.listed is None:
        counts = {"books": _count_books(connection, job_id)}
        changes = {"listed": time.time(), "reason": reason, "counts": counts}
        connection.execute(update(job).where(job.c.job_id == job_id).values(**changes))


def wait_again(connection: Connection, job_id: str, *which: ColumnElement[bool]) -> list[str]:
    """Let a job run again: items whose covers failed, `which` narrows them, wait once more. Returns these covers."""
    connection.execute(select(job.c.job_id).where(job.c.job_id == job_id).with_for_update())
    failed = (job_item.c.job_id == job_id, job_item.c.outcome == Outcome.FAILED.value, *which)
    query = select(job_item.c.cover_id).join(cover, cover.c.cover_id == job_item.c.cover_id)
    query = query.where(*failed, cover.c.state == CoverState.FAILED.value)
    ids = sorted(set(connection.execute(query).scalars()))
    failed_covers = select(cover.c.cover_id).where(cover.c.state == CoverState.FAILED.value)
    connection.execute(
        update(job_item).where(*failed, job_item.c.cover_id.in_(failed_covers)).values(**WAITING)
    )
    if ids:
        connection.execute(update(job).where(job.c.job_id == job_id).values(finished=None))
    return ids


def with_attempts() -> Select[Any]:
    """Items with the attempts of their covers."""
    joined = job_item.outerjoin(cover, cover.c.cover_id == job_item.c.cover_id)
    return select(job_item, cover.c.attempts).select_from(joined)


def attempts_added(items: Select[Any]) -> Select[Any]:
    """A few items in their order with the attempts of their covers: joined after they were chosen, not before."""
    some = items.subquery()
    joined = some.outerjoin(cover, cover.c.cover_id == some.c.cover_id)
    return select(some, cover.c.attempts).select_from(joined).order_by(some.c.item_id)


def is_over(connection: Connection, row: Row[Any]) -> bool:
    """True when nothing of a job may still change by itself."""
    if row.finished is not None or row.listed is None:
        return row.finished is not None
    waits = (job_item.c.job_id == row.job_id, job_item.c.outcome == Outcome.WAITING.value)
    return connection.execute(select(job_item.c.item_id).where(*waits).limit(1)).first() is None


def _job_of(connection: Connection, row: Row[Any]) -> JobRow:
    counts = row.counts if row.finished is not None else _count(connection, row)
    counts = dict.fromkeys(_COUNTED, 0) | counts
    by_itself = row.document is not None or row.kind == REINDEX  # Recto goes on with it after any pause
    silent = row.listed is None and not by_itself and time.time() - row.touched > SILENT_SECONDS
    reason = row.reason or (STOPPED if silent else "")
    return JobRow(
        job_id=row.job_id,
        kind=row.kind,
        source=row.source,
        state=_state(row, counts, reason),
        created=row.created,
        finished=row.finished,
        covers=sum(counts[name] for name in _COUNTED),
        reason=reason,
        document=row.document,
        control=row.control,
        is_listed=row.listed is not None,
        position=row.position,
        rows=(row.listing or {}).get("rows"),
        trouble=(row.listing or {}).get("trouble", "") if row.listed is None else "",
        recent=_recent(connection, row) if row.listed is None or counts[Outcome.WAITING.value] else 0,
        **counts,
    )


def _state(row: Row[Any], counts: Mapping[str, int], reason: str) -> str:
    waits = row.listed is None or counts[Outcome.WAITING.value] > 0
    waits = waits or (row.kind == REINDEX and row.finished is None)
    if row.control == CANCELLED:
        return "cancelling" if waits else "cancelled"
    if row.control == PAUSED and waits:
        return "paused"
    if reason:
        return "failed"
    if row.listed is None:
        return "listing"
    return "running" if waits else "done"


def _recent(connection: Connection, row: Row[Any]) -> int:
    """Covers settled lately; those that stood in the index already took no work and say nothing of the rate."""
    lately = (job_item.c.job_id == row.job_id, job_item.c.settled > time.time() - RATE_SECONDS)
    worked_on = job_item.c.outcome != Outcome.UNCHANGED.value
    return connection.execute(
        select(func.count()).select_from(job_item).where(*lately, worked_on)
    ).scalar_one()


def _count(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """Counts of a job by outcome, its books, and those it changed by field; indexes hold all that is counted."""
    if row.kind == REINDEX:
        return count_reindex(connection, row.job_id)
    query = select(job_item.c.outcome, func.count()).where(job_item.c.job_id == row.job_id)
    found: dict[str, int] = dict(connection.execute(query.group_by(job_item.c.outcome)).all())
    books = row.counts["books"] if row.counts else _count_books(connection, row.job_id)
    changed = _count_changes(connection, row.job_id)
    return {name: found.get(name, 0) for name in _COUNTED} | {"books": books, "changed": changed}


def _count_books(connection: Connection, job_id: str) -> int:
    query = select(func.count(job_item.c.book_id.distinct()))
    return connection.execute(query.where(job_item.c.job_id == job_id, job_item.c.book_id != "")).scalar_one()


def _count_changes(connection: Connection, job_id: str) -> dict[str, int]:
    """How many books a job changed, or would change, by field, in the order of the fields."""
    query = select(job_change.c.field, func.count()).where(job_change.c.job_id == job_id)
    found: dict[str, int] = dict(connection.execute(query.group_by(job_change.c.field)).all())
    return {name: found[name] for name in (*BOOK_FIELDS, "extra") if name in found}
