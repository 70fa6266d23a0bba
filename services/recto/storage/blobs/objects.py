"""The store in a bucket of an S3-compatible service, under the same names as in a folder.

An object appears whole when its upload is complete and is then durable, so nothing is renamed. What two processes do
to one key at once ends with what one of them did; keys of originals and models are hashes of their contents, so for
those it makes no difference which.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile

from recto.errors import Unavailable
from recto.files import open_plain, pieces_of
from recto.image_types import HEAD_BYTES, MEDIA_TYPES, accepted_format
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
from recto.storage.bucket import PART, Bucket

JPEG, BYTES = "image/jpeg", "application/octet-stream"
_DELETED_AT_ONCE = 1000  # keys of one request of S3


class ObjectBlobs:
    """Objects of a bucket; every method does what `Blobs` says. Machines may share it."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def check(self) -> None:
        """Ask the store once."""
        self._bucket.check("models")

    def put(self, data: bytes) -> str:
        """Keep an original and return its sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        if self._wants(sha256, len(data)):
            self._bucket.put(_original(sha256), data, _kind_of(data))
        return sha256

    def put_file(self, path: Path, max_bytes: int | None = None) -> str:
        """Keep a copy of a file and return its sha256."""
        with open_plain(path, max_bytes) as source:
            return self.put_pieces(pieces_of(source, path.name, max_bytes))

    def put_pieces(self, pieces: Iterable[bytes]) -> str:
        """Keep an original that comes in pieces and return its sha256.

        Its key is known only at its end, so a large one waits in a temporary file.
        """
        digest = hashlib.sha256()
        with SpooledTemporaryFile(max_size=PART) as file:
            try:
                for piece in pieces:
                    digest.update(piece)
                    file.write(piece)
            except OSError as error:
                raise Unavailable(
                    f"No temporary file can be written ({error.strerror}); free some disk."
                ) from error
            sha256, size = digest.hexdigest(), file.tell()
            file.seek(0)
            kind = _kind_of(file.read(HEAD_BYTES))
            file.seek(0)
            if self._wants(sha256, size):
                self._bucket.put(_original(sha256), file if size > PART else file.read(), kind)
        return sha256

    def _wants(self, sha256: str, size: int) -> bool:
        """Take back the mark of an original that is put again; True when it is not there in full."""
        self.keep(sha256)
        return self._bucket.size(_original(sha256)) != size

    def source(self, sha256: str) -> bytes:
        """The bytes of an original."""
        return self.get(sha256)

    def get(self, sha256: str) -> bytes:
        """The bytes of an original."""
        data = self._bucket.get(_original(sha256))
        if data is None:
            raise no_original(sha256)
        return data

    def exists(self, sha256: str) -> bool:
        """True when the original is kept."""
        return self._bucket.size(_original(sha256)) is not None

    def discard(self, sha256: str) -> None:
        """Mark an original that nothing names any more."""
        self._bucket.put(_mark(sha256), b"", BYTES)

    def discarded(self, older_than_seconds: float) -> list[str]:
        """Originals that were discarded so long ago, by the clock of the store."""
        return [name for name in self._older("discarded", older_than_seconds) if is_sha256(name)]

    def keep(self, sha256: str) -> None:
        """Take the mark of `discard` back."""
        self._bucket.delete(_mark(sha256))

    def delete(self, sha256: str) -> None:
        """Remove the original and its thumbnail; the mark last, so that an interrupted call is made again."""
        self._bucket.delete(_original(sha256), _thumbnail(sha256))
        self.keep(sha256)

    def put_thumbnail(self, sha256: str, jpeg: bytes) -> None:
        """Keep the thumbnail of an original."""
        self._bucket.put(_thumbnail(sha256), jpeg, JPEG)

    def read_thumbnail(self, sha256: str) -> bytes | None:
        """The thumbnail of an original."""
        return self._bucket.get(_thumbnail(sha256))

    def put_incoming(self, data: bytes) -> str:
        """Keep the upload of a search and return its name."""
        name = uuid.uuid4().hex
        self._bucket.put(_upload(name), data, _kind_of(data))
        return name

    def incoming(self, name: str) -> bytes:
        """The bytes of an upload."""
        data = self._bucket.get(_upload(name))
        if data is None:
            raise no_upload()
        return data

    def delete_incoming(self, name: str) -> None:
        """Remove an upload."""
        self._bucket.delete(_upload(name))

    def prune_incoming(self, older_than_seconds: float) -> int:
        """Remove old uploads; unfinished ones of processes that died are the store's to clear (see docs/stores.md)."""
        names = [name for name in self._older("incoming", older_than_seconds) if is_incoming(name)]
        for start in range(0, len(names), _DELETED_AT_ONCE):
            self._bucket.delete(*(_upload(name) for name in names[start : start + _DELETED_AT_ONCE]))
        return len(names)

    def put_staged(self, data: bytes) -> str:
        """Keep the vectors of a batch and return the name of the file."""
        name = f"{uuid.uuid4().hex}.npz"
        self._bucket.put(_staged(name), data, BYTES)
        return name

    def get_staged(self, name: str) -> bytes | None:
        """The bytes of a staged file."""
        return self._bucket.get(_staged(name))

    def delete_staged(self, name: str) -> None:
        """Remove a staged file."""
        self._bucket.delete(_staged(name))

    def staged_names(self, older_than_seconds: float) -> list[str]:
        """Staged files that have been there for so long."""
        return [name for name in self._older("staged", older_than_seconds) if is_staged(name)]

    def put_model(self, data: bytes) -> str:
        """Keep a learned file and return its sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        key = _model(sha256)
        if self._bucket.size(key) != len(data) or self._bucket.get(key) != data:
            self._bucket.put(key, data, BYTES)
        return sha256

    def get_model(self, sha256: str) -> bytes:
        """The bytes of a learned file."""
        data = self._bucket.get(_model(sha256))
        if data is None:
            raise no_model(sha256)
        return data

    def find_model(self, digits: str) -> str | None:
        """The sha256 of the learned file that begins with `digits`; there are a handful of files in all."""
        names = [name for name, _ in self._models() if name.startswith(checked_digits(digits))]
        return names[0] if len(names) == 1 else None

    def list_models(self, max_bytes: int) -> list[str]:
        """The sha256s of the learned files that have at most so many bytes."""
        return [name for name, size in self._models() if size <= max_bytes]

    def _models(self) -> Iterator[tuple[str, int]]:
        """The sha256 and the bytes of every learned file."""
        for listed in self._bucket.list("models"):
            name = listed.key.rpartition("/")[2]
            if is_sha256(name):
                yield name, listed.size

    def _older(self, area: str, seconds: float) -> Iterator[str]:
        """Names in an area that were last written so long ago, in their order."""
        before = time.time() - seconds
        for listed in self._bucket.list(area):
            if listed.modified < before:
                yield listed.key.rpartition("/")[2]


def _kind_of(data: bytes) -> str:
    """Media type for whoever looks into the bucket; the web server tells types by itself."""
    return MEDIA_TYPES.get(accepted_format(data[:HEAD_BYTES]), BYTES)


def _original(sha256: str) -> str:
    return f"blobs/{checked_sha256(sha256)[:2]}/{sha256}"


def _thumbnail(sha256: str) -> str:
    return f"thumbnails/{checked_sha256(sha256)[:2]}/{sha256}.jpg"


def _mark(sha256: str) -> str:
    return f"discarded/{checked_sha256(sha256)}"


def _upload(name: str) -> str:
    return f"incoming/{checked_incoming(name)}"


def _staged(name: str) -> str:
    return f"staged/{checked_staged(name)}"


def _model(sha256: str) -> str:
    return f"models/{checked_sha256(sha256)}"
