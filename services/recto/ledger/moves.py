"""What several subjects of the ledger do to covers and items, inside a transaction of theirs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from recto.ledger.database import chunks
from recto.ledger.rows import Outcome
from recto.ledger.schema import cover, job_item
from recto.records import CoverState


def locked_covers(connection: Connection, cover_ids: Sequence[str]) -> list[Row[Any]]:
    """The covers of these ids, locked until the transaction ends; always in one order, against deadlocks."""
    rows: list[Row[Any]] = []
    for ids in chunks(sorted(set(cover_ids))):
        query = select(cover).where(cover.c.cover_id.in_(ids)).order_by(cover.c.cover_id)
        rows += connection.execute(query.with_for_update()).all()
    return rows


def move(connection: Connection, cover_ids: Sequence[str], state: CoverState, **changes: Any) -> None:
    """Put covers into a state; lease and staged file end with the state they belong to."""
    values = {"worker": "", "lease_until": None, "staged_file": "", "moved": time.time(), **changes}
    for ids in chunks(cover_ids):
        where = cover.c.cover_id.in_(ids)
        connection.execute(update(cover).where(where).values(state=state.value, **values))


def queue_anew(connection: Connection, where: ColumnElement[bool]) -> int:
    """Queue the covers of a condition as if they were new; returns how many."""
    values = {"worker": "", "lease_until": None, "staged_file": "", "stage": "", "reason": "", "attempts": 0}
    statement = update(cover).where(where).values(state=CoverState.QUEUED.value, moved=time.time(), **values)
    return connection.execute(statement).rowcount


def queue_books_anew(connection: Connection, book_ids: Sequence[str]) -> None:
    """Queue covers of books that are in the index or about to be: what it holds of them is out of date."""
    states = (CoverState.STAGED.value, CoverState.INDEXED.value)
    ids: list[str] = []
    for some in chunks(book_ids):
        query = select(cover.c.cover_id).where(cover.c.book_id.in_(some), cover.c.state.in_(states))
        ids += connection.execute(query.order_by(cover.c.cover_id).with_for_update()).scalars()
    for some in chunks(ids):
        queue_anew(connection, cover.c.cover_id.in_(some))


def settle(
    connection: Connection, cover_ids: Sequence[str], outcome: Outcome, stage: str = "", reason: str = ""
) -> None:
    """Give the items that wait for these covers their outcome, in every job."""
    values = {"outcome": outcome.value, "stage": stage, "reason": reason, "settled": time.time()}
    for ids in chunks(cover_ids):
        waits = job_item.c.outcome == Outcome.WAITING.value
        connection.execute(update(job_item).where(job_item.c.cover_id.in_(ids), waits).values(**values))
