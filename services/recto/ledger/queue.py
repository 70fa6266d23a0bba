"""The ingest queue: covers on their way into the index. It is the ledger; messages are only wake-ups."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, func, select, text, true, update

from recto.ledger.convert import cover_of
from recto.ledger.database import Database, chunks, lock_table
from recto.ledger.jobs import wait_again
from recto.ledger.moves import locked_covers, move, queue_anew, settle
from recto.ledger.rows import Outcome
from recto.ledger.schema import cover
from recto.ledger.text import storable
from recto.records import Cover, CoverState, Side

_QUEUED, _WORKING = CoverState.QUEUED.value, CoverState.WORKING.value
_STAGED, _INDEXED = CoverState.STAGED.value, CoverState.INDEXED.value


class Queue:
    """States of covers and who moves them."""

    _database: Database

    def claim(self, worker: str, limit: int, lease_seconds: float) -> list[Cover]:
        """Take covers to work on: one that was tried before, alone; else up to `limit` new ones in order.

        Their attempts are counted and committed before this returns: a cover that kills its worker is known.
        Covers of a worker whose lease has run out are free again.
        """
        now = time.time()
        with self._database.write() as connection:
            ids = _claimable(connection, limit, now)
            if not ids:
                return []
            lease = {"worker": worker, "lease_until": now + lease_seconds, "moved": now}
            change = update(cover).where(cover.c.cover_id.in_(ids)).returning(cover)
            change = change.values(state=_WORKING, attempts=cover.c.attempts + 1, **lease)
            claimed = {row.cover_id: cover_of(row) for row in connection.execute(change)}
        return [claimed[id_] for id_ in ids]

    def release(self, worker: str, *, untried: bool = False) -> int:
        """Queue again what a worker of this name holds; returns how many. `untried`: its attempt does not count."""
        held = and_(cover.c.state == _WORKING, cover.c.worker == worker)
        changes = {"attempts": cover.c.attempts - 1} if untried else {}
        with self._database.write() as connection:
            query = select(cover.c.cover_id).where(held).order_by(cover.c.cover_id).with_for_update()
            ids = connection.execute(query).scalars().all()
            move(connection, ids, CoverState.QUEUED, **changes)
        return len(ids)

    def unclaim(self, cover_ids: Sequence[str]) -> None:
        """Give covers back untried: a worker that stops cleanly."""
        with self._database.write() as connection:
            held = _in_state(connection, cover_ids, _WORKING)
            move(connection, held, CoverState.QUEUED, attempts=cover.c.attempts - 1)

    def stage(self, cover_ids: Sequence[str], staged_file: str) -> None:
        """Note that the vectors of these covers wait in a file; those not worked on are left alone."""
        with self._database.write() as connection:
            held = _in_state(connection, cover_ids, _WORKING)
            move(connection, held, CoverState.STAGED, staged_file=staged_file)

    def staged_files(self, older_than_seconds: float) -> list[str]:
        """Files whose covers have been waiting for the index worker for this long, the oldest first."""
        waiting = and_(cover.c.state == _STAGED, cover.c.moved <= time.time() - older_than_seconds)
        query = select(cover.c.staged_file).where(waiting).group_by(cover.c.staged_file)
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(func.min(cover.c.moved))).scalars())

    def covers_of_staged(self, staged_file: str) -> list[Cover]:
        """The covers that wait in this file."""
        waiting = and_(
            cover.c.staged_file == staged_file,
            text("staged_file <> ''"),  # as in the partial index, which SQLite does not use for a parameter
            cover.c.state == _STAGED,
        )
        with self._database.read() as connection:
            query = select(cover).where(waiting).order_by(cover.c.cover_id)
            return [cover_of(row) for row in connection.execute(query)]

    def unstage(self, staged_file: str) -> int:
        """Queue again what waits in a file that cannot be indexed, attempts kept; returns how many."""
        waiting = and_(
            cover.c.staged_file == staged_file, cover.c.staged_file != "", cover.c.state == _STAGED
        )
        with self._database.write() as connection:
            query = select(cover.c.cover_id).where(waiting).order_by(cover.c.cover_id).with_for_update()
            ids = connection.execute(query).scalars().all()
            move(connection, ids, CoverState.QUEUED)
        return len(ids)

    def mark_indexed(self, cover_ids: Sequence[str], recipe_id: str) -> list[str]:
        """Note that staged covers are in the index; returns those that were still staged."""
        with self._database.write() as connection:
            moved = _in_state(connection, cover_ids, _STAGED)
            move(connection, moved, CoverState.INDEXED, recipe=recipe_id, stage="", reason="")
            settle(connection, moved, Outcome.INDEXED)
        return moved

    def mark_failed(self, cover_id: str, stage: str, reason: str) -> None:
        """Note that a cover cannot be indexed and why; an indexed one stays so (the worker came too late)."""
        reason = storable(reason)
        with self._database.write() as connection:
            moved = _in_state(connection, [cover_id], _QUEUED, _WORKING, _STAGED)
            move(connection, moved, CoverState.FAILED, stage=stage, reason=reason)
            settle(connection, moved, Outcome.FAILED, stage, reason)

    def requeue(
        self,
        cover_ids: Sequence[str] = (),
        *,
        all: bool = False,  # noqa: A002 - the word for it; nothing here needs the built-in
        failed_of_job: str | None = None,
    ) -> int:
        """Queue covers as if they were new: these, all, or the failed ones of a job, which then runs again.

        Returns how many were queued.
        """
        with self._database.write() as connection:
            if all:
                lock_table(connection, cover)
                return queue_anew(connection, true())
            if failed_of_job is not None:
                cover_ids = wait_again(connection, failed_of_job)
            ids = [row.cover_id for row in locked_covers(connection, cover_ids)]
            return sum(queue_anew(connection, cover.c.cover_id.in_(some)) for some in chunks(ids))

    def queue_counts(self) -> dict[CoverState, int]:
        """Number of covers in each state."""
        query = select(cover.c.state, func.count()).group_by(cover.c.state)
        with self._database.read() as connection:
            counts: dict[str, int] = dict(connection.execute(query).all())
        return {state: counts.get(state.value, 0) for state in CoverState}

    def indexed_cover_ids(self, side: Side, after: str, limit: int) -> list[str]:
        """Ids of indexed covers of a side in order, those behind `after`; for comparing with the index."""
        where = (cover.c.state == _INDEXED, cover.c.side == Side(side).value, cover.c.cover_id > after)
        query = select(cover.c.cover_id).where(*where).order_by(cover.c.cover_id).limit(limit)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())


def _claimable(connection: Connection, limit: int, now: float) -> list[str]:
    """Ids to hand out; tried covers come first: they are few, and each comes only a few times."""
    tried = _pick(connection, and_(cover.c.state == _QUEUED, cover.c.attempts > 0), 1)
    tried = tried or _pick(connection, and_(cover.c.state == _WORKING, cover.c.lease_until <= now), 1)
    return tried or _pick(connection, and_(cover.c.state == _QUEUED, cover.c.attempts == 0), limit)


def _pick(connection: Connection, where: ColumnElement[bool], limit: int) -> list[str]:
    order = (cover.c.attempts, cover.c.moved)
    query = select(cover.c.cover_id).where(where).order_by(*order).limit(limit)
    return list(connection.execute(query.with_for_update(skip_locked=True)).scalars())


def _in_state(connection: Connection, cover_ids: Sequence[str], *states: str) -> list[str]:
    rows = locked_covers(connection, cover_ids)
    return [row.cover_id for row in rows if row.state in states]
