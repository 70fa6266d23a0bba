"""Originals and thumbnails by the original's sha256, and uploads of searches: files in the data folder.

Every file appears whole or not at all: it is written under a temporary name in the same area, synced, and
renamed. Names are checked, so that no request can lead out of the folder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from recto.errors import BadInput, NotFound, Unavailable
from recto.files import open_plain, too_many_bytes, unreadable

_SHA256 = re.compile(r"[0-9a-f]{64}")
_INCOMING = re.compile(r"[0-9a-f]{32}")
_TEMPORARY = ".tmp-"
_CHUNK = 1024 * 1024
_TEMPORARY_KEPT_SECONDS = 3600.0
"""Age from which a temporary file is left over from a process that died: no single write takes that long."""


class BlobStore:
    """Files under `root` (the data folder). Several processes may use the same folder at once.

    Every method that takes a name raises `BadInput` when it is not one that this class gives out, and every
    writing one `Unavailable` when the file system does not take the file (full, read-only, no permission).
    """

    def __init__(self, root: Path) -> None:
        self._blobs = root / "blobs"
        self._thumbnails = root / "thumbnails"
        self._incoming = root / "incoming"
        self._discarded = root / "discarded"

    def put(self, data: bytes) -> str:
        """Keep an original and return its sha256; what is there already is left as it is."""
        sha256 = hashlib.sha256(data).hexdigest()
        target = self.path(sha256)
        with _disk_errors_of(self._blobs):
            self.keep(sha256)
            if not _is_there(target, len(data)):
                _write(self._blobs, target, data)
        return sha256

    def put_file(self, path: Path, max_bytes: int | None = None) -> str:
        """Keep a copy of a file, piece by piece, and return its sha256.

        Raises:
            Refused: the file does not exist, cannot be read, or has more than `max_bytes`.
        """
        digest = hashlib.sha256()
        with (
            open_plain(path, max_bytes) as source,
            _disk_errors_of(self._blobs),
            _temporary(self._blobs) as (temporary, copy),
        ):
            for chunk in _pieces(source, path.name, max_bytes):
                digest.update(chunk)
                copy.write(chunk)
            target = self.path(digest.hexdigest())
            self.keep(target.name)
            if not _is_there(target, copy.tell()):
                _publish(temporary, copy, target)
        return target.name

    def path(self, sha256: str) -> Path:
        """Where the original lies, whether it exists or not."""
        return _sharded(self._blobs, sha256)

    def get(self, sha256: str) -> bytes:
        """The bytes of an original.

        Raises:
            NotFound: there is none.
        """
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"The original image {sha256[:12]} is not in the store.") from None

    def exists(self, sha256: str) -> bool:
        """True when the original is kept."""
        return self.path(sha256).is_file()

    def discard(self, sha256: str) -> None:
        """Mark an original that nothing names any more; it is deleted later, unless it is put or kept meanwhile.

        Somebody who puts the same picture at this moment finds it there and names it a little later.
        """
        with _disk_errors_of(self._discarded):
            self._discarded.mkdir(parents=True, exist_ok=True)
            self._mark(sha256).touch()

    def discarded(self, older_than_seconds: float) -> list[str]:
        """Originals that were discarded so long ago."""
        marks = _older(self._discarded, "*", time.time() - older_than_seconds)
        return sorted(mark.name for mark in marks if _SHA256.fullmatch(mark.name))

    def keep(self, sha256: str) -> None:
        """Take the mark of `discard` back."""
        self._mark(sha256).unlink(missing_ok=True)

    def _mark(self, sha256: str) -> Path:
        return self._discarded / self.path(sha256).name

    def delete(self, sha256: str) -> None:
        """Remove the original and its thumbnail; nothing happens where there is none."""
        self.path(sha256).unlink(missing_ok=True)
        self.thumbnail_path(sha256).unlink(missing_ok=True)
        self.keep(sha256)

    def put_thumbnail(self, sha256: str, jpeg: bytes) -> None:
        """Keep the thumbnail of an original, in place of an earlier one."""
        with _disk_errors_of(self._thumbnails):
            _write(self._thumbnails, self.thumbnail_path(sha256), jpeg)

    def thumbnail_path(self, sha256: str) -> Path:
        """Where the thumbnail lies, whether it exists or not."""
        return _sharded(self._thumbnails, sha256).with_suffix(".jpg")

    def put_incoming(self, data: bytes) -> str:
        """Keep the upload of a search for a short time and return its name."""
        name = uuid.uuid4().hex
        with _disk_errors_of(self._incoming):
            _write(self._incoming, self._incoming / name, data)
        return name

    def incoming_path(self, name: str) -> Path:
        """Where an upload lies, whether it still exists or not."""
        if not _INCOMING.fullmatch(name):
            raise BadInput("This is not the name of an upload.")
        return self._incoming / name

    def delete_incoming(self, name: str) -> None:
        """Remove an upload; nothing happens where there is none."""
        self.incoming_path(name).unlink(missing_ok=True)

    def prune_incoming(self, older_than_seconds: float) -> int:
        """Remove old uploads, and what processes that died left half written; returns the number of files."""
        now = time.time()
        uploads = _older(self._incoming, "*", now - older_than_seconds)
        temporary = [
            path
            for area in (self._blobs, self._thumbnails, self._incoming)
            for path in _older(area, f"{_TEMPORARY}*", now - _TEMPORARY_KEPT_SECONDS)
        ]
        pruned = {path for path in uploads if _INCOMING.fullmatch(path.name)} | set(temporary)
        for path in pruned:
            path.unlink(missing_ok=True)
        return len(pruned)


def _sharded(area: Path, sha256: str) -> Path:
    if not _SHA256.fullmatch(sha256):
        raise BadInput("This is not the sha256 of an image.")
    return area / sha256[:2] / sha256


def _is_there(target: Path, size: int) -> bool:
    """True when the file is there, durably and in full length; one cut by a power failure is written anew."""
    try:
        whole = target.stat().st_size == size
    except FileNotFoundError:
        return False
    if whole:  # another process may have renamed it a moment ago
        _sync_folder(target.parent)
    return whole


def _pieces(source: IO[bytes], name: str, max_bytes: int | None) -> Iterator[bytes]:
    size = 0
    while True:
        try:
            chunk = source.read(_CHUNK)
        except OSError as error:
            raise unreadable(name, error.strerror or "unknown reason") from error
        if not chunk:
            return
        size += len(chunk)
        if max_bytes is not None and size > max_bytes:  # it grows while it is read
            raise too_many_bytes(max_bytes, size)
        yield chunk


def _write(area: Path, target: Path, data: bytes) -> None:
    with _temporary(area) as (temporary, file):
        file.write(data)
        _publish(temporary, file, target)


@contextlib.contextmanager
def _temporary(area: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """A new file beside the shards, gone at the end unless it was published."""
    temporary = area / f"{_TEMPORARY}{uuid.uuid4().hex}"
    try:
        _make_folder(area)
        with temporary.open("xb") as file:
            yield temporary, file
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _publish(temporary: Path, file: IO[bytes], target: Path) -> None:
    """Give the written file its name, durably: contents first, then the entry in its folder."""
    file.flush()
    os.fsync(file.fileno())
    _make_folder(target.parent)
    temporary.replace(target)
    _sync_folder(target.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder, durably."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _older(area: Path, pattern: str, before: float) -> Iterator[Path]:
    for path in area.glob(pattern):
        with contextlib.suppress(FileNotFoundError):  # another process prunes too
            if path.stat().st_mtime < before:
                yield path


@contextlib.contextmanager
def _disk_errors_of(area: Path) -> Iterator[None]:
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
