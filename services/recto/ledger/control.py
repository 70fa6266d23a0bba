"""What people do to running jobs: pause, resume, cancel.

The ledger notes what is wanted; `hold_some`, `free_some` and `give_up_some` then carry it out in portions, so that a
job of a million covers holds up no other writer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, literal, select, text, update

from recto.errors import BadInput, NotFound
from recto.ledger.database import IDS_AT_ONCE, Database
from recto.ledger.facts import locked_versions
from recto.ledger.items import settle_own
from recto.ledger.jobs import end_listing, is_over
from recto.ledger.moves import locked_covers, move, move_other, settle
from recto.ledger.rows import CANCELLED, PAUSED, RESUMING, Outcome
from recto.ledger.schema import cover, job, job_item
from recto.records import CoverState

GIVEN_UP = "The job was cancelled before this cover was worked on."
_ON_ITS_WAY = tuple(state.value for state in (CoverState.QUEUED, CoverState.WORKING, CoverState.STAGED))
_RESTING = (CoverState.QUEUED, CoverState.HELD)
_QUEUED, _HELD = CoverState.QUEUED.value, CoverState.HELD.value
_WAITING = Outcome.WAITING.value
_DONE = (Outcome.INDEXED.value, Outcome.UNCHANGED.value)


class Control:
    """Pausing, resuming and cancelling jobs."""

    _database: Database

    def pause_job(self, job_id: str) -> None:
        """Stop listing a job and working on its covers; doing it twice changes nothing.

        Raises:
            NotFound: there is no such job.
            BadInput: it is over, or of another kind.
        """
        with self._database.write() as connection:
            _open_job(connection, job_id)
            _set(connection, job_id, PAUSED)

    def resume_job(self, job_id: str) -> None:
        """Go on with a paused job; nothing happens to one that runs. Raises as `pause_job` does."""
        with self._database.write() as connection:
            if _open_job(connection, job_id).control == PAUSED:
                _set(connection, job_id, RESUMING)

    def cancel_job(self, job_id: str) -> None:
        """Give a job up: it is not listed any further. Raises as `pause_job` does."""
        with self._database.write() as connection:
            row = _open_job(connection, job_id)
            end_listing(connection, job_id)
            _set(connection, job_id, CANCELLED, listing={**(row.listing or {}), "ended": True})

    def controlled_jobs(self) -> list[tuple[str, str]]:
        """Jobs that are paused, resuming or being cancelled, with that word."""
        # As in the partial index, which SQLite does not use for a parameter.
        where = (text("control <> ''"), job.c.finished.is_(None))
        query = select(job.c.job_id, job.c.control).where(*where).order_by(job.c.created)
        with self._database.read() as connection:
            return [(row.job_id, row.control) for row in connection.execute(query)]

    def hold_some(self, job_id: str, after: int = 0) -> int | None:
        """Hold back queued covers that only paused jobs want.

        Looks at the waiting items behind item `after` and returns where to go on; None when all were seen.
        """
        with self._database.write() as connection:
            other = locked_versions(connection).other
            ids, behind = _portion(connection, job_id, after)
            queued = _in_state(connection, ids, _QUEUED)
            wanted = _covers_where(connection, queued, _wanted_by_others(job_id, job.c.control != PAUSED))
            held = [id_ for id_ in queued if id_ not in wanted]
            move(connection, held, CoverState.HELD)
            move_other(connection, other, held, [CoverState.QUEUED], CoverState.HELD)
        return behind

    def free_some(self, job_id: str, after: int = 0) -> int | None:
        """Queue covers of a job that were held back; returns as `hold_some`. At the end the job counts as resumed."""
        with self._database.write() as connection:
            other = locked_versions(connection).other
            ids, behind = _portion(connection, job_id, after)
            move(connection, _in_state(connection, ids, _HELD), CoverState.QUEUED)
            move_other(connection, other, ids, [CoverState.HELD], CoverState.QUEUED)
            if behind is None:
                resumed = (job.c.job_id == job_id, job.c.control == RESUMING)
                connection.execute(update(job).where(*resumed).values(control=""))
        return behind

    def give_up_some(self, job_id: str, after: int = 0) -> int | None:
        """Let items of a cancelled job fail, with their covers where no other job wants them; returns as `hold_some`.

        What a worker holds is left to it, and a cover that was searchable before stays on its way.
        """
        with self._database.write() as connection:
            other = locked_versions(connection).other
            ids, behind = _portion(connection, job_id, after)
            resting = _in_state(connection, ids, _QUEUED, _HELD)
            wanted = _covers_where(connection, resting, _wanted_by_others(job_id))
            indexed = _covers_where(connection, resting, _was_indexed()) - wanted
            given_up = [id_ for id_ in resting if id_ not in wanted | indexed]
            failed: dict[str, Any] = {"stage": CANCELLED, "reason": GIVEN_UP}
            move(connection, given_up, CoverState.FAILED, **failed)
            move_other(connection, other, given_up, _RESTING, CoverState.FAILED, **failed)
            settle(connection, given_up, Outcome.FAILED, CANCELLED, GIVEN_UP)
            move(connection, sorted(indexed), CoverState.QUEUED)
            move_other(connection, other, sorted(indexed), [CoverState.HELD], CoverState.QUEUED)
            settle_own(connection, job_id, resting, CANCELLED, GIVEN_UP)
        return behind

    def backlog(self, most: int) -> int:
        """Covers on their way into the index, counted up to `most`: what a listing must not outrun."""
        some = select(literal(1)).where(cover.c.state.in_(_ON_ITS_WAY)).limit(most).subquery()
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def locked_job(connection: Connection, job_id: str) -> Row[Any]:
    """The row of a job, locked until the transaction ends.

    Raises:
        NotFound: there is no such job.
    """
    row = connection.execute(select(job).where(job.c.job_id == job_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id!r}.")
    return row


def _open_job(connection: Connection, job_id: str) -> Row[Any]:
    """The job, if there is still something to pause or to cancel."""
    row = locked_job(connection, job_id)
    if row.kind != "ingest":
        raise BadInput(f"Job {job_id} adds no covers, so it can be neither paused nor cancelled this way.")
    if row.control == CANCELLED or is_over(connection, row):
        raise BadInput(f"Job {job_id} is over already.")
    return row


def _set(connection: Connection, job_id: str, control: str, **values: Any) -> None:
    connection.execute(update(job).where(job.c.job_id == job_id).values(control=control, **values))


def _portion(connection: Connection, job_id: str, after: int) -> tuple[list[str], int | None]:
    """Covers of some waiting items behind an item, and the last of these items; None when there are no more."""
    where = (job_item.c.job_id == job_id, job_item.c.outcome == _WAITING, job_item.c.item_id > after)
    query = select(job_item.c.item_id, job_item.c.cover_id).where(*where).order_by(job_item.c.item_id)
    rows = connection.execute(query.limit(IDS_AT_ONCE)).all()
    ids = [row.cover_id for row in rows if row.cover_id is not None]
    return ids, rows[-1].item_id if len(rows) == IDS_AT_ONCE else None


def _in_state(connection: Connection, cover_ids: Sequence[str], *states: str) -> list[str]:
    return [row.cover_id for row in locked_covers(connection, cover_ids) if row.state in states]


def _covers_where(
    connection: Connection, cover_ids: Sequence[str], condition: ColumnElement[bool]
) -> set[str]:
    query = select(cover.c.cover_id).where(cover.c.cover_id.in_(cover_ids), condition)
    return set(connection.execute(query).scalars())


def _wanted_by_others(job_id: str, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    """A cover that another job, one of `which`, waits for."""
    waits = (
        job_item.c.cover_id == cover.c.cover_id,
        job_item.c.outcome == _WAITING,
        job_item.c.job_id != job_id,
    )
    return exists().where(*waits, job.c.job_id == job_item.c.job_id, *which)


def _was_indexed() -> ColumnElement[bool]:
    """A cover that some job has brought into the index: it is on its way again because its book was changed."""
    return exists().where(job_item.c.cover_id == cover.c.cover_id, job_item.c.outcome.in_(_DONE))
