"""Evidence of searches: comparisons of one photo with one cover, asked for by a person, made by the index worker."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, update

from recto.errors import NotFound
from recto.ledger import schema
from recto.ledger.database import Database, add_rows, chunks
from recto.ledger.rows import EvidenceRow
from recto.ledger.text import storable

_table = schema.evidence
_NOT_SEEN = "This search names no such cover, or has no such photo; compare one that its result lists."


class Evidences:
    """Evidence in the ledger; it goes with its search."""

    _database: Database
    _search_seconds: float

    def ask_evidence(self, search_id: str, photo: int, cover_id: str) -> bool:
        """Note that a photo of a search (counted from 0) is to be compared with a cover of its answer.

        Asking twice gives the same row. Returns True when a worker must be told: it is new, or the last one that was
        told did not answer.

        Raises:
            NotFound: there is no such search, or it is not answered, or its answer names no such cover.
        """
        key = {"search_id": search_id, "photo": photo, "cover_id": cover_id}
        with self._database.write() as connection:
            _check(connection, key)
            mine = select(_table).where(_of(key)).with_for_update()
            row = connection.execute(mine).one_or_none()
            if row is not None and self._evidence_row(row).state != "expired":
                return False
            fresh = {"state": "pending", "result": None, "error": "", "created": time.time()}
            if row is None:
                add_rows(connection, _table, [key | fresh])  # another process may do the same at this moment
            else:
                connection.execute(update(_table).where(_of(key)).values(**fresh))
        return True

    def evidence(self, search_id: str, photo: int, cover_id: str) -> EvidenceRow | None:
        """One comparison; `expired` if nobody made it in `RECTO_SEARCH_SECONDS` (a late one still counts)."""
        key = {"search_id": search_id, "photo": photo, "cover_id": cover_id}
        with self._database.read() as connection:
            row = connection.execute(select(_table).where(_of(key))).one_or_none()
        return None if row is None else self._evidence_row(row)

    def evidence_of(self, search_id: str) -> list[EvidenceRow]:
        """All comparisons of a search, in the order in which they were asked for."""
        query = select(_table).where(_table.c.search_id == search_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_table.c.created, _table.c.cover_id)).all()
        return [self._evidence_row(row) for row in rows]

    def finish_evidence(self, search_id: str, photo: int, cover_id: str, result: Mapping[str, Any]) -> bool:
        """Keep a comparison; False when its search was forgotten meanwhile, so that its pictures are nobody's."""
        return self._settle(
            search_id, photo, cover_id, {"state": "done", "result": dict(result), "error": ""}
        )

    def fail_evidence(
        self, search_id: str, photo: int, cover_id: str, sentence: str, *, state: str = "failed"
    ) -> None:
        """Note why there is none. `state`: `failed`, `gone` (a picture was deleted) or `expired` (ask again)."""
        self._settle(search_id, photo, cover_id, {"state": state, "error": storable(sentence)})

    def _settle(self, search_id: str, photo: int, cover_id: str, changes: dict[str, Any]) -> bool:
        key = {"search_id": search_id, "photo": photo, "cover_id": cover_id}
        with self._database.write() as connection:
            return bool(connection.execute(update(_table).where(_of(key)).values(**changes)).rowcount)

    def _evidence_row(self, row: Row[Any]) -> EvidenceRow:
        too_old = row.state == "pending" and time.time() - row.created > self._search_seconds
        return EvidenceRow(
            search_id=row.search_id,
            photo=row.photo,
            cover_id=row.cover_id,
            state="expired" if too_old else row.state,
            result=row.result,
            error=row.error,
            created=row.created,
        )


def forget_evidence(connection: Connection, search_ids: Iterable[str]) -> list[str]:
    """Forget the evidence of searches; returns the names of its pictures in the store of incoming files."""
    names: list[str] = []
    for some in chunks(search_ids):
        of_some = _table.c.search_id.in_(some)
        for result in connection.execute(select(_table.c.result).where(of_some)).scalars():
            names += ((result or {}).get("pictures") or {}).values()
        connection.execute(delete(_table).where(of_some))
    return names


def _of(key: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(*(_table.c[name] == value for name, value in key.items()))


def _check(connection: Connection, key: Mapping[str, Any]) -> None:
    """See that the answer of the search names the cover, and that there is such a photo."""
    query = select(schema.search.c.result).where(schema.search.c.search_id == key["search_id"])
    result = connection.execute(query).scalar_one_or_none()
    if result is None:
        raise NotFound("There is no such search, or it is not answered yet, or it was cleared away.")
    named = {book["cover_id"] for book in result["books"]}
    if key["cover_id"] not in named or not 0 <= key["photo"] < len(result["photos"]):
        raise NotFound(_NOT_SEEN)
