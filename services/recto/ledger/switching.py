"""The switch: in one commit the version beside the live one becomes live, and the live one is kept in its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, func, select, union, update

from recto.errors import BadInput, Unavailable
from recto.ledger.database import Database, chunks
from recto.ledger.facts import LIVE, OTHER, PREVIOUS, READY, Other, locked_versions, write_fact
from recto.ledger.moves import settle
from recto.ledger.reindexing import end_reindex
from recto.ledger.rows import Outcome
from recto.ledger.schema import cover, other_cover
from recto.records import CoverState
from recto.versions import Version

MOST_SWAPPED = 10_000
"""Rows on their way that a switch may exchange while others wait for it: 0.6 s of processor time. Bulk jobs keep fewer
on their way (`RECTO_JOB_BACKLOG`)."""

_INDEXED, _FAILED = CoverState.INDEXED.value, CoverState.FAILED.value
NOT_INDEXED = [state.value for state in CoverState if state is not CoverState.INDEXED]
"""Spelled out, so that the index over states is used: few rows are in these states."""
_SWAPPED = (
    *("state", "recipe", "attempts", "stage", "reason"),
    *("worker", "lease_until", "staged_file", "moved"),
)


class Switching:
    """Changing the live version of the ledger."""

    _database: Database

    def switch_versions(self) -> Version:
        """Make the version that is ready, or the previous one, live; returns it. Only rows that differ are touched.

        Raises:
            BadInput: there is no such version, or covers that are searchable failed in it and nobody said to go on.
            Unavailable: covers are on their way into it that searches find now, or very many at all.
        """
        with self._database.write() as connection:
            versions = locked_versions(connection, change=True)
            other, live = versions.other, versions.live
            if other is None or live is None or other.state not in (READY, PREVIOUS):
                raise BadInput("There is no version to switch to.")
            _check(connection, other)
            if other.state == READY:
                end_reindex(connection, other.job_id)
            _swap(connection)
            write_fact(connection, LIVE, other.version)
            write_fact(connection, OTHER, Other(live, PREVIOUS, automatic=False, seeded=None))
        return other.version


def lost_by_state(connection: Connection) -> dict[str, int]:
    """Covers that are searchable in the live version and not in the other, by their state there."""
    query = select(other_cover.c.state, func.count()).join(cover, cover.c.cover_id == other_cover.c.cover_id)
    lost = (other_cover.c.state.in_(NOT_INDEXED), cover.c.state == _INDEXED)
    return dict(connection.execute(query.where(*lost).group_by(other_cover.c.state)).all())


def _check(connection: Connection, other: Other) -> None:
    lost = lost_by_state(connection)
    failed = lost.pop(_FAILED, 0)
    if waiting := sum(lost.values()):
        raise Unavailable(f"{_covers(waiting)} that searches find now {_is(waiting)} on the way into it.")
    if failed and not other.forced:
        raise BadInput(
            f"{_covers(failed)} that searches find now failed in version {other.version.recipe_id} and could not be "
            "found any more; `recto reindex status` lists them. Try them again (`recto jobs retry`), or go on "
            "without them: `recto reindex switch --allow-failed`."
        )
    moving = sum(
        connection.execute(
            select(func.count()).where(table.c.state.in_([s for s in NOT_INDEXED if s != _FAILED]))
        ).scalar_one()
        for table in (cover, other_cover)
    )
    if moving > MOST_SWAPPED:
        raise Unavailable(
            f"{moving} covers are on their way; the switch waits until {MOST_SWAPPED} are left."
        )


def _swap(connection: Connection) -> None:
    """Exchange the rows that differ between the two tables, and settle the items that waited for them."""
    here = [cover.c[name].label(f"here_{name}") for name in _SWAPPED]
    there = [other_cover.c[name].label(f"there_{name}") for name in _SWAPPED]
    ids = union(
        *(select(table.c.cover_id).where(table.c.state.in_(NOT_INDEXED)) for table in (cover, other_cover))
    )
    query = select(cover.c.cover_id, *here, *there)
    query = query.join(other_cover, cover.c.cover_id == other_cover.c.cover_id).where(
        cover.c.cover_id.in_(ids)
    )
    rows = [row for row in connection.execute(query.order_by(cover.c.cover_id)) if _differs(row)]
    behind = 1 + len(_SWAPPED)  # a row is the id, the values here, the values there
    _write(connection, cover, [(row[0], *row[behind:]) for row in rows])
    _write(connection, other_cover, [tuple(row[:behind]) for row in rows])
    won = [row.cover_id for row in rows if row.there_state == _INDEXED]
    settle(connection, won, Outcome.INDEXED)
    failed: dict[tuple[str, str], list[str]] = defaultdict(list)  # thousands of them fail for a few reasons
    for row in rows:
        if row.there_state == _FAILED:
            failed[row.there_stage, row.there_reason].append(row.cover_id)
    for (stage, reason), cover_ids in failed.items():
        settle(connection, cover_ids, Outcome.FAILED, stage, reason)


def _differs(row: Row[Any]) -> bool:
    """Rows that failed or are held in both versions alike stay where they are."""
    if row.here_state != row.there_state:
        return True
    return row.here_state != _FAILED or (row.here_stage, row.here_reason) != (
        row.there_stage,
        row.there_reason,
    )


def _write(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Give rows of a table other values: each is an id and what stands in `_SWAPPED`."""
    names = ("id", *(f"new_{name}" for name in _SWAPPED))
    statement = update(table).where(table.c.cover_id == bindparam("id"))
    statement = statement.values({name: bindparam(f"new_{name}") for name in _SWAPPED})
    for some in chunks(rows):
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in some])


def _covers(count: int) -> str:
    return f"{count} cover{'' if count == 1 else 's'}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
