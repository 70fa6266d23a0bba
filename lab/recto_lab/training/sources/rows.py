"""A file of pictures that grows, beside a journal of what each item came to: after a kill both go on together.

Pictures reach the disk before the journal names them, and what the journal does not name is cut off again. The file is
written, never mapped while it grows: on a full disk writing raises an error, where a mapping kills the process.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from recto_lab.training.sources.decoding import Outcome

Named = tuple[str, str]
"""What an item came to: SHA-256 of its file, and why it has no row; an empty reason where it has one."""


class Rows:
    """Pictures of one size in `path`, uint8 (N, height, width, 3), and `outcomes` of all items so far.

    Use it as a context manager; it raises `OSError`.
    """

    def __init__(self, path: Path, journal: Path, size: tuple[int, int]) -> None:
        self._bytes = size[0] * size[1] * 3
        self._data, self._journal = _open(path), _open(journal)
        self.outcomes: list[Named] = []
        self.count = 0
        self._recover(journal)

    def __enter__(self) -> Rows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._data)
        os.close(self._journal)

    def append(self, outcomes: Sequence[Outcome]) -> None:
        """Keep what some items came to, durably: all of them or none."""
        rows = [outcome.pixels for outcome in outcomes if outcome.pixels is not None]
        named = [(outcome.sha256, outcome.reason) for outcome in outcomes]
        line = json.dumps(named).encode() + b"\n"
        end = os.fstat(self._journal).st_size
        try:
            for row in rows:
                _write(self._data, np.ascontiguousarray(row).tobytes())
            os.fsync(self._data)
            _write(self._journal, line)
            os.fsync(self._journal)
        except BaseException:
            with contextlib.suppress(OSError):
                self._cut(self.count, end)
            raise
        self.outcomes += named
        self.count += len(rows)

    def _recover(self, journal: Path) -> None:
        """Take up what is whole in both files and cut off the rest."""
        held, end = os.fstat(self._data).st_size // self._bytes, 0
        for named, line_end in _lines(journal):
            rows = sum(not reason for _, reason in named)
            if self.count + rows > held:
                break
            self.outcomes += named
            self.count, end = self.count + rows, line_end
        self._cut(self.count, end)

    def _cut(self, rows: int, journal: int) -> None:
        os.ftruncate(self._data, rows * self._bytes)
        os.ftruncate(self._journal, journal)
        for file in (self._data, self._journal):
            os.lseek(file, 0, os.SEEK_END)


def read_outcomes(journal: Path) -> list[Named]:
    """What the items came to by a journal that was written to its end."""
    return [one for named, _ in _lines(journal) for one in named]


def move_out(path: Path, rows: Sequence[int], target: Path, size: tuple[int, int]) -> None:
    """Copy some rows, in their order, into a file of their own that appears whole or not at all."""
    temporary = target.with_suffix(".tmp")
    try:
        with path.open("rb") as source, temporary.open("wb") as file:
            for row in rows:
                file.write(_read(source.fileno(), row, size))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def close_gaps(path: Path, order: Sequence[int], size: tuple[int, int]) -> None:
    """Leave of a file the rows `order`, in that order, where every row stays or takes the place of one that goes.

    Sources lie behind what is left, so nothing that is still needed is written over: done twice, or begun, killed and
    done again, it gives the same. It needs no more disk.
    """
    length = size[0] * size[1] * 3
    with path.open("r+b") as file:
        if os.fstat(file.fileno()).st_size > len(order) * length:
            for place, row in enumerate(order):
                if place != row:
                    file.seek(place * length)
                    file.write(_read(file.fileno(), row, size))
            file.flush()
            os.fsync(file.fileno())
            file.truncate(len(order) * length)
            os.fsync(file.fileno())


def _lines(journal: Path) -> Iterator[tuple[list[Named], int]]:
    """The whole lines of a journal, each with the place in bytes at which it ends."""
    end = 0
    with journal.open("rb") as file:
        for line in file:
            end += len(line)
            try:
                named = [(str(sha256), str(reason)) for sha256, reason in json.loads(line)]
            except ValueError:
                return
            if not line.endswith(b"\n"):
                return
            yield named, end


def _read(file: int, row: int, size: tuple[int, int]) -> bytes:
    length = size[0] * size[1] * 3
    data = os.pread(file, length, row * length)
    assert len(data) == length, "the file holds every row that its journal names"
    return data


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _write(file: int, data: bytes) -> None:
    """All of the data: the system may take a part at a time."""
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
