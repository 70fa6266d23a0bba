"""Files that appear whole or not at all and are on disk when a call returns."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from recto.errors import Unavailable

TEMPORARY = ".tmp-"
"""What names of files begin with that are not written to their end yet."""


def read(path: Path) -> bytes | None:
    """The bytes of a file; None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def is_there(target: Path, size: int) -> bool:
    """True when the file is there, durably and in full length; one cut by a power failure is written anew."""
    try:
        whole = target.stat().st_size == size
    except FileNotFoundError:
        return False
    if whole:  # another process may have renamed it a moment ago
        sync_folder(target.parent)
    return whole


def write(area: Path, target: Path, data: bytes) -> None:
    """Write a file of an area whole, in place of an earlier one."""
    with temporary_file(area) as (temporary, file):
        file.write(data)
        publish(temporary, file, target)


@contextlib.contextmanager
def temporary_file(area: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """A new file beside the shards, gone at the end unless it was published."""
    temporary = area / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        make_folder(area)
        with temporary.open("xb") as file:
            yield temporary, file
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def publish(temporary: Path, file: IO[bytes], target: Path) -> None:
    """Give the written file its name, durably: contents first, then the entry in its folder."""
    file.flush()
    os.fsync(file.fileno())
    make_folder(target.parent)
    temporary.replace(target)
    sync_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, durably."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Bring the entries of a folder onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def older(area: Path, pattern: str, before: float) -> Iterator[Path]:
    """Files of an area that were last written before a time (UTC epoch seconds)."""
    for path in area.glob(pattern):
        with contextlib.suppress(FileNotFoundError):  # another process prunes too
            if path.stat().st_mtime < before:
                yield path


@contextlib.contextmanager
def disk_errors_of(area: Path) -> Iterator[None]:
    """Turn what the file system says into a sentence: it is full, or the area cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            message = f"No space is left for images in {area}; free some, then try again."
        else:
            message = (
                f"Images cannot be written to {area} ({error.strerror}); check the folder and its rights."
            )
        raise Unavailable(message) from error
