"""The source of one job while it is listed: opened, wound forward to where the listing stands, read in chunks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from recto.errors import BadInput
from recto.intake.manifest import BadRow, ManifestRow
from recto.intake.sources import Source, open_source
from recto.ledger import Listing
from recto.settings import Settings

IMAGES_AT_ONCE = 64
"""Images of a chunk: large enough that the commit does not count, small enough that other jobs soon have their turn."""
ROWS_AT_ONCE = 64
WIND_SECONDS = 0.5
"""Longest time that one turn winds a source forward: about 10,000 rows, at 45 us of processor time a row."""
CHANGED = (
    "The source was changed after its first {position:,} rows had been read. What was read is worked on; submit the "
    "job again to read it anew, nothing is done twice."
)

Row = ManifestRow | BadRow


class Reader:
    """Reads the rows of a job's source from its position on, in memory that does not depend on their number."""

    def __init__(self, settings: Settings, listing: Listing) -> None:
        """Open the source.

        Raises:
            BadInput: it may not or cannot be read, or it is another than the one whose first rows are listed.
            Unavailable: the store that it lies in does not answer.
        """
        self.source = source_of(settings, listing)
        self.state = {**listing.state, "fingerprint": _fingerprint(self.source)}
        self.state.pop("trouble", None)  # unless it comes again
        known = listing.state.get("fingerprint")
        if listing.position and known != self.state["fingerprint"]:
            raise BadInput(CHANGED.format(position=listing.position))
        if "rows" not in self.state:
            self.state["rows"] = _count_rows(self.source)
        self._rows: Iterator[Row] = self.source.rows()
        self._skipped = 0
        self.position = listing.position
        self.is_at_end = False  # known with the last chunk

    def wind(self) -> bool:
        """Skip some of the rows that are listed already; True when all of them are skipped."""
        deadline = time.monotonic() + WIND_SECONDS
        while self._skipped < self.position and time.monotonic() < deadline:
            wanted = min(ROWS_AT_ONCE, self.position - self._skipped)
            if sum(1 for _ in islice(self._rows, wanted)) < wanted:
                raise BadInput(CHANGED.format(position=self.position))
            self._skipped += wanted
        return self._skipped == self.position

    def chunk(self) -> list[Row]:
        """The next rows; empty at the end of the source.

        Raises:
            BadInput: the source was changed meanwhile.
        """
        rows: list[Row] = []
        images = 0
        for row in self._rows:
            if len(rows) == ROWS_AT_ONCE or images >= IMAGES_AT_ONCE:
                self._rows = chain([row], self._rows)
                break
            rows.append(row)
            images += len(row.fronts) + len(row.backs) if isinstance(row, ManifestRow) else 0
        else:
            self.is_at_end = True
        if not self._is_folder and _fingerprint(self.source) != self.state["fingerprint"]:
            raise BadInput(CHANGED.format(position=self.position))
        return rows

    def advance(self, rows: int) -> None:
        """Note that so many more rows are listed."""
        self.position += rows
        self._skipped = self.position

    @property
    def _is_folder(self) -> bool:
        """A folder is read in one go, so what is added meanwhile does no harm; only going on later would miss some."""
        return isinstance(self.source.place, Path) and self.source.place.is_dir()


def source_of(settings: Settings, listing: Listing) -> Source:
    """The source of a job. One that was submitted at the command line reads what its owner could read.

    Raises:
        BadInput: it may not be read, or is no address.
    """
    trusted, roots = listing.state.get("trusted", False), tuple(listing.state.get("roots", ()))
    return open_source(settings, listing.source, trusted=trusted, roots=roots)


def _fingerprint(source: Source) -> str:
    """What changes with the source: size and time of a manifest, time of a folder."""
    if isinstance(source.place, Path) and source.place.is_dir():
        return str(source.place.stat().st_mtime_ns)
    return source.fingerprint()


def _count_rows(source: Source) -> int | None:
    """About how many rows a source on this machine has, for the time left: lines, or pictures that are no backs."""
    if not isinstance(source.place, Path) or not source.place.exists():
        return None
    if source.place.is_dir():
        with os.scandir(source.place) as entries:
            return sum(not Path(entry.name).stem.lower().endswith("_back") for entry in entries)
    with source.place.open("rb") as file:
        lines = sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
    return max(1, lines - (source.place.suffix.lower() not in (".jsonl", ".ndjson")))
