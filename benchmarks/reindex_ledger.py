"""How long others wait for the ledger while a second version begins, becomes live and goes.

`python benchmarks/reindex_ledger.py`

It makes an SQLite ledger of 200,000 covers in a temporary folder and prints a table. A second thread commits a small
change all the time; its longest wait is what a user would feel.
"""

from __future__ import annotations

import argparse
import hashlib
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recto.ledger import FILE_NAME, Ledger
from recto.ledger.building import ROWS_AT_ONCE
from recto.ledger.schema import book, cover, other_cover
from recto.records import CoverState, Side, cover_id
from recto.settings import Settings
from recto.versions import Version

OLD, NEW = Version("aaaaaaaaaaaa", "recto_small"), Version("bbbbbbbbbbbb", "mobilenet_v2")


def fill(ledger: Ledger, covers: int) -> None:
    """Books with two indexed covers each, written past the ledger's methods: filling is not what is measured."""
    now = time.time()
    with ledger._database.write() as connection:
        for start in range(0, covers // 2, 5000):
            books, images = [], []
            for number in range(start, min(start + 5000, covers // 2)):
                name = f"book-{number}"
                texts = dict.fromkeys(
                    ("title", "isbn", "publisher", "language", "sort_title", "search_text"), name
                )
                lists: dict[str, Any] = {"authors": [], "tags": [], "extra": {}}
                books.append({"book_id": name, **texts, **lists, "created": now, "updated": now})
                for side in Side:
                    sha256 = hashlib.sha256(f"{name}{side}".encode()).hexdigest()
                    images.append(
                        {
                            "cover_id": cover_id(name, side, sha256),
                            "book_id": name,
                            "side": side.value,
                            "sha256": sha256,
                            "state": CoverState.INDEXED.value,
                            "recipe": OLD.recipe_id,
                            "created": now,
                            "moved": now,
                        }
                    )
            connection.execute(book.insert(), books)
            connection.execute(cover.insert(), images)


class Others:
    """A thread that writes all the time and keeps how long each write took."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.waits: list[float] = []

    def __enter__(self) -> Others:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _write(self) -> None:
        while not self._stopping.wait(0.005):
            start = time.perf_counter()
            self._ledger.set_value("benchmark", "x")
            self.waits.append(time.perf_counter() - start)


def measure(ledger: Ledger, name: str, step: Callable[[], bool]) -> None:
    """Take steps until there are no more, and print how long they and the others took."""
    times: list[float] = []
    with Others(ledger) as others:
        more = True
        while more:
            start = time.perf_counter()
            more = step()
            times.append(time.perf_counter() - start)
            time.sleep(0.02)
    milliseconds = [
        1000 * value for value in (statistics.median(times), max(times), max(others.waits, default=0.0))
    ]
    steps = f"{len(times):5} steps, median {milliseconds[0]:7.1f} ms, longest {milliseconds[1]:7.1f} ms"
    print(f"{name:44} {steps}; longest wait of another writer {milliseconds[2]:7.1f} ms")


def mark_all(ledger: Ledger, state: CoverState, rows: int | None = None) -> None:
    """Put rows of the new version into a state, past the ledger's methods."""
    with ledger._database.write() as connection:
        change = other_cover.update().values(state=state.value, recipe=NEW.recipe_id)
        if rows is not None:
            some = other_cover.select().with_only_columns(other_cover.c.cover_id).limit(rows)
            change = change.where(other_cover.c.cover_id.in_(some))
        connection.execute(change)


def size(folder: Path) -> int:
    """Bytes of the ledger's file once its log is written back."""
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    return (folder / FILE_NAME).stat().st_size


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--covers", type=int, default=200_000)
    parser.add_argument("--differing", type=int, default=10_000, help="rows that a switch must exchange")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        ledger = Ledger.open(settings)
        ledger.set_live_version(OLD)
        fill(ledger, options.covers)
        before = size(Path(folder))
        ledger.request_reindex("mobilenet_v2")
        request = ledger.reindex_request()
        assert request is not None
        ledger.begin_version(request, NEW)
        measure(ledger, f"beginning, {ROWS_AT_ONCE} rows a step", ledger.seed_covers)
        mark_all(ledger, CoverState.INDEXED)
        ledger.mark_ready(NEW)
        after = size(Path(folder))

        def switch() -> bool:
            ledger.switch_versions()
            return False

        measure(ledger, "switch, no row differs", switch)
        mark_all(ledger, CoverState.FAILED, options.differing)
        ledger.ask("rollback", forced=True)
        measure(ledger, f"rollback, {options.differing} rows differ", switch)
        ledger.drop_other(built=True)
        measure(ledger, f"removing, {ROWS_AT_ONCE} rows a step", ledger.drop_rows)
        print(f"the second version's rows take {(after - before) / options.covers:.0f} bytes a cover")
        ledger.close()


if __name__ == "__main__":
    main()
