"""Items of jobs: written with the outcome that the state of their cover gives."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from recto.errors import BadInput, NotFound
from recto.ledger import schema
from recto.ledger.moves import locked_covers
from recto.ledger.rows import CANCELLED, ItemRow, NewItem, Outcome
from recto.ledger.text import storable
from recto.records import CoverState, Side

DELETED = "the book was deleted meanwhile"
READ = "read"
"""Stage of items whose image could not be read; trying them again means reading it again."""


def open_job(connection: Connection, job_id: str) -> None:
    """Note that a job's listing goes on.

    Raises:
        NotFound: there is no such job.
        BadInput: its listing was finished.
    """
    table = schema.job
    query = select(table.c.listed, table.c.control).where(table.c.job_id == job_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id!r}.")
    if row.control == CANCELLED:
        raise BadInput(f"Job {job_id} was cancelled; what it had added until then is given up.")
    if row.listed is not None:
        raise BadInput(f"The listing of job {job_id} is finished; create another job for more items.")
    connection.execute(update(table).where(table.c.job_id == job_id).values(touched=time.time()))


def write_items(
    connection: Connection, job_id: str, items: Sequence[NewItem], *, dry_run: bool = False
) -> None:
    """Add items; what their covers do from now on settles those that wait. Those of a dry run wait for nothing."""
    rows = item_columns(connection, job_id, items, dry_run=dry_run)
    if rows:
        connection.execute(insert(schema.job_item), rows)


def item_columns(
    connection: Connection, job_id: str, items: Sequence[NewItem], *, dry_run: bool = False
) -> list[dict[str, Any]]:
    """The columns of items with the outcomes that their covers give; locks these covers."""
    ids = [item.cover_id for item in items if item.cover_id is not None]
    covers = {row.cover_id: row for row in locked_covers(connection, ids)}
    now = time.time()
    return [_columns(job_id, item, covers, now, dry_run) for item in items]


def settle_own(
    connection: Connection, job_id: str, cover_ids: Sequence[str], stage: str, reason: str
) -> None:
    """Let the items of one job that wait for these covers fail, and those that wait to be read."""
    failed = {"outcome": Outcome.FAILED.value, "stage": stage, "reason": reason, "settled": time.time()}
    table = schema.job_item
    waits = (table.c.job_id == job_id, table.c.outcome == Outcome.WAITING.value)
    these = or_(table.c.cover_id.in_(cover_ids), table.c.cover_id.is_(None))
    connection.execute(update(table).where(*waits, these).values(**failed))


def item_of(row: Row[Any]) -> ItemRow:
    """A row of table `job_item`, with the attempts of its cover where the query has them."""
    return ItemRow(
        item_id=row.item_id,
        job_id=row.job_id,
        book_id=row.book_id,
        side=Side(row.side) if row.side else None,
        path=row.path,
        cover_id=row.cover_id,
        outcome=Outcome(row.outcome),
        stage=row.stage,
        reason=row.reason,
        attempts=getattr(row, "attempts", None) or 0,
    )


def _columns(
    job_id: str, item: NewItem, covers: Mapping[str, Row[Any]], now: float, dry_run: bool
) -> dict[str, Any]:
    outcome, stage, reason = _checked(item, covers) if dry_run else _outcome(item, covers)
    return {
        "job_id": job_id,
        "book_id": item.book_id,
        "side": item.side.value if item.side else None,
        "path": storable(item.path),
        "cover_id": None if dry_run else item.cover_id,  # what waits for nothing names no cover
        "outcome": outcome.value,
        "stage": stage,
        "reason": reason,
        "settled": None if outcome is Outcome.WAITING else now,
    }


def _checked(item: NewItem, covers: Mapping[str, Row[Any]]) -> tuple[Outcome, str, str]:
    """What would become of an item."""
    if item.cover_id is None:
        return Outcome.FAILED, item.stage, storable(item.reason)
    row = covers.get(item.cover_id)
    is_there = row is not None and row.state == CoverState.INDEXED.value
    return Outcome.UNCHANGED if is_there else Outcome.CHECKED, "", ""


def _outcome(item: NewItem, covers: Mapping[str, Row[Any]]) -> tuple[Outcome, str, str]:
    if item.cover_id is None:
        return Outcome.FAILED, item.stage, storable(item.reason)
    if item.cover_id not in covers:
        return Outcome.FAILED, "deleted", DELETED
    row = covers[item.cover_id]
    if row.state == CoverState.INDEXED.value:
        return Outcome.UNCHANGED if item.unchanged else Outcome.INDEXED, "", ""
    if row.state == CoverState.FAILED.value:
        return Outcome.FAILED, row.stage, row.reason
    return Outcome.WAITING, "", ""  # also when it was on its way before: this job waits for it too
