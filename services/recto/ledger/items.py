"""Items of jobs: written with the outcome that the state of their cover gives."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from recto.errors import BadInput, NotFound
from recto.ledger import schema
from recto.ledger.moves import locked_covers
from recto.ledger.rows import ItemRow, NewItem, Outcome
from recto.ledger.text import storable
from recto.records import CoverState, Side

DELETED = "the book was deleted meanwhile"


def open_job(connection: Connection, job_id: str) -> None:
    """Note that a job's listing goes on.

    Raises:
        NotFound: there is no such job.
        BadInput: its listing was finished.
    """
    table = schema.job
    row = connection.execute(select(table.c.listed).where(table.c.job_id == job_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id!r}.")
    if row.listed is not None:
        raise BadInput(f"The listing of job {job_id} is finished; create another job for more items.")
    connection.execute(update(table).where(table.c.job_id == job_id).values(touched=time.time()))


def write_items(connection: Connection, job_id: str, items: Sequence[NewItem]) -> None:
    """Add items; what their covers do from now on settles those that wait."""
    ids = [item.cover_id for item in items if item.cover_id is not None]
    covers = {row.cover_id: row for row in locked_covers(connection, ids)}
    now = time.time()
    rows = [_columns(job_id, item, covers, now) for item in items]
    if rows:
        connection.execute(insert(schema.job_item), rows)


def item_of(row: Row[Any]) -> ItemRow:
    """A row of table `job_item`."""
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
    )


def _columns(job_id: str, item: NewItem, covers: Mapping[str, Row[Any]], now: float) -> dict[str, Any]:
    outcome, stage, reason = _outcome(item, covers)
    return {
        "job_id": job_id,
        "book_id": item.book_id,
        "side": item.side.value if item.side else None,
        "path": storable(item.path),
        "cover_id": item.cover_id,
        "outcome": outcome.value,
        "stage": stage,
        "reason": reason,
        "settled": None if outcome is Outcome.WAITING else now,
    }


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
