"""The state of everything in a few counts, each read from an index: for metrics and `recto status`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, and_, func, or_, select

from recto.ledger.database import Database
from recto.ledger.jobs import SILENT_SECONDS
from recto.ledger.reindexing import KIND as REINDEX
from recto.ledger.rows import CANCELLED, PAUSED, Outcome
from recto.ledger.schema import book, cover, job, job_item, other_cover, search
from recto.records import CoverState

WAITING = (CoverState.QUEUED, CoverState.WORKING, CoverState.STAGED)
"""States of covers on their way into the index."""
RATE_SECONDS = 60.0
"""The rate of indexing is that of the last minute: longer than a batch takes, short enough to follow what changes."""
ATTEMPTS = range(10)
"""Numbers of attempts that covers have; naming them lets the index by state, attempts and time give the rate."""


@dataclass(frozen=True)
class LedgerOverview:
    """Counts of one moment. Ages are in seconds."""

    books: int
    covers: Mapping[CoverState, int]
    other_covers: Mapping[CoverState, int]  # in the version beside the live one
    oldest_waiting: Mapping[CoverState, float]  # age of the cover that has been longest in a state of WAITING
    failed_by_stage: Mapping[str, int]
    indexed_per_second: float
    searches_waiting: int
    oldest_search: float
    jobs: Mapping[tuple[str, str], int]  # unfinished ones by kind and state
    items_waiting: Mapping[str, int]  # of unfinished jobs, by kind


class Overview:
    """The overview of the ledger."""

    _database: Database
    _search_seconds: float

    def overview(self) -> LedgerOverview:
        """Count everything. It costs a walk over the index of covers by state, so callers keep it for a while."""
        now = time.time()
        with self._database.read() as connection:
            waiting = _waiting_searches(connection, now - self._search_seconds)
            jobs, items = _unfinished_jobs(connection)
            return LedgerOverview(
                books=connection.execute(select(func.count()).select_from(book)).scalar_one(),
                covers=_by_state(connection, cover),
                other_covers=_by_state(connection, other_cover),
                oldest_waiting={state: now - moved for state, moved in _oldest(connection).items()},
                failed_by_stage=_failures(connection),
                indexed_per_second=_recently_indexed(connection, now) / RATE_SECONDS,
                searches_waiting=waiting[0],
                oldest_search=max(0.0, now - waiting[1]) if waiting[1] else 0.0,
                jobs=jobs,
                items_waiting=items,
            )


def _by_state(connection: Connection, table: Table) -> dict[CoverState, int]:
    query = select(table.c.state, func.count()).group_by(table.c.state)
    counts: dict[str, int] = dict(connection.execute(query).all())
    return {state: counts.get(state.value, 0) for state in CoverState}


def _oldest(connection: Connection) -> dict[CoverState, float]:
    """When the cover that is longest in each state of WAITING came into it; states without covers are left out."""
    oldest = {}
    for state in WAITING:
        new, tried = (
            connection.execute(
                select(func.min(cover.c.moved)).where(cover.c.state == state.value, attempts)
            ).scalar_one()
            for attempts in (cover.c.attempts == 0, cover.c.attempts > 0)  # the first from the index alone
        )
        if found := [moved for moved in (new, tried) if moved is not None]:
            oldest[state] = min(found)
    return oldest


def _failures(connection: Connection) -> dict[str, int]:
    failed = cover.c.state == CoverState.FAILED.value
    query = select(cover.c.stage, func.count()).where(failed).group_by(cover.c.stage)
    return dict(sorted(connection.execute(query).all()))


def _recently_indexed(connection: Connection, now: float) -> int:
    indexed = (cover.c.state == CoverState.INDEXED.value, cover.c.attempts.in_(ATTEMPTS))
    query = select(func.count()).select_from(cover).where(*indexed, cover.c.moved > now - RATE_SECONDS)
    return connection.execute(query).scalar_one()


def _waiting_searches(connection: Connection, since: float) -> tuple[int, float | None]:
    waiting = (search.c.created > since, search.c.state == "pending")
    row = connection.execute(select(func.count(), func.min(search.c.created)).where(*waiting)).one()
    return row[0], row[1]


def _unfinished_jobs(connection: Connection) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """Jobs by kind and state, and their waiting items by kind. A job that nobody looked at since is found here."""
    waiting = (job_item.c.job_id == job.c.job_id, job_item.c.outcome == Outcome.WAITING.value)
    items = select(func.count()).select_from(job_item).where(*waiting).correlate(job).scalar_subquery()
    goes_on_by_itself = or_(job.c.document.is_not(None), job.c.kind == REINDEX)
    lists = and_(job.c.listed.is_(None), or_(goes_on_by_itself, job.c.touched > time.time() - SILENT_SECONDS))
    query = select(job.c.kind, job.c.control, job.c.listed, items.label("items"), lists.label("lists"))
    jobs: Counter[tuple[str, str]] = Counter()
    backlog: Counter[str] = Counter()
    for row in connection.execute(query.where(job.c.finished.is_(None))):
        if row.lists or row.items or row.kind == REINDEX:
            jobs[row.kind, _state(row.control, row.listed)] += 1
            backlog[row.kind] += row.items
    return dict(jobs), dict(backlog)


def _state(control: str, listed: float | None) -> str:
    if control in (CANCELLED, PAUSED):
        return "cancelling" if control == CANCELLED else "paused"
    return "listing" if listed is None else "running"
