"""Creating the ledger's tables, and bringing those of an older Recto up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, inspect, select, text

from recto.errors import RectoError
from recto.ledger.database import Database, put_rows
from recto.ledger.schema import FORMAT, meta, metadata

UPGRADES: Mapping[int, Callable[[Connection], None]] = {}
"""Step `n` brings the tables from format n to n + 1, by SQL of its own: `schema` moves on, steps do not."""
_LOCK = 0x52656374  # any number that nothing else in the database uses


def prepare(
    database: Database, newest: int = FORMAT, upgrades: Mapping[int, Callable[[Connection], None]] = UPGRADES
) -> None:
    """Create the tables, or upgrade them step by step, in one transaction: all of it happens or nothing.

    Any number of processes may do it at once; the first one does it, the others find it done.

    Raises:
        RectoError: the ledger was written by a newer Recto.
    """
    with database.read() as connection:  # the usual case waits for no writer
        if _format(connection) == newest:
            return
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
        found = _format(connection)
        if found is None:
            metadata.create_all(connection)
        elif found > newest:
            raise RectoError(
                f"The ledger has format {found}, this Recto knows formats up to {newest}: "
                "install the newer Recto that wrote it, or restore a backup from before its upgrade."
            )
        for step in range(found or newest, newest):
            upgrades[step](connection)
        put_rows(connection, meta, [{"key": "format", "value": str(newest)}])


def _format(connection: Connection) -> int | None:
    """Format version of the tables; None when there are none."""
    if not inspect(connection).has_table(meta.name):
        return None
    return int(connection.execute(select(meta.c.value).where(meta.c.key == "format")).scalar_one())
