"""Building a second version and removing one: rows come and go in chunks, between which others write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, case, delete, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from recto.errors import BadInput
from recto.ledger.database import Database
from recto.ledger.facts import (
    BUILDING,
    DROPPING,
    OTHER,
    READY,
    REQUEST,
    Other,
    Request,
    locked_versions,
    read_request,
    read_versions,
    write_fact,
)
from recto.ledger.reindexing import end_reindex
from recto.ledger.schema import cover, job, other_cover
from recto.records import CoverState, Side
from recto.versions import Version

ROWS_AT_ONCE = 2000
"""Rows that one transaction adds or removes. `docs/ledger.md` has the time for which others wait."""
KEPT_STATES = (CoverState.FAILED.value, CoverState.HELD.value)
"""What failed or is held back is so in a new version too: only what is searchable or on its way is done anew."""
PENDING = (CoverState.QUEUED.value, CoverState.WORKING.value, CoverState.STAGED.value)


class Building:
    """The rows of the version beside the live one, from its beginning to its end."""

    _database: Database

    def begin_version(self, request: Request, version: Version) -> None:
        """Begin to build the version that a re-index asked for; from here on every change reaches it too.

        Raises:
            BadInput: the request was withdrawn meanwhile, or another version is kept.
        """
        with self._database.write() as connection:
            if locked_versions(connection, change=True).other or read_request(connection) != request:
                raise BadInput("The re-index was withdrawn before it began.")
            other = Other(version, BUILDING, request.job_id, request.automatic)
            write_fact(connection, REQUEST, None)
            write_fact(connection, OTHER, other)

    def seed_covers(self, limit: int = ROWS_AT_ONCE) -> bool:
        """Queue the next covers for the version that is built; True while there are more."""
        with self._database.write() as connection:
            other = locked_versions(connection, change=True).other
            if other is None or other.state != BUILDING or other.seeded is None:
                return False
            upto = _id_after(connection, other.seeded, limit)
            _seed(connection, other.seeded, upto)
            write_fact(connection, OTHER, replace(other, seeded=upto))
            if upto is None:
                listed = update(job).where(job.c.job_id == other.job_id, job.c.listed.is_(None))
                connection.execute(listed.values(listed=func.coalesce(job.c.listed, job.c.touched)))
        return upto is not None

    def mark_ready(self, version: Version) -> None:
        """Note that a version holds every cover and was checked; without automatic switch its job is done."""
        with self._database.write() as connection:
            other = locked_versions(connection, change=True).other
            if other is not None and other.version == version and other.state == BUILDING:
                write_fact(connection, OTHER, replace(other, state=READY, trouble=""))
                if not other.automatic:
                    end_reindex(connection, other.job_id)

    def block_switch(self, version: Version, reason: str) -> None:
        """Note why a version that is ready does not become live, and end its job with the reason.

        Nothing is asked of it any more; a `switch` tries again.
        """
        with self._database.write() as connection:
            other = locked_versions(connection, change=True).other
            if other is None or other.version != version or not other.is_written:
                return
            if other.state == READY and other.automatic:
                end_reindex(connection, other.job_id, reason)
            changes: dict[str, Any] = {"asked": "", "forced": False, "automatic": False, "trouble": reason}
            write_fact(connection, OTHER, replace(other, **changes))

    def pending_other(self, most: int) -> int:
        """Covers that searches find now and that are on their way into the other version, counted up to `most`."""
        waiting = (other_cover.c.state.in_(PENDING), cover.c.state == CoverState.INDEXED.value)
        query = select(other_cover.c.cover_id).join(cover, cover.c.cover_id == other_cover.c.cover_id)
        with self._database.read() as connection:
            some = query.where(*waiting).limit(most).subquery()
            return connection.execute(select(func.count()).select_from(some)).scalar_one()

    def sample_originals(self, limit: int) -> list[str]:
        """Originals of some covers that are searchable, each once, spread over all of them."""
        with self._database.read() as connection:
            query = select(cover.c.sha256).where(cover.c.state == CoverState.INDEXED.value)
            query = query.group_by(cover.c.sha256).order_by(func.random()).limit(limit)
            return list(connection.execute(query).scalars())

    def sample_indexed(self, recipe_id: str, side: Side, limit: int) -> list[str]:
        """Ids of some indexed covers of a version and side, spread over all of them."""
        with self._database.read() as connection:
            table = read_versions(connection).table_of(recipe_id)
            if table is None:
                return []
            where = [table.c.state == CoverState.INDEXED.value, cover.c.side == side.value]
            if table is not cover:
                where.append(table.c.cover_id == cover.c.cover_id)
            query = select(table.c.cover_id).where(*where).order_by(func.random()).limit(limit)
            return list(connection.execute(query).scalars())

    def drop_rows(self, limit: int = ROWS_AT_ONCE) -> bool:
        """Remove the next rows of a version that goes; True while there are more."""
        with self._database.write() as connection:
            other = locked_versions(connection, change=True).other
            if other is None or other.state != DROPPING:
                return False
            some = select(other_cover.c.cover_id).order_by(other_cover.c.cover_id).limit(limit)
            gone = connection.execute(delete(other_cover).where(other_cover.c.cover_id.in_(some)))
            return gone.rowcount == limit

    def forget_other(self, version: Version) -> None:
        """Note that a version is gone; its collections and rows must be."""
        with self._database.write() as connection:
            other = locked_versions(connection, change=True).other
            if other is not None and other.version == version and other.state == DROPPING:
                write_fact(connection, OTHER, None)


def _id_after(connection: Connection, after: str, limit: int) -> str | None:
    """The id `limit` covers behind another; None when there are fewer."""
    query = select(cover.c.cover_id).where(cover.c.cover_id > after).order_by(cover.c.cover_id)
    return connection.execute(query.offset(limit - 1).limit(1)).scalar_one_or_none()


def _seed(connection: Connection, after: str, upto: str | None) -> None:
    """Rows for covers behind one id up to another; those that came meanwhile have theirs."""
    kept = cover.c.state.in_(KEPT_STATES)
    values = {
        "cover_id": cover.c.cover_id,
        "state": case((kept, cover.c.state), else_=CoverState.QUEUED.value),
        "recipe": literal(""),
        "attempts": literal(0),
        "stage": case((kept, cover.c.stage), else_=""),
        "reason": case((kept, cover.c.reason), else_=""),
        "worker": literal(""),
        "staged_file": literal(""),
        "moved": cover.c.created,
    }
    where = [cover.c.cover_id > after, *([cover.c.cover_id <= upto] if upto else [])]
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = select(*values.values()).where(*where)
    connection.execute(insert(other_cover).from_select(list(values), rows).on_conflict_do_nothing())
