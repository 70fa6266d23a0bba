"""The ingest queue: covers on their way into the index. It is the ledger; messages are only wake-ups.

States stand in one table for the live version and in one for the version beside it; a recipe names which is meant.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, func, select, true, update

from recto.ledger.convert import cover_of
from recto.ledger.database import Database, chunks, lock_table
from recto.ledger.facts import Other, locked_versions, read_versions
from recto.ledger.jobs import wait_again
from recto.ledger.moves import locked_covers, move, queue_anew, queue_other_anew, settle
from recto.ledger.reindexing import is_reindex, list_failure, queue_failed_again
from recto.ledger.rows import Outcome
from recto.ledger.schema import cover, other_cover
from recto.ledger.staged import rows_of, unleased, waits_in
from recto.ledger.text import storable
from recto.records import Cover, CoverState, Side

_QUEUED, _WORKING = CoverState.QUEUED.value, CoverState.WORKING.value
_STAGED, _INDEXED = CoverState.STAGED.value, CoverState.INDEXED.value
_TABLES = (cover, other_cover)


class Queue:
    """States of covers and who moves them."""

    _database: Database

    def claim(self, worker: str, limit: int, lease_seconds: float, recipe_id: str = "") -> list[Cover]:
        """Take covers to work on: one that was tried before, alone; else up to `limit` new ones in order.

        They are to be described for the version of this recipe, the live one by default; each of them names it.
        Their attempts are counted and committed before this returns: a cover that kills its worker is known.
        Covers of a worker whose lease has run out are free again.
        """
        now = time.time()
        with self._database.write() as connection:
            versions = locked_versions(connection)
            table = versions.table_of(recipe_id)
            ids = _claimable(connection, table, limit, now) if table is not None else []
            if table is None or not ids:
                return []
            recipe = recipe_id or (versions.live.recipe_id if versions.live else "")
            lease = {"worker": worker, "lease_until": now + lease_seconds, "moved": now, "recipe": recipe}
            change = update(table).where(table.c.cover_id.in_(ids))
            connection.execute(change.values(state=_WORKING, attempts=table.c.attempts + 1, **lease))
            claimed = {
                row.cover_id: cover_of(row) for row in rows_of(connection, table, table.c.cover_id.in_(ids))
            }
        return [claimed[id_] for id_ in ids]

    def release(self, worker: str, *, untried: bool = False) -> int:
        """Queue again what a worker of this name holds; returns how many. `untried`: its attempt does not count."""
        count = 0
        with self._database.write() as connection:
            locked_versions(connection)
            for table in _TABLES:
                changes = {"attempts": table.c.attempts - 1} if untried else {}
                ids = _locked_ids(
                    connection, table, and_(table.c.state == _WORKING, table.c.worker == worker)
                )
                move(connection, ids, CoverState.QUEUED, table, **changes)
                count += len(ids)
        return count

    def try_again(
        self, cover_ids: Sequence[str], stage: str, reason: str, recipe_id: str = "", *, staged_file: str = ""
    ) -> None:
        """Queue covers once more that failed for a reason of their own, their attempts counted and the reason noted.

        Those that are being worked on; with a file, those that wait in it.
        """
        with self._database.write() as connection:
            table = locked_versions(connection).table_of(recipe_id)
            if table is not None:
                rows = locked_covers(connection, cover_ids, table)
                state = _STAGED if staged_file else _WORKING
                ids = [row.cover_id for row in rows if (row.state, row.staged_file) == (state, staged_file)]
                move(connection, ids, CoverState.QUEUED, table, stage=stage, reason=storable(reason))

    def unclaim(self, cover_ids: Sequence[str]) -> None:
        """Give covers of the live version back untried: a worker that stops cleanly."""
        with self._database.write() as connection:
            held = _in_state(connection, cover, cover_ids, _WORKING)
            move(connection, held, CoverState.QUEUED, attempts=cover.c.attempts - 1)

    def stage(self, cover_ids: Sequence[str], staged_file: str, recipe_id: str = "") -> None:
        """Note that the vectors of these covers wait in a file; those not worked on are left alone."""
        with self._database.write() as connection:
            table = locked_versions(connection).table_of(recipe_id)
            if table is not None:
                held = _in_state(connection, table, cover_ids, _WORKING)
                move(connection, held, CoverState.STAGED, table, staged_file=staged_file)

    def staged_files(self, older_than_seconds: float) -> list[str]:
        """Files whose covers have been waiting for this long and are in no index worker's hands, the oldest first."""
        now = time.time()
        found: list[Any] = []
        with self._database.read() as connection:
            for table in _TABLES:
                oldest = func.min(table.c.moved)
                old = and_(table.c.state == _STAGED, table.c.moved <= now - older_than_seconds)
                waiting = select(oldest, table.c.staged_file).where(old, unleased(table, now))
                query = waiting.group_by(table.c.staged_file)
                found += connection.execute(query).all()
        return [staged_file for _, staged_file in sorted(map(tuple, found))]

    def covers_of_staged(self, staged_file: str) -> list[Cover]:
        """The covers that wait in this file, of whichever version it is."""
        with self._database.read() as connection:
            rows = [
                row for table in _TABLES for row in rows_of(connection, table, waits_in(table, staged_file))
            ]
        return [cover_of(row) for row in rows]

    def unstage(self, staged_file: str, *, anew: bool = False) -> int:
        """Queue again what waits in a file that cannot be indexed; returns how many. `anew`: attempts forgotten."""
        count = 0
        with self._database.write() as connection:
            locked_versions(connection)
            for table in _TABLES:
                ids = _locked_ids(connection, table, waits_in(table, staged_file))
                move(connection, ids, CoverState.QUEUED, table, **({"attempts": 0} if anew else {}))
                count += len(ids)
        return count

    def mark_indexed(
        self, cover_ids: Sequence[str], recipe_id: str, staged_file: str | None = None
    ) -> list[str]:
        """Note that staged covers are in the index of this recipe; returns those that were still staged.

        With a file, those that still wait in it: what was queued again meanwhile may wait in a newer one by now.
        """
        with self._database.write() as connection:
            versions = locked_versions(connection)
            table = versions.table_of(recipe_id)
            if table is None:
                return []
            rows = locked_covers(connection, cover_ids, table)
            staged = (row for row in rows if row.state == _STAGED)
            moved = [row.cover_id for row in staged if staged_file in (None, row.staged_file)]
            move(connection, moved, CoverState.INDEXED, table, recipe=recipe_id, stage="", reason="")
            if table is cover:
                settle(connection, moved, Outcome.INDEXED)
        return moved

    def mark_failed(self, cover_id: str, stage: str, reason: str, recipe_id: str = "") -> None:
        """Note that a cover cannot be indexed and why; an indexed one stays so (the worker came too late)."""
        reason = storable(reason)
        with self._database.write() as connection:
            versions = locked_versions(connection)
            table = versions.table_of(recipe_id)
            if table is None:
                return
            moved = _in_state(connection, table, [cover_id], _QUEUED, _WORKING, _STAGED)
            move(connection, moved, CoverState.FAILED, table, stage=stage, reason=reason)
            if table is cover:
                settle(connection, moved, Outcome.FAILED, stage, reason)
            elif versions.other is not None:
                list_failure(connection, versions.other, moved, stage, reason)

    def requeue(
        self,
        cover_ids: Sequence[str] = (),
        *,
        all: bool = False,  # noqa: A002 - the word for it; nothing here needs the built-in
        failed_of_job: str | None = None,
        recipe_id: str = "",
    ) -> int:
        """Queue covers as if they were new: these, all, or the failed ones of a job, which then runs again.

        Returns how many were queued in the version of this recipe, the live one by default. What failed is tried
        again in the version beside it too.
        """
        with self._database.write() as connection:
            changes = failed_of_job is not None and is_reindex(connection, failed_of_job)
            versions = locked_versions(connection, change=changes)
            if failed_of_job is not None:
                return _retry(connection, versions.other, failed_of_job)
            table = versions.table_of(recipe_id)
            if table is None:
                return 0
            if all:
                lock_table(connection, table)
                return queue_anew(connection, true(), table)
            ids = [row.cover_id for row in locked_covers(connection, cover_ids, table)]
            return sum(queue_anew(connection, table.c.cover_id.in_(some), table) for some in chunks(ids))

    def queue_counts(self, recipe_id: str = "") -> dict[CoverState, int]:
        """Number of covers in each state, in the version of this recipe, the live one by default."""
        with self._database.read() as connection:
            table = read_versions(connection).table_of(recipe_id)
            counts: dict[str, int] = {}
            if table is not None:
                query = select(table.c.state, func.count()).group_by(table.c.state)
                counts = dict(connection.execute(query).all())
        return {state: counts.get(state.value, 0) for state in CoverState}

    def indexed_cover_ids(self, side: Side, after: str, limit: int, recipe_id: str = "") -> list[str]:
        """Ids of indexed covers of a side in order, those behind `after`; for comparing with the index."""
        with self._database.read() as connection:
            table = read_versions(connection).table_of(recipe_id)
            if table is None:
                return []
            where = [table.c.state == _INDEXED, cover.c.side == Side(side).value, table.c.cover_id > after]
            if table is not cover:
                where.append(table.c.cover_id == cover.c.cover_id)
            query = select(table.c.cover_id).where(*where).order_by(table.c.cover_id).limit(limit)
            return list(connection.execute(query).scalars())


