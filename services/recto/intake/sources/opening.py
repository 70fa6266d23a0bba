"""Opening a source: may it be read, what is it, which rows does it have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from recto.errors import BadInput, NotFound
from recto.intake.manifest import SUFFIXES, BadRow, LocalDocument, Locator, ManifestRow, read_rows
from recto.intake.manifest.folder import read_folder, read_prefix
from recto.intake.sources.roots import Roots, own_locator, own_place
from recto.settings import Settings
from recto.storage.s3 import Place, S3Place, open_bucket

WHAT = "a folder of images, a prefix such as s3://bucket/covers/, a .csv or a .jsonl file"


@dataclass(frozen=True)
class Source:
    """A manifest, folder or prefix that may be read. `place` is the real one."""

    place: Place
    settings: Settings
    locate: Locator

    def __str__(self) -> str:
        return str(self.place)

    def rows(self, skip: int = 0) -> Iterator[ManifestRow | BadRow]:
        """The rows in their order, the first `skip` left out; memory does not depend on how many there are.

        Rows that are left out are still read: 1,000,000 keys of a prefix are 1,000 requests.

        Raises:
            BadInput: the source as a whole cannot be used (raised before the first row), or it changed while it
                was read.
            Unavailable: the S3 store does not answer; the same call may be made again.
        """
        return islice(self._rows(), skip, None)

    def _rows(self) -> Iterator[ManifestRow | BadRow]:
        if isinstance(self.place, S3Place):
            return self._objects(self.place)
        if self.place.is_dir():
            return read_folder(self.place, self.locate)
        if not self.place.exists():
            raise BadInput(f"{self.place} does not exist; give {WHAT}.")
        return read_rows(LocalDocument(self.place), self.locate)

    def _objects(self, place: S3Place) -> Iterator[ManifestRow | BadRow]:
        if _is_manifest(place):
            return read_rows(_ObjectDocument(self.settings, place), self.locate)
        bucket, prefix = open_bucket(self.settings, place.bucket), place.key.rstrip("/")
        cut = len(prefix) + 1 if prefix else 0
        names = (found.key[cut:] for found in bucket.list(prefix) if len(found.key) > cut)
        try:
            return read_prefix(names, self.locate)
        except BadInput:
            raise BadInput(f"There is nothing under {place}; give {WHAT}.") from None

    def fingerprint(self) -> str:
        """What changes when a manifest does, so that a reader who goes on later notices; empty for all else."""
        if isinstance(self.place, S3Place):
            return (
                open_bucket(self.settings, self.place.bucket).fingerprint(self.place.key)
                if _is_manifest(self.place)
                else ""
            )
        try:
            status = self.place.stat()
        except OSError:
            return ""
        return "" if self.place.is_dir() else f"{status.st_mtime_ns}-{status.st_size}"


def open_source(
    settings: Settings, source: str, *, trusted: bool = False, roots: tuple[str, ...] = ()
) -> Source:
    """A source by its path or address; nothing is read yet.

    `trusted`: somebody named it for themselves, at the command line; its rows may name files of its own folder, of
    the folders `roots`, and every place of the S3 store. Otherwise the source and all that its rows name must lie in
    the roots of the settings.

    Raises:
        BadInput: it may not be read, or is no address.
    """
    if trusted:
        place = own_place(source)
        return Source(place, settings, own_locator(_base(place), roots))
    allowed = Roots.of(settings.source_roots)
    place = allowed.admit(source)
    return Source(place, settings, allowed.locator(_base(place)))


class _ObjectDocument:
    """A manifest in the S3 store."""

    def __init__(self, settings: Settings, place: S3Place) -> None:
        self._settings, self._place = settings, place
        self.name = place.name

    def open(self) -> IO[bytes]:
        """The bytes, from the beginning."""
        try:
            return open_bucket(self._settings, self._place.bucket).open(self._place.key)
        except NotFound as error:
            raise BadInput(str(error)) from None


def _base(place: Place) -> Place:
    """Where relative names of a source start: the folder that it is or lies in."""
    if isinstance(place, S3Place):
        return place.parent if _is_manifest(place) else place
    return place if place.is_dir() else place.parent


def _is_manifest(place: S3Place) -> bool:
    return place.suffix.lower() in SUFFIXES and not place.key.endswith("/")
