"""Addresses of objects (`s3://bucket/key`) and the way to their buckets. Where the store is, only the settings say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from recto.errors import BadInput, BadSetting
from recto.settings import Settings

if TYPE_CHECKING:
    from recto.storage.bucket import Bucket

SCHEME = "s3://"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""Names of buckets by S3's own rules; nothing of a host, a port or a path fits in."""
_NO_KEY = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True)
class S3Place:
    """An object, or everything under a prefix."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"

    @property
    def name(self) -> str:
        """The last part of the key, as of a file."""
        return self.key.rstrip("/").rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """What the name ends with, from its last dot on, as of a file."""
        return Path(self.name).suffix

    @property
    def parent(self) -> S3Place:
        """The place in which this one lies."""
        return S3Place(self.bucket, self.key.rstrip("/").rpartition("/")[0])

    def joined(self, name: str) -> S3Place:
        """A place under this one.

        Raises:
            BadInput: the name leads elsewhere.
        """
        return _checked(self.bucket, f"{self.key.rstrip('/')}/{name}".lstrip("/"))

    def lies_in(self, other: S3Place) -> bool:
        """True for the other place itself and for everything under it, by whole parts of the key."""
        above = other.key.rstrip("/")
        return self.bucket == other.bucket and (
            not above or self.key.rstrip("/") == above or self.key.startswith(f"{above}/")
        )


Place = Path | S3Place
"""Where an image of a row lies."""


def is_s3(text: str) -> bool:
    """True for an address of an object or a prefix."""
    return text.startswith(SCHEME)


def parse_s3(text: str) -> S3Place:
    """The place that an address names.

    Raises:
        BadInput: it is not of the form `s3://bucket/key`.
    """
    bucket, _, key = text.removeprefix(SCHEME).partition("/")
    if not is_s3(text) or not _BUCKET.fullmatch(bucket):
        raise BadInput(f"{text[:200]!r} is no address of the form s3://bucket/key.")
    return _checked(bucket, key)


@lru_cache(maxsize=16)  # its connections are kept open from one image to the next
def open_bucket(settings: Settings, name: str, prefix: str = "") -> Bucket:
    """A bucket of the store that the settings name; all keys are under `prefix`. Nothing is asked of it yet.

    Raises:
        BadSetting: the settings of the store cannot be used.
    """
    try:
        from recto.storage.bucket import Bucket
    except ModuleNotFoundError as error:
        raise BadSetting(
            f"s3:// places need a package that is not installed ({error.name}): run `pip install obstore`."
        ) from None
    return Bucket(settings, name, prefix)


def _checked(bucket: str, key: str) -> S3Place:
    parts = key.removesuffix("/").split("/")
    if _NO_KEY.search(key) or ".." in parts or "." in parts or (key and "" in parts):
        raise BadInput(
            f"{SCHEME}{bucket}/{key[:200]} has a key that is not read: it has empty, `.` or `..` parts."
        )
    return S3Place(bucket, key)
