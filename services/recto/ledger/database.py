"""The one place that knows how SQLite and PostgreSQL differ: connections, transactions, conflicts, errors."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DatabaseError, DataError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from recto.errors import BadInput, BadSetting, RectoError, Unavailable

T = TypeVar("T")
BUSY_SECONDS = 60.0
"""Longest wait for another writer of SQLite. Writers hold the lock for milliseconds; the longest, a rebuild, for 2 to 8
seconds with 200,000 covers (two cores, idle to busy), so for up to 40 with a million."""
IDS_AT_ONCE = 500
"""Ids per statement: SQLite takes 32,766 parameters, PostgreSQL 65,535; larger statements were not faster."""
_WRITE = "recto_write"


class Database:
    """Connections to the ledger's database. Safe for threads; open it after forking, never before."""

    def __init__(self, url: URL) -> None:
        """Prepare connections; nothing is opened yet. Never build the URL by pasting: a path may hold `?`, `#` or `%`.

        Raises:
            BadSetting: the URL cannot be used.
        """
        self._engine = _create_engine(url)
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; on SQLite it never waits for writers and sees one moment in time."""
        with _translated_errors(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed, durably, when the block ends; rolled back when it raises.

        On SQLite writers queue up from the beginning (`begin immediate`), so that none fails half-way.
        """
        with _translated_errors(), self._engine.connect() as connection:
            connection = connection.execution_options(**{_WRITE: True})
            with connection.begin():
                yield connection

    def use_wal(self) -> None:
        """Switch an SQLite file to write-ahead logging, for good: readers and writer do not block each other.

        Raises:
            RectoError: the file system cannot do it (a network share).
        """
        deadline = time.monotonic() + BUSY_SECONDS
        while (mode := self._try_wal()) == "locked" and time.monotonic() < deadline:
            time.sleep(0.02)  # SQLite itself does not wait while another process makes the switch
        if mode != "wal":
            raise RectoError(
                f"The ledger cannot use write-ahead logging here ({mode}): put RECTO_DATA_DIR on a local disk."
            )

    def _try_wal(self) -> str:
        with _translated_errors():
            connection = self._engine.raw_connection()
            try:
                return str(connection.cursor().execute("pragma journal_mode = wal").fetchone()[0])
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                return "locked"
            finally:
                connection.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def put_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: Sequence[str] = ()
) -> None:
    """Insert rows of the same columns, or update those whose primary key exists, but for their columns in `keep`."""
    if not rows:
        return
    key = [column.name for column in table.primary_key]
    insert = _insert(connection, table)
    changes = {name: insert.excluded[name] for name in rows[0] if name not in (*key, *keep)}
    statement = insert.on_conflict_do_update(index_elements=key, set_=changes)
    connection.execute(statement, [dict(row) for row in rows])


def enter_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """`add_rows` for a table with one key; returns the keys that were not there, nor entered by another just now."""
    if not rows:
        return set()
    (key,) = table.primary_key
    statement = _insert(connection, table).on_conflict_do_nothing().returning(key)
    return set(connection.execute(statement, [dict(row) for row in rows]).scalars())


def add_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, leaving those alone whose primary key exists."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), [dict(row) for row in rows])


def lock_table(connection: Connection, table: Table) -> None:
    """Wait for all other writers of a table and keep them out; on SQLite every writer does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"lock table {table.name} in exclusive mode"))


def chunks(values: Iterable[T], size: int = IDS_AT_ONCE) -> Iterator[list[T]]:
    """Cut into lists of at most `size`."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _insert(connection: Connection, table: Table) -> Any:
    """`insert` of the dialect, which has `on_conflict_*`; both spell it the same."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def read_url(url: str) -> URL:
    """The address of a database as a person writes it; in one the path of a file is quoted.

    Raises:
        BadSetting: it is none.
    """
    try:
        read = make_url(url)
    except ArgumentError as error:
        raise _no_url(error) from None
    if "?" in url and not read.query:  # what follows would be cut off: two files could become one ledger
        raise _no_url("options NAME=VALUE follow a `?`; in the name of a file write it as %3F.")
    return read


def _create_engine(url: URL) -> Engine:
    try:
        name = url.get_backend_name()
        if name == "sqlite":
            return create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        if name == "postgresql":
            if url.drivername == "postgresql":
                url = url.set(drivername="postgresql+psycopg")
            return create_engine(url, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise _no_url(error) from None
    except ModuleNotFoundError as error:
        raise BadSetting(
            f"RECTO_LEDGER_URL names PostgreSQL, whose driver is not installed ({error.name}): "
            'run `pip install "psycopg[binary]"`.'
        ) from None
    raise BadSetting(f"RECTO_LEDGER_URL names {name}; the ledger works with SQLite and PostgreSQL.")


def _no_url(why: object) -> BadSetting:
    return BadSetting(f"RECTO_LEDGER_URL is not a URL of a database: {why}")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite`, not by the driver
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma synchronous = full")  # a commit is on disk before anything is acknowledged


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("begin immediate" if write else "begin")


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise BadInput(f"The ledger cannot store or look up this value: {error.orig}.") from error
    except UnicodeEncodeError as error:
        raise BadInput(f"{error.object!r} is no text that the ledger can store or look up.") from error
    except (OperationalError, sqlite3.OperationalError) as error:
        cause = str(getattr(error, "orig", error))
        if "is full" in cause or "No space" in cause:
            raise Unavailable("The disk of the ledger is full; free some space and try again.") from error
        raise Unavailable(f"The ledger does not answer: {cause}.") from error
    except PoolTimeout as error:
        raise Unavailable("All connections to the ledger are in use; try again.") from error
    except (DatabaseError, sqlite3.DatabaseError) as error:  # the driver's own where a connection is made
        if type(error) not in (DatabaseError, sqlite3.DatabaseError):
            raise
        cause = str(getattr(error, "orig", error))
        raise RectoError(f"The ledger is damaged ({cause}); restore it from a backup.") from error
