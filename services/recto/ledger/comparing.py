"""Which covers are still to be compared with the others, and what was found.

A cover that became searchable and was never compared is found here whatever happened to the worker that indexed it:
the mark is a column of its own row, not a message.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, or_, select, update

from recto.ledger.convert import cover_of
from recto.ledger.database import Database, chunks, put_rows
from recto.ledger.facts import locked_versions
from recto.ledger.moves import locked_covers
from recto.ledger.schema import cover, duplicate
from recto.records import Alike, Cover, CoverState

WAITS = and_(cover.c.compared.is_(None), cover.c.state == CoverState.INDEXED.value)
"""Covers that are to be compared; an index holds those that were not, by state and age."""


@dataclass(frozen=True)
class Finding:
    """Two covers that are alike; `cover_id` is the smaller id. `measures` are plain numbers, by name."""

    cover_id: str
    other_id: str
    kind: Alike
    measures: Mapping[str, Any]


class Comparing:
    """The comparison of covers that became searchable."""

    _database: Database

    def to_compare(self, limit: int) -> list[Cover]:
        """Covers that are searchable and were never compared, the newest first: somebody waits to be told of them."""
        with self._database.read() as connection:
            query = select(cover).where(WAITS).order_by(cover.c.created.desc()).limit(limit)
            return [cover_of(row) for row in connection.execute(query)]

    def covers_of_file(self, sha256: str, limit: int) -> list[Cover]:
        """Covers that are searchable or were, and name this image, of any book and side, in the order of their ids."""
        with self._database.read() as connection:
            query = select(cover).where(cover.c.sha256 == sha256).order_by(cover.c.cover_id).limit(limit)
            return [cover_of(row) for row in connection.execute(query)]

    def finish_comparison(self, cover_ids: Sequence[str], findings: Sequence[Finding]) -> int:
        """Keep what was found and note that these covers were compared; returns how many findings are kept.

        Findings about covers that are gone meanwhile are dropped. Doing it twice changes nothing.
        """
        now = time.time()
        ends = {id_ for finding in findings for id_ in (finding.cover_id, finding.other_id)}
        with self._database.write() as connection:
            locked_versions(connection)  # before any other row, against deadlocks
            there = {row.cover_id for row in locked_covers(connection, [*ends, *cover_ids])}
            rows = [_columns(finding, now) for finding in findings if _ends(finding) <= there]
            put_rows(connection, duplicate, rows, keep=["found"])
            for ids in chunks(sorted(set(cover_ids) & there)):
                connection.execute(update(cover).where(cover.c.cover_id.in_(ids)).values(compared=now))
        return len(rows)


def forget_findings(connection: Connection, cover_ids: Sequence[str]) -> None:
    """Drop what was found about covers that are about to go."""
    for ids in chunks(cover_ids):
        either = or_(duplicate.c.cover_id.in_(ids), duplicate.c.other_id.in_(ids))
        connection.execute(delete(duplicate).where(either))


def _ends(finding: Finding) -> set[str]:
    return {finding.cover_id, finding.other_id}


def _columns(finding: Finding, now: float) -> dict[str, Any]:
    assert finding.cover_id < finding.other_id, "a pair has one order"
    return {
        "cover_id": finding.cover_id,
        "other_id": finding.other_id,
        "kind": finding.kind.value,
        "measures": dict(finding.measures),
        "found": now,
    }
