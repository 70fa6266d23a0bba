"""Staged covers among several index workers: who writes which file, and which points nobody wants."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, or_, select, text, update

from recto.ledger.convert import cover_of
from recto.ledger.database import Database, chunks
from recto.ledger.facts import locked_versions, read_versions
from recto.ledger.moves import locked_covers, move, queue_anew
from recto.ledger.schema import cover, other_cover
from recto.records import Cover, CoverState

_STAGED, _INDEXED, _FAILED = CoverState.STAGED.value, CoverState.INDEXED.value, CoverState.FAILED.value


class Staged:
    """Leases of index workers on staged files, and what puts right where two of them met."""

    _database: Database

    def take_staged(self, staged_file: str, worker: str, lease_seconds: float) -> list[Cover]:
        """The covers that wait in this file, for this index worker alone while its lease lasts.

        None when nothing waits there, or when the message came twice and another worker has them.
        """
        now = time.time()
        lease = {"worker": worker, "lease_until": now + lease_seconds}
        with self._database.write() as connection:
            locked_versions(connection)
            for table in (cover, other_cover):
                free = and_(waits_in(table, staged_file), unleased(table, now))
                change = update(table).where(free).values(**lease).returning(table.c.cover_id)
                if ids := connection.execute(change).scalars().all():
                    return [cover_of(row) for row in rows_of(connection, table, table.c.cover_id.in_(ids))]
        return []

    def free_staged(self, worker: str) -> None:
        """End the leases on staged covers of an index worker of this name: it stops, or could not write them."""
        with self._database.write() as connection:
            locked_versions(connection)
            for table in (cover, other_cover):
                held = and_(table.c.state == _STAGED, table.c.worker == worker)
                connection.execute(update(table).where(held).values(worker="", lease_until=None))

    def requeue_staged(self, worker: str) -> int:
        """Queue again what an index worker of this name held when it died; returns how many.

        Its attempts stay counted: it may be what the worker died of, and is tried alone from now on.
        """
        count = 0
        with self._database.write() as connection:
            locked_versions(connection)
            for table in (cover, other_cover):
                held = and_(table.c.state == _STAGED, table.c.worker == worker)
                query = select(table.c.cover_id).where(held).order_by(table.c.cover_id).with_for_update()
                ids = list(connection.execute(query).scalars())
                move(connection, ids, CoverState.QUEUED, table)
                count += len(ids)
        return count

    def unwanted(self, cover_ids: Sequence[str], recipe_id: str) -> list[str]:
        """Those of the ids that this version should not hold: of covers that are gone or failed."""
        states: dict[str, str] = {}
        with self._database.read() as connection:
            table = read_versions(connection).table_of(recipe_id)
            if table is not None:
                for ids in chunks(cover_ids):
                    query = select(table.c.cover_id, table.c.state).where(table.c.cover_id.in_(ids))
                    states.update({row.cover_id: row.state for row in connection.execute(query)})
        return [cover_id for cover_id in cover_ids if states.get(cover_id, _FAILED) == _FAILED]

    def index_again(self, cover_ids: Sequence[str], recipe_id: str) -> int:
        """Queue those covers anew that this version holds or is about to: what it holds of them is in doubt."""
        with self._database.write() as connection:
            table = locked_versions(connection).table_of(recipe_id)
            if table is None:
                return 0
            rows = locked_covers(connection, cover_ids, table)
            ids = [row.cover_id for row in rows if row.state in (_STAGED, _INDEXED)]
            return sum(queue_anew(connection, table.c.cover_id.in_(some), table) for some in chunks(ids))


def rows_of(connection: Connection, table: Table, where: ColumnElement[bool]) -> list[Row[Any]]:
    """Rows of covers with the states of a table, ordered by id."""
    if table is cover:
        query = select(cover)
    else:
        states = (table.c[name] for name in ("state", "recipe", "attempts", "stage", "reason"))
        facts = (cover.c.cover_id, cover.c.book_id, cover.c.side, cover.c.sha256)
        query = select(*facts, *states).join(table, table.c.cover_id == cover.c.cover_id)
    return list(connection.execute(query.where(where).order_by(cover.c.cover_id)).all())


def waits_in(table: Table, staged_file: str) -> ColumnElement[bool]:
    """Covers that wait in a file."""
    return and_(
        table.c.staged_file == staged_file,
        # As in the partial index, which SQLite does not use for a parameter.
        text(f"{table.name}.staged_file <> ''"),
        table.c.state == _STAGED,
    )


def unleased(table: Table, now: float) -> ColumnElement[bool]:
    """Staged covers that no index worker has in hand."""
    return or_(table.c.lease_until.is_(None), table.c.lease_until <= now)
