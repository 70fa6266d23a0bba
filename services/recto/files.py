"""Opening an image file that somebody named: plain files only, the size checked before anything is read."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from recto.errors import Refused

_MB = 1024 * 1024
_PIECE = _MB


@contextlib.contextmanager
def open_plain(path: Path, max_bytes: int | None) -> Iterator[IO[bytes]]:
    """A plain file of at most `max_bytes`, opened for reading.

    Raises:
        Refused: "missing", "unreadable" or "too_many_bytes".
    """
    try:
        # O_NONBLOCK: opening a named pipe must not wait for somebody to write to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise missing(path.name) from None
    except OSError as error:
        raise unreadable(path.name, error.strerror or "unknown reason") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise unreadable(path.name, "it is not a plain file")
    with os.fdopen(descriptor, "rb") as file:
        if max_bytes is not None and status.st_size > max_bytes:
            raise too_many_bytes(max_bytes, status.st_size)
        yield file


def pieces_of(source: IO[bytes], name: str, max_bytes: int | None) -> Iterator[bytes]:
    """What is left of an open file, piece by piece.

    Raises:
        Refused: it cannot be read, or it grew past `max_bytes` meanwhile.
    """
    size = 0
    while True:
        try:
            piece = source.read(_PIECE)
        except OSError as error:
            raise unreadable(name, error.strerror or "unknown reason") from error
        if not piece:
            return
        size += len(piece)
        if max_bytes is not None and size > max_bytes:
            raise too_many_bytes(max_bytes, size)
        yield piece


def missing(name: str) -> Refused:
    """No file stands under the given path."""
    return Refused("missing", f"The file {name} does not exist; check its name and folder.")


def unreadable(name: str, why: str) -> Refused:
    """The file exists but the operating system does not hand it out, or it is no plain file."""
    return Refused(
        "unreadable", f"The file {name} cannot be read ({why}); check what it is and who may read it."
    )


def too_many_bytes(limit: int, size: int) -> Refused:
    """The file is larger than the limit, both in bytes."""
    return Refused(
        "too_many_bytes",
        f"The file has {size / _MB:,.1f} MB, and at most {limit / _MB:,.1f} MB are accepted; "
        f"save it smaller.",
    )
