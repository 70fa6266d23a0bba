"""Reads barcodes beside other work, in a child process of its own: a witness that is heard if it speaks in time."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from pathlib import Path

from recto.errors import Refused, Unavailable
from recto.images import Barcode, DecodePool
from recto.observe import metrics
from recto.settings import MIB, Settings

SECONDS = 5.0
"""Longest time that the reading of one image may take. Of 12 megapixels a JPEG takes 0.04 s, a HEIC 0.8 s."""
LIBRARIES = 300 * MIB
"""Address space that OpenCV and numpy take in the child beside what an image may take: 265 MiB."""
PATIENCE = 1.0
"""Longest time in seconds that a search waits for a barcode when everything else is done: a choice. Usually it is read
long before, while the photo is embedded and described."""
_BROKEN = frozenset({"timeout", "crashed", "memory"})


@dataclass(frozen=True)
class Reading:
    """An image whose barcodes are being read. None of its methods raises: without barcodes the search goes on."""

    _outcome: Future[list[Barcode] | Refused] | None

    def barcodes(self, patience: float | None = None) -> list[Barcode]:
        """The barcodes; none where they could not be read, or not within so many seconds from now. Ask once."""
        outcome, barcodes = self._result(patience)
        metrics.BARCODES_READ.labels(outcome=outcome).inc()
        return barcodes

    def _result(self, patience: float | None) -> tuple[str, list[Barcode]]:
        if self._outcome is None:
            return "failed", []
        try:
            result = self._outcome.result(patience)
        except TimeoutError:
            self._outcome.cancel()
            return "late", []
        except (CancelledError, Unavailable):
            return "failed", []
        if isinstance(result, Refused):
            return "failed" if result.reason in _BROKEN else "refused", []
        return "read" if result else "none", result


class BarcodeReader:
    """Reads barcodes in a child process that can be killed, as images are decoded. Safe to share by threads."""

    def __init__(self, settings: Settings) -> None:
        seconds = min(settings.decode_seconds, SECONDS)
        memory = settings.decode_memory + LIBRARIES
        self._pool = DecodePool(replace(settings, decode_seconds=seconds, decode_memory=memory))

    @property
    def pids(self) -> list[int]:
        """Process ids of the children that run at present."""
        return self._pool.pids

    def start(self, item: bytes | Path, *, turned: bool) -> Reading:
        """Begin to read an image; `turned`: at any angle, as photos need and scans of covers do not."""
        try:
            return Reading(self._pool.start_barcodes(item, turned=turned))
        except Unavailable:
            return Reading(None)

    def close(self) -> None:
        """Kill the child; what was not read yet has no barcodes."""
        self._pool.close()
