"""The rebuild that empties the index and fills it anew, and small facts."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, literal, select, true

from recto.ledger import schema
from recto.ledger.database import Database, lock_table, put_rows
from recto.ledger.facts import LIVE, OTHER, REQUEST, locked_versions, read_request, write_fact
from recto.ledger.jobs import end_listing, write_job
from recto.ledger.moves import queue_anew
from recto.ledger.reindexing import end_reindex
from recto.ledger.rows import Outcome
from recto.versions import Version

_OWN = "own:"
REPLACED = "A rebuild took its place."


class Recipes:
    """Rebuilds and facts of the ledger."""

    _database: Database

    def begin_rebuild(self, version: Version) -> str:
        """Make a version live, queue every cover anew, and follow them by a job, whose id is returned.

        The version beside the live one, and a re-index that was asked for, are given up.
        """
        cover, item = schema.cover, schema.job_item
        with self._database.write() as connection:
            _give_up_other(connection)
            write_fact(connection, LIVE, version)
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
        table = schema.fact
        with self._database.read() as connection:
            query = select(table.c.value).where(table.c.key == _OWN + key)
            return connection.execute(query).scalar_one_or_none()

    def set_value(self, key: str, text: str) -> None:
        """Keep a small fact."""
        with self._database.write() as connection:
            put_rows(connection, schema.fact, [{"key": _OWN + key, "value": text}])


def _give_up_other(connection: Connection) -> None:
    other, request = locked_versions(connection, change=True).other, read_request(connection)
    jobs = [request.job_id] if request else []
    if other is not None and other.job_id and other.is_written:
        jobs.append(other.job_id)
    for job_id in jobs:
        end_reindex(connection, job_id, REPLACED)
    connection.execute(delete(schema.other_cover))
    for key in (OTHER, REQUEST):
        write_fact(connection, key, None)
