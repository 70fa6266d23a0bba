"""The job of a re-index: its counts come from the states in `other_cover`, its items are the covers that failed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from recto.ledger.database import chunks
from recto.ledger.facts import BUILDING, OTHER, READY, Other, read_other, write_fact
from recto.ledger.moves import forget_failures, queue_anew
from recto.ledger.rows import Outcome
from recto.ledger.schema import book, cover, job, job_item, other_cover
from recto.records import CoverState

KIND = "reindex"
_FAILED = CoverState.FAILED.value


def is_reindex(connection: Connection, job_id: str) -> bool:
    """True for the job of a re-index."""
    return connection.execute(select(job.c.kind).where(job.c.job_id == job_id)).scalar_one_or_none() == KIND


def count_reindex(connection: Connection, job_id: str) -> dict[str, int]:
    """Counts of a re-index that goes on; `unchanged` are covers that failed before and were not tried again."""
    other = read_other(connection)
    covers = connection.execute(select(func.count()).select_from(cover)).scalar_one()
    books = connection.execute(select(func.count()).select_from(book)).scalar_one()
    states: dict[str, int] = {}
    if other is not None and other.job_id == job_id and other.is_written:
        query = select(other_cover.c.state, func.count()).group_by(other_cover.c.state)
        states = dict(connection.execute(query).all())
    listed = (job_item.c.job_id == job_id, job_item.c.outcome == Outcome.FAILED.value)
    failed = connection.execute(select(func.count()).where(*listed)).scalar_one()
    indexed = states.get(CoverState.INDEXED.value, 0)
    unchanged = max(0, states.get(_FAILED, 0) - failed) + states.get(CoverState.HELD.value, 0)
    waiting = max(0, covers - indexed - unchanged - failed)
    counts = {"indexed": indexed, "unchanged": unchanged, "failed": failed, "waiting": waiting}
    return {**{outcome.value: 0 for outcome in Outcome}, **counts, "books": books}


def end_reindex(connection: Connection, job_id: str, reason: str = "") -> None:
    """Finish the job of a re-index with the counts of this moment; a reason says what it did not bring about."""
    now = time.time()
    known = job.c.job_id == job_id
    row = connection.execute(select(job).where(known).with_for_update()).one_or_none()
    if row is not None and (row.finished is None or row.reason):
        ends = {"listed": row.listed or now, "finished": now, "reason": reason}
        counts = count_reindex(connection, job_id)
        connection.execute(update(job).where(known).values(counts=counts, **ends))


def reopen_reindex(connection: Connection, job_id: str) -> None:
    """Let the job of a re-index run again."""
    changes = {"finished": None, "reason": "", "counts": None}
    connection.execute(update(job).where(job.c.job_id == job_id).values(**changes))


def list_failure(
    connection: Connection, other: Other, cover_ids: Sequence[str], stage: str, reason: str
) -> None:
    """List covers that failed in the version that is built among the items of its job."""
    if other.state not in (BUILDING, READY):
        return  # a version that was live has no job that waits for it
    forget_failures(connection, other, cover_ids)
    facts = select(cover.c.cover_id, cover.c.book_id, cover.c.side).where(cover.c.cover_id.in_(cover_ids))
    common = {"job_id": other.job_id, "outcome": _FAILED, "stage": stage, "reason": reason}
    rows = [
        {**row._mapping, **common, "path": f"{row.book_id}, {row.side}", "settled": time.time()}
        for row in connection.execute(facts)
    ]
    if rows:
        connection.execute(insert(job_item), rows)


def queue_failed_again(
    connection: Connection, other: Other | None, job_id: str, *which: ColumnElement[bool]
) -> int:
    """Queue what the job of a re-index lists as failed, `which` narrows it; it goes on then. Returns how many.

    None of a job whose version is not being built any more.
    """
    if other is None or other.job_id != job_id or not other.is_written:
        return 0
    listed = select(job_item.c.cover_id).where(job_item.c.job_id == job_id, *which)
    there: ColumnElement[bool] = other_cover.c.state == _FAILED
    query = select(other_cover.c.cover_id).where(other_cover.c.cover_id.in_(listed), there)
    ids = list(connection.execute(query.order_by(other_cover.c.cover_id).with_for_update()).scalars())
    for some in chunks(ids):
        queue_anew(connection, other_cover.c.cover_id.in_(some), other_cover)
    forget_failures(connection, other, ids)
    if ids:
        write_fact(connection, OTHER, replace(other, state=BUILDING, trouble=""))
        reopen_reindex(connection, other.job_id)
    return len(ids)
