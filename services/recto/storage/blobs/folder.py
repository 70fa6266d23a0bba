"""The store in a folder: what `Blobs` keeps as files of the data folder, or of a volume that machines share.

Every file appears whole or not at all: it is written under a temporary name in the same area, synced, and
renamed. Names are checked, so that no request can lead out of the folder.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

from recto.files import open_plain, pieces_of
from recto.storage.blobs.base import (
    checked_digits,
    checked_incoming,
    checked_sha256,
    checked_staged,
    is_incoming,
    is_sha256,
    is_staged,
    no_model,
    no_original,
    no_upload,
)
from recto.storage.blobs.disk import (
    TEMPORARY,
    disk_errors_of,
    is_there,
    make_folder,
    older,
    publish,
    read,
    temporary_file,
    write,
)

_TEMPORARY_KEPT_SECONDS = 3600.0
"""Age from which a temporary file is left over from a process that died: no single write takes that long."""


class FolderBlobs:
    """Files under `root`; every method does what `Blobs` says. Several processes may use the same folder at once."""

    def __init__(self, root: Path) -> None:
        self._blobs = root / "blobs"
        self._thumbnails = root / "thumbnails"
        self._incoming = root / "incoming"
        self._discarded = root / "discarded"
        self._staged = root / "staged"
        self._models = root / "models"

    def check(self) -> None:
        """See that the folder can be written."""
        with disk_errors_of(self._blobs):
            make_folder(self._blobs)
            if not os.access(self._blobs, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def put(self, data: bytes) -> str:
        """Keep an original and return its sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        target = self.path(sha256)
        with disk_errors_of(self._blobs):
            self.keep(sha256)
            if not is_there(target, len(data)):
                write(self._blobs, target, data)
        return sha256

    def put_file(self, path: Path, max_bytes: int | None = None) -> str:
        """Keep a copy of a file and return its sha256."""
        with open_plain(path, max_bytes) as source:
            return self.put_pieces(pieces_of(source, path.name, max_bytes))

    def put_pieces(self, pieces: Iterable[bytes]) -> str:
        """Keep an original that comes in pieces and return its sha256."""
        digest = hashlib.sha256()
        with disk_errors_of(self._blobs), temporary_file(self._blobs) as (temporary, copy):
            for piece in pieces:
                digest.update(piece)
                copy.write(piece)
            target = self.path(digest.hexdigest())
            self.keep(target.name)
            if not is_there(target, copy.tell()):
                publish(temporary, copy, target)
        return target.name

    def path(self, sha256: str) -> Path:
        """Where the original lies, whether it exists or not."""
        return _sharded(self._blobs, sha256)

    def source(self, sha256: str) -> Path:
        """The file of an original."""
        path = self.path(sha256)
        if not path.is_file():
            raise no_original(sha256)
        return path

    def get(self, sha256: str) -> bytes:
        """The bytes of an original."""
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise no_original(sha256) from None

    def exists(self, sha256: str) -> bool:
        """True when the original is kept."""
        return self.path(sha256).is_file()

    def discard(self, sha256: str) -> None:
        """Mark an original that nothing names any more."""
        with disk_errors_of(self._discarded):
            self._discarded.mkdir(parents=True, exist_ok=True)
            self._mark(sha256).touch()

    def discarded(self, older_than_seconds: float) -> list[str]:
        """Originals that were discarded so long ago."""
        marks = older(self._discarded, "*", time.time() - older_than_seconds)
        return sorted(mark.name for mark in marks if is_sha256(mark.name))

    def keep(self, sha256: str) -> None:
        """Take the mark of `discard` back."""
        self._mark(sha256).unlink(missing_ok=True)

    def _mark(self, sha256: str) -> Path:
        return self._discarded / self.path(sha256).name

    def delete(self, sha256: str) -> None:
        """Remove the original and its thumbnail."""
        self.path(sha256).unlink(missing_ok=True)
        self.thumbnail_path(sha256).unlink(missing_ok=True)
        self.keep(sha256)

    def put_thumbnail(self, sha256: str, jpeg: bytes) -> None:
        """Keep the thumbnail of an original."""
        with disk_errors_of(self._thumbnails):
            write(self._thumbnails, self.thumbnail_path(sha256), jpeg)

    def thumbnail_path(self, sha256: str) -> Path:
        """Where the thumbnail lies, whether it exists or not."""
        return _sharded(self._thumbnails, sha256).with_suffix(".jpg")

    def read_thumbnail(self, sha256: str) -> bytes | None:
        """The thumbnail of an original."""
        return read(self.thumbnail_path(sha256))

    def put_incoming(self, data: bytes) -> str:
        """Keep the upload of a search and return its name."""
        name = uuid.uuid4().hex
        with disk_errors_of(self._incoming):
            write(self._incoming, self._incoming / name, data)
        return name

    def incoming(self, name: str) -> Path:
        """The file of an upload."""
        path = self.incoming_path(name)
        if not path.is_file():
            raise no_upload()
        return path

    def incoming_path(self, name: str) -> Path:
        """Where an upload lies, whether it still exists or not."""
        return self._incoming / checked_incoming(name)

    def delete_incoming(self, name: str) -> None:
        """Remove an upload."""
        self.incoming_path(name).unlink(missing_ok=True)

    def prune_incoming(self, older_than_seconds: float) -> int:
        """Remove old uploads, and what processes that died left half written; returns the number of files."""
        now = time.time()
        uploads = older(self._incoming, "*", now - older_than_seconds)
        temporary = [
            path
            for area in (self._blobs, self._thumbnails, self._incoming, self._staged, self._models)
            for path in older(area, f"{TEMPORARY}*", now - _TEMPORARY_KEPT_SECONDS)
        ]
        pruned = {path for path in uploads if is_incoming(path.name)} | set(temporary)
        for path in pruned:
            path.unlink(missing_ok=True)
        return len(pruned)

    def put_staged(self, data: bytes) -> str:
        """Keep the vectors of a batch and return the name of the file."""
        name = f"{uuid.uuid4().hex}.npz"
        with disk_errors_of(self._staged):
            write(self._staged, self._staged / name, data)
        return name

    def get_staged(self, name: str) -> bytes | None:
        """The bytes of a staged file."""
        return read(self._staged / checked_staged(name))

    def delete_staged(self, name: str) -> None:
        """Remove a staged file."""
        (self._staged / checked_staged(name)).unlink(missing_ok=True)

    def staged_names(self, older_than_seconds: float) -> list[str]:
        """Staged files that have been there for so long."""
        files = older(self._staged, "*", time.time() - older_than_seconds)
        return sorted(file.name for file in files if is_staged(file.name))

    def put_model(self, data: bytes) -> str:
        """Keep a learned file and return its sha256."""
        target = self._models / hashlib.sha256(data).hexdigest()
        with disk_errors_of(self._models):
            if not is_there(target, len(data)) or read(target) != data:
                write(self._models, target, data)
        return target.name

    def get_model(self, sha256: str) -> bytes:
        """The bytes of a learned file."""
        data = read(self._models / checked_sha256(sha256))
        if data is None:
            raise no_model(sha256)
        return data

    def find_model(self, digits: str) -> str | None:
        """The sha256 of the learned file that begins with `digits`."""
        found = [
            path.name for path in self._models.glob(f"{checked_digits(digits)}*") if is_sha256(path.name)
        ]
        return found[0] if len(found) == 1 else None

    def list_models(self, max_bytes: int) -> list[str]:
        """The sha256s of the learned files that have at most so many bytes."""
        files = [path for path in self._models.glob("*") if is_sha256(path.name)]
        return sorted(path.name for path in files if path.stat().st_size <= max_bytes)


def _sharded(area: Path, sha256: str) -> Path:
    return area / checked_sha256(sha256)[:2] / sha256
