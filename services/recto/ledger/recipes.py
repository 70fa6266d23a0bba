"""Which recipe is live, the rebuild that changes it, and small facts."""

from __future__ import annotations

import json
from dataclasses import asdict

from sqlalchemy import Connection, insert, literal, select, true

from recto.ledger import schema
from recto.ledger.database import Database, lock_table, put_rows
from recto.ledger.jobs import end_listing, write_job
from recto.ledger.moves import queue_anew
from recto.ledger.rows import Outcome
from recto.recipe import Version

_LIVE = "live_version"
_OWN = "own:"


class Recipes:
    """The live version and facts of the ledger."""

    _database: Database

    def live_version(self) -> Version | None:
        """The version that searches use; None before the first one was set."""
        text = self._get(_LIVE)
        return Version(**json.loads(text)) if text is not None else None

    def set_live_version(self, version: Version) -> None:
        """Make a version the live one."""
        with self._database.write() as connection:
            _write_live(connection, version)

    def begin_rebuild(self, version: Version) -> str:
        """Make a version live, queue every cover anew, and follow them by a job, whose id is returned."""
        cover, item = schema.cover, schema.job_item
        with self._database.write() as connection:
            _write_live(connection, version)
            lock_table(connection, cover)
            queue_anew(connection, true())
            job_id = write_job(connection, "rebuild", version.encoder)
            columns = ("job_id", "book_id", "side", "path", "cover_id", "outcome", "stage", "reason")
            waiting = [
                literal(""),
                cover.c.cover_id,
                literal(Outcome.WAITING.value),
                literal(""),
                literal(""),
            ]
            covers = select(literal(job_id), cover.c.book_id, cover.c.side, *waiting)
            covers = covers.order_by(cover.c.created, cover.c.cover_id)
            connection.execute(insert(item).from_select(columns, covers))
            end_listing(connection, job_id)
        return job_id

    def get_value(self, key: str) -> str | None:
        """A fact that was kept with `set_value`."""
        return self._get(_OWN + key)

    def set_value(self, key: str, text: str) -> None:
        """Keep a small fact."""
        with self._database.write() as connection:
            put_rows(connection, schema.fact, [{"key": _OWN + key, "value": text}])

    def _get(self, key: str) -> str | None:
        table = schema.fact
        with self._database.read() as connection:
            return connection.execute(select(table.c.value).where(table.c.key == key)).scalar_one_or_none()


def _write_live(connection: Connection, version: Version) -> None:
    put_rows(connection, schema.fact, [{"key": _LIVE, "value": json.dumps(asdict(version))}])
