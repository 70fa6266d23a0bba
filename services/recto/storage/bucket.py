"""One bucket of an S3-compatible store: reading, writing, listing. What goes wrong becomes a sentence that says what to
look at.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError, UnauthenticatedError

from recto.errors import BadInput, BadSetting, NotFound, RectoError, Unavailable
from recto.files import missing, too_many_bytes
from recto.settings import MIB, Settings
from recto.storage.s3_client import client_of

PIECE = 1 * MIB
"""Bytes read at a time from an object that is streamed."""
PART = 8 * MIB
"""Bytes of a part of a large upload (S3 takes 5 MiB or more), and of a request where an object is read in ranges."""
PARTS_AT_ONCE = 2
_LISTED_AT_ONCE = 1000  # keys of one answer of S3
_REFUSED = re.compile(r"status code: 40[13]\b")


@dataclass(frozen=True)
class Listed:
    """An object of a listing: key under the prefix, bytes, time of its last change as UTC epoch seconds."""

    key: str
    size: int
    modified: float


class Bucket:
    """Reading, writing and listing. Safe for threads; keys are relative to the prefix.

    Every method raises `Unavailable` when the store does not answer, refuses the key or has no such bucket.
    """

    def __init__(self, settings: Settings, name: str, prefix: str = "") -> None:
        """Prepare the client; nothing is asked of the store yet.

        Raises:
            BadSetting: the settings do not go together.
        """
        self.name = name
        self._where = settings.s3_endpoint or f"AWS ({settings.s3_region})"
        self._store = client_of(settings, name, prefix)

    def check(self, prefix: str) -> None:
        """Ask the store once, as a start does, for what lies under a prefix that holds little.

        Raises:
            BadSetting: it refuses the key, or has no such bucket; the message names the variables.
            Unavailable: it does not answer.
        """
        try:
            next(iter(obstore.list(self._store, prefix)), None)
        except BaseError as error:
            raise self._trouble(error, at_start=True) from None

    def put(self, key: str, data: bytes | IO[bytes], kind: str) -> None:
        """Write an object whole, under its media type; a large one in parts, two of them in memory at a time."""
        with self._told():
            obstore.put(
                self._store,
                key,
                data,
                attributes={"Content-Type": kind},
                chunk_size=PART,
                max_concurrency=PARTS_AT_ONCE,
            )

    def get(self, key: str) -> bytes | None:
        """The bytes of an object; None where there is none."""
        with self._told():
            try:
                return bytes(obstore.get(self._store, key).bytes())
            except FileNotFoundError as error:
                self._require_bucket(error)
                return None

    def size(self, key: str) -> int | None:
        """The bytes that an object has; None where there is none."""
        with self._told():
            try:
                return int(obstore.head(self._store, key)["size"])
            except FileNotFoundError:
                return None

    def pieces(self, key: str, max_bytes: int | None = None) -> Iterator[bytes]:
        """The bytes of an object, a piece at a time; the size is checked before anything is read.

        Raises:
            Refused: "missing" or "too_many_bytes".
        """
        with self._told():
            try:
                found = obstore.get(self._store, key)
            except FileNotFoundError as error:
                self._require_bucket(error)
                raise missing(key) from None
            size = int(found.meta["size"])
            if max_bytes is not None and size > max_bytes:
                raise too_many_bytes(max_bytes, size)
            for piece in found.stream(min_chunk_size=PIECE):
                yield bytes(piece)

    def open(self, key: str) -> io.BufferedReader:
        """An object to read like a file, `PART` bytes a request, however slowly; it must not change meanwhile.

        Raises:
            NotFound: there is none.
        """
        with self._told():
            try:
                meta = obstore.head(self._store, key)
            except FileNotFoundError:
                raise NotFound(f"s3://{self.name}/{key} does not exist.") from None
        return io.BufferedReader(_Ranges(self, key, int(meta["size"]), meta["e_tag"] or ""), PART)

    def read_range(self, key: str, start: int, end: int, tag: str) -> bytes:
        """Bytes `start` to `end` (exclusive) of an object that still has this entity tag.

        Raises:
            BadInput: it was changed or deleted meanwhile.
        """
        with self._told():
            try:
                found = obstore.get(
                    self._store, key, options={"range": (start, end), "if_match": tag or None}
                )
                return bytes(found.bytes())
            except (FileNotFoundError, PreconditionError):
                raise BadInput(
                    f"s3://{self.name}/{key} was changed while it was read; leave it as it is and start again."
                ) from None

    def fingerprint(self, key: str) -> str:
        """What changes when an object does; empty where there is none."""
        with self._told():
            try:
                meta = obstore.head(self._store, key)
            except FileNotFoundError:
                return ""
        return f"{meta['e_tag']}-{meta['size']}"

    def list(self, prefix: str = "", after: str = "") -> Iterator[Listed]:
        """Objects under a prefix in the order of their keys, a thousand a request, those after key `after`."""
        with self._told():
            for page in obstore.list(
                self._store, prefix or None, offset=after or None, chunk_size=_LISTED_AT_ONCE
            ):
                for meta in page:
                    yield Listed(meta["path"], int(meta["size"]), meta["last_modified"].timestamp())

    def delete(self, *keys: str) -> None:
        """Remove objects, a thousand a request; nothing happens where there is none."""
        if keys:
            with self._told():
                obstore.delete(self._store, list(keys))

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            raise self._trouble(error) from None

    def _require_bucket(self, error: FileNotFoundError) -> None:
        """S3 says 404 for a missing bucket too."""
        if "NoSuchBucket" in str(error):
            raise self._trouble(error)

    def _trouble(self, error: Exception, *, at_start: bool = False) -> RectoError:
        """What is wrong with the store. While it is in use, every trouble may pass: a key is renewed, say."""
        said = str(error)
        wrong = BadSetting if at_start else Unavailable
        if "NoSuchBucket" in said or isinstance(error, FileNotFoundError):
            return wrong(
                f"The bucket {self.name} does not exist at {self._where}; make it, or correct RECTO_IMAGES_URL "
                "and RECTO_S3_ENDPOINT."
            )
        # What refuses a listing comes as an error of no kind.
        if isinstance(error, PermissionDeniedError | UnauthenticatedError) or _REFUSED.search(said):
            return wrong(
                f"The S3 store at {self._where} refuses access to the bucket {self.name}; check "
                "RECTO_S3_ACCESS_KEY, RECTO_S3_SECRET_KEY and the rights of that key."
            )
        if "/latest/api/token" in said or "credentials" in said:
            return wrong(
                "There is no key for the S3 store: set RECTO_S3_ACCESS_KEY and RECTO_S3_SECRET_KEY, or give this "
                "machine a role."
            )
        if "region" in said and "redirect" in said.lower():
            return wrong(f"The bucket {self.name} lies in another region than RECTO_S3_REGION says.")
        return Unavailable(
            f"The S3 store at {self._where} does not answer ({_short(said)}); check RECTO_S3_ENDPOINT, or wait "
            "until it is back."
        )


class _Ranges(io.RawIOBase):
    """An object as an unbuffered file, read in ranges."""

    def __init__(self, bucket: Bucket, key: str, size: int, tag: str) -> None:
        super().__init__()
        self._bucket, self._key, self._size, self._tag = bucket, key, size, tag
        self._position = 0

    def readable(self) -> bool:
        """Reading is all it does."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # wider than any caller's
        """Fill the buffer as far as the object goes."""
        end = min(self._position + len(buffer), self._size)
        if end == self._position:
            return 0
        data = self._bucket.read_range(self._key, self._position, end, self._tag)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _short(said: str) -> str:
    """The end of the first line of an error: what happened, without the request and the debugging that follow."""
    return said.partition("\n")[0].rpartition(" - ")[2][:200]
