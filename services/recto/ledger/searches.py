"""Searches: asked by the web and the command line, answered by the index worker, kept for some days."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from recto.errors import BadInput
from recto.ledger import schema
from recto.ledger.database import Database, chunks
from recto.ledger.evidence import forget_evidence
from recto.ledger.rows import PhotoRow, SearchRow
from recto.ledger.text import storable
from recto.ledger.validation import check_year
from recto.records import Side, Where

SECONDS_OF_A_DAY = 86_400.0
MAX_PHOTOS = 16
MAX_LIMIT = 1000
_table = schema.search


class Searches:
    """Searches of the ledger."""

    _database: Database
    _search_seconds: float

    def create_search(self, photos: Sequence[tuple[Side | None, str]], where: Where, limit: int) -> str:
        """Note a search: photos as (side where known, name in the store of incoming files). Returns its id.

        Raises:
            BadInput: no photo or too many, a year or limit that cannot be.
        """
        if not 1 <= len(photos) <= MAX_PHOTOS:
            raise BadInput(f"A search takes 1 to {MAX_PHOTOS} photos of one book, not {len(photos)}.")
        if not 1 <= limit <= MAX_LIMIT:
            raise BadInput(f"A search lists 1 to {MAX_LIMIT} books, not {limit}.")
        for name, year in (("first year", where.year_from), ("last year", where.year_to)):
            if year is not None:
                check_year(name, year)
        columns = {
            "search_id": secrets.token_hex(16),  # nobody can guess the searches of others
            "state": "pending",
            "photos": [[side.value if side else None, name] for side, name in photos],
            "filter": asdict(where),
            "result_limit": limit,
            "created": time.time(),
        }
        with self._database.write() as connection:
            connection.execute(insert(_table).values(**columns))
        return str(columns["search_id"])

    def search(self, search_id: str) -> SearchRow | None:
        """The search; `expired` if nobody answered in `RECTO_SEARCH_SECONDS` (a late answer still counts)."""
        with self._database.read() as connection:
            row = connection.execute(select(_table).where(_table.c.search_id == search_id)).one_or_none()
        return self._row(row) if row is not None else None

    def finish_search(self, search_id: str, result: dict[str, Any]) -> None:
        """Keep the answer of a search."""
        self._end(search_id, "done", result, "")

    def fail_search(self, search_id: str, sentence: str, *, transient: bool = False) -> None:
        """Note why there is no answer; where a part was away for a while, the same search may be sent again."""
        self._end(search_id, "expired" if transient else "failed", None, storable(sentence))

    def prune_searches(self, older_than_days: float) -> list[str]:
        """Forget old searches with their evidence; returns the names of their photos and pictures in the store."""
        old = _table.c.created < time.time() - older_than_days * SECONDS_OF_A_DAY
        names: list[str] = []
        with self._database.write() as connection:
            rows = connection.execute(select(_table).where(old).with_for_update()).all()
            for row in rows:
                names += [name for _, name in row.photos]
                names += [photo["name"] for photo in (row.result or {}).get("photos", [])]
            names += forget_evidence(connection, [row.search_id for row in rows])
            for some in chunks(row.search_id for row in rows):
                connection.execute(delete(_table).where(_table.c.search_id.in_(some)))
        return names

    def _end(self, search_id: str, state: str, result: dict[str, Any] | None, error: str) -> None:
        changes = {"state": state, "result": result, "error": error, "finished": time.time()}
        with self._database.write() as connection:
            connection.execute(update(_table).where(_table.c.search_id == search_id).values(**changes))

    def _row(self, row: Row[Any]) -> SearchRow:
        too_old = row.state == "pending" and time.time() - row.created > self._search_seconds
        return SearchRow(
            search_id=row.search_id,
            state="expired" if too_old else row.state,
            photos=tuple(PhotoRow(Side(side) if side else None, name) for side, name in row.photos),
            where=_where(row.filter),
            limit=row.result_limit,
            created=row.created,
            result=row.result,
            error=row.error,
        )


def _where(fields: Mapping[str, Any]) -> Where:
    side = Side(fields["side"]) if fields["side"] else None
    lists = {name: tuple(fields.get(name, ())) for name in ("authors", "without")}
    return Where(**{**fields, **lists, "side": side})
