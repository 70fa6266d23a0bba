"""What several subjects of the ledger do to covers and items, inside a transaction of theirs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, select, update

from recto.ledger.database import chunks
from recto.ledger.facts import Other, locked_versions
from recto.ledger.rows import Outcome
from recto.ledger.schema import cover, job_item, other_cover
from recto.records import CoverState

NEW = {"worker": "", "lease_until": None, "staged_file": "", "stage": "", "reason": "", "attempts": 0}
"""Columns of a cover that was never worked on."""


def locked_covers(connection: Connection, cover_ids: Sequence[str], table: Table = cover) -> list[Row[Any]]:
    """The covers of these ids, locked until the transaction ends; always in one order, against deadlocks."""
    rows: list[Row[Any]] = []
    for ids in chunks(sorted(set(cover_ids))):
        query = select(table).where(table.c.cover_id.in_(ids)).order_by(table.c.cover_id)
        rows += connection.execute(query.with_for_update()).all()
    return rows


def move(
    connection: Connection, cover_ids: Sequence[str], state: CoverState, table: Table = cover, **changes: Any
) -> None:
    """Put covers into a state; lease and staged file end with the state they belong to."""
    values = {"worker": "", "lease_until": None, "staged_file": "", "moved": time.time(), **changes}
    for ids in chunks(cover_ids):
        where = table.c.cover_id.in_(ids)
        connection.execute(update(table).where(where).values(state=state.value, **values))


def queue_anew(connection: Connection, where: ColumnElement[bool], table: Table = cover) -> int:
    """Queue the covers of a condition as if they were new; returns how many."""
    statement = update(table).where(where).values(state=CoverState.QUEUED.value, moved=time.time(), **NEW)
    return connection.execute(statement).rowcount


def queue_other_anew(
    connection: Connection, other: Other | None, cover_ids: Sequence[str], *states: CoverState
) -> None:
    """Queue covers in the version beside the live one, where they stand in one of these states."""
    if other is None or not other.is_written:
        return
    wanted = [state.value for state in states]
    rows = locked_covers(connection, cover_ids, other_cover)
    for ids in chunks(row.cover_id for row in rows if row.state in wanted):
        queue_anew(connection, other_cover.c.cover_id.in_(ids), other_cover)
        forget_failures(connection, other, ids)


def move_other(
    connection: Connection,
    other: Other | None,
    cover_ids: Sequence[str],
    states: Sequence[CoverState],
    state: CoverState,
    **changes: Any,
) -> None:
    """Put covers that stand in one of `states` in the version beside the live one into a state there."""
    if other is not None and other.is_written:
        wanted = [each.value for each in states]
        rows = locked_covers(connection, cover_ids, other_cover)
        move(connection, [row.cover_id for row in rows if row.state in wanted], state, other_cover, **changes)


def forget_failures(connection: Connection, other: Other, cover_ids: Sequence[str]) -> None:
    """Take covers off the list of those that failed in the re-index."""
    for ids in chunks(cover_ids):
        listed = (job_item.c.cover_id.in_(ids), job_item.c.job_id == other.job_id)
        connection.execute(delete(job_item).where(*listed))


def queue_books_anew(connection: Connection, book_ids: Sequence[str]) -> None:
    """Queue covers of books that are in the index or about to be: what it holds of them is out of date."""
    other = locked_versions(connection).other
    states = (CoverState.STAGED, CoverState.INDEXED)
    ids: list[str] = []
    for some in chunks(book_ids):
        query = select(cover.c.cover_id).where(cover.c.book_id.in_(some))
        ids += connection.execute(query.order_by(cover.c.cover_id).with_for_update()).scalars()
    for some in chunks(ids):
        there = cover.c.state.in_([state.value for state in states])
        queue_anew(connection, cover.c.cover_id.in_(some) & there)
    queue_other_anew(connection, other, ids, *states)


def settle(
    connection: Connection, cover_ids: Sequence[str], outcome: Outcome, stage: str = "", reason: str = ""
) -> None:
    """Give the items that wait for these covers their outcome, in every job."""
    values = {"outcome": outcome.value, "stage": stage, "reason": reason, "settled": time.time()}
    for ids in chunks(cover_ids):
        waits = job_item.c.outcome == Outcome.WAITING.value
        connection.execute(update(job_item).where(job_item.c.cover_id.in_(ids), waits).values(**values))
