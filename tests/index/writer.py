"""Writes to an index until it is killed, and notes in a log when each stage begins and ends.

    python -m tests.index.writer FOLDER LOG FIRST_BATCH FIRST_STAGE FLUSHES

With FLUSHES "each" every call flushes; with "few" the calls sync the engine's log only, as they do most of the time.

A line of the log is `TIME begin|end STAGE BATCH`, written with one system call: it outlives the process.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from tests.index.shelves import make_points

from recto.index import CoverPoint, Index, LocalSpec
from recto.index import collection as embedded_collection
from recto.index.collection import Collection
from recto.index.embedded import EmbeddedIndex
from recto.records import Side
from recto.versions import Version

MAIN, SPARE = Version("aaaaaaaaaaaa", "small"), Version("bbbbbbbbbbbb", "small")
DIMENSION, LOCAL = 256, LocalSpec("sparse", idf=True)
BATCH, DELETED, SPARE_COVERS = 200, 50, 20
YEARS = (1900, 2000)
"""Year of a batch's books after it was first written, and after it was written again."""


@cache
def batch_points(number: int) -> tuple[CoverPoint, ...]:
    """The covers of a batch, the same in every process."""
    return tuple(make_points(BATCH, seed=number, dimension=DIMENSION, prefix=f"batch {number}"))


def of_year(points: tuple[CoverPoint, ...], year: int) -> list[CoverPoint]:
    """The same covers with another year."""
    return [replace(point, fields={**point.fields, "year": year}) for point in points]


class Writer:
    """The stages. A batch is written, written again two rounds later, and in part deleted in the round after."""

    def __init__(self, index: Index, log: Path) -> None:
        self._index = index
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @contextmanager
    def stage(self, name: str, batch: int) -> Iterator[None]:
        """Note the beginning and the end."""
        self._note("begin", name, batch)
        yield
        self._note("end", name, batch)

    def upsert(self, batch: int) -> None:
        """Write a new batch."""
        points = of_year(batch_points(batch), YEARS[0])
        with self.stage("upsert", batch):
            self._index.upsert(MAIN, Side.FRONT, points)

    def rewrite(self, batch: int) -> None:
        """Write the batch before last again, with other fields."""
        points = of_year(batch_points(batch - 2), YEARS[1])
        with self.stage("rewrite", batch - 2):
            self._index.upsert(MAIN, Side.FRONT, points)

    def delete(self, batch: int) -> None:
        """Delete a part of older batches. Those of a process that was killed come again, as the ledger asks again."""
        for number in range(max(0, batch - 5), max(0, batch - 2)):
            ids = [point.cover_id for point in batch_points(number)[:DELETED]]
            with self.stage("delete", number):
                self._index.delete_covers(MAIN, Side.FRONT, ids)
            with self.stage("delete_book", number):
                self._index.delete_book(f"batch {number}-{DELETED}")

    def spare(self, batch: int) -> None:
        """The life of a version that is made, filled, published and dropped."""
        with self.stage("ensure", batch):
            self._index.ensure(SPARE, DIMENSION, LOCAL)
        self._index.upsert(SPARE, Side.BACK, list(batch_points(0)[:SPARE_COVERS]))
        for version in (SPARE, MAIN):
            with self.stage(f"publish {version.recipe_id}", batch):
                self._index.publish(version)
        with self.stage("drop", batch):
            self._index.drop(SPARE)

    def note_flushes(self) -> None:
        """Note each flush of the engine as a stage within the stage that asked for it."""
        flush = Collection.flush

        def noted(collection: Collection) -> None:
            with self.stage("flush", 0):
                flush(collection)

        setattr(Collection, "flush", noted)  # noqa: B010 - plain assignment is an error to the type checker

    def _note(self, what: str, name: str, batch: int) -> None:
        os.write(self._log, f"{time.monotonic()} {what} {name.replace(' ', '_')} {batch}\n".encode())


def main() -> None:
    """Go round until killed."""
    folder, log, first_batch, first_stage, flushes = sys.argv[1:]
    index = EmbeddedIndex(Path(folder))
    index.ensure(MAIN, DIMENSION, LOCAL)
    writer = Writer(index, Path(log))
    writer.note_flushes()
    if flushes == "each":
        setattr(embedded_collection, "CHECKPOINT_BYTES", 1)  # noqa: B010 - as above
    stages: list[tuple[str, Callable[[int], None]]] = [
        (stage.__name__, stage) for stage in (writer.upsert, writer.rewrite, writer.delete, writer.spare)
    ]
    begin = [name for name, _ in stages].index(first_stage)
    for number, (_, stage) in enumerate(itertools.cycle(stages)):
        if number >= begin:
            stage(int(first_batch) + number // len(stages))


if __name__ == "__main__":
    main()