def _claimable(connection: Connection, table: Table, limit: int, now: float) -> list[str]:
    """Ids to hand out; tried covers come first: they are few, and each comes only a few times."""
    tried = _pick(connection, table, and_(table.c.state == _QUEUED, table.c.attempts > 0), 1)
    tried = tried or _pick(connection, table, and_(table.c.state == _WORKING, table.c.lease_until <= now), 1)
    return tried or _pick(connection, table, and_(table.c.state == _QUEUED, table.c.attempts == 0), limit)


def _pick(connection: Connection, table: Table, where: ColumnElement[bool], limit: int) -> list[str]:
    order = (table.c.attempts, table.c.moved)
    query = select(table.c.cover_id).where(where).order_by(*order).limit(limit)
    return list(connection.execute(query.with_for_update(skip_locked=True)).scalars())


def _locked_ids(connection: Connection, table: Table, where: ColumnElement[bool]) -> list[str]:
    query = select(table.c.cover_id).where(where).order_by(table.c.cover_id).with_for_update()
    return list(connection.execute(query).scalars())


def _in_state(connection: Connection, table: Table, cover_ids: Sequence[str], *states: str) -> list[str]:
    rows = locked_covers(connection, cover_ids, table)
    return [row.cover_id for row in rows if row.state in states]


def _retry(connection: Connection, other: Other | None, job_id: str) -> int:
    """Queue the failed covers of a job again, in both versions; those of a re-index in the one that it builds."""
    if is_reindex(connection, job_id):
        return queue_failed_again(connection, other, job_id)
    cover_ids = wait_again(connection, job_id)
    ids = [row.cover_id for row in locked_covers(connection, cover_ids)]
    queue_other_anew(connection, other, ids, CoverState.FAILED)
    return sum(queue_anew(connection, cover.c.cover_id.in_(some)) for some in chunks(ids))
