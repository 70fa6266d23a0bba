"""The packed local features of one collection: a SQLite file beside the shard, which lives and dies with it.

Measured against payload on disk in `docs/decisions.md` (section Index): a read of 100 covers takes 1.2 ms
instead of 8.0, and the payload of a hit is not 27 KB to parse.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from recto.errors import IndexFault

MAX_MARKS = 500
"""Ids per statement; SQLite allows 999 parameters in its oldest builds."""
_SELECT = "SELECT cover_id, packed FROM features WHERE cover_id IN"


class FeatureStore:
    """Bytes by cover id. One connection writes, another reads, so that a reader never waits for a commit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._locks = {"write": threading.Lock(), "read": threading.Lock()}
        try:
            self._writer = self._connect()
            self._writer.execute("PRAGMA journal_mode=WAL")
            self._writer.execute("PRAGMA synchronous=FULL")  # a commit survives a power cut
            self._writer.execute(
                "CREATE TABLE IF NOT EXISTS features (cover_id TEXT PRIMARY KEY, packed BLOB)"
            )
            self._reader = self._connect()
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def put(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Write the features of many covers in one transaction."""
        self._write("INSERT OR REPLACE INTO features VALUES (?, ?)", rows)

    def delete(self, cover_ids: Iterable[str]) -> None:
        """Remove the features of many covers in one transaction."""
        self._write("DELETE FROM features WHERE cover_id = ?", [(cover,) for cover in cover_ids])

    def get(self, cover_ids: Sequence[str]) -> dict[str, bytes]:
        """Features of the covers that have them."""
        found: dict[str, bytes] = {}
        for start in range(0, len(cover_ids), MAX_MARKS):
            part = list(cover_ids[start : start + MAX_MARKS])
            marks = ",".join("?" * len(part))
            try:
                with self._locks["read"]:
                    found.update(self._reader.execute(f"{_SELECT} ({marks})", part).fetchall())
            except sqlite3.Error as error:
                raise self._fault(error) from error
        return found

    def close(self) -> None:
        """Close both connections; the last one writes the log back."""
        self._reader.close()
        self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30.0)

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        try:
            with self._locks["write"], self._writer:  # the connection commits, or rolls back when it raises
                self._writer.execute("BEGIN IMMEDIATE")
                self._writer.executemany(statement, rows)
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def _fault(self, error: sqlite3.Error) -> IndexFault:
        return IndexFault(f"The local features in {self._path} cannot be used: {error}.")
