"""The whole of a running Recto in one look: ledger, queues, workers, disk; for metrics and `recto status`."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from recto.errors import RectoError, Unavailable
from recto.ledger import KeptVersions, Ledger, LedgerOverview
from recto.settings import MIB, Settings
from recto_workers.heartbeat import Heartbeat
from recto_workers.messages import Producer

CACHE_SECONDS = 5.0
"""An overview is kept at least so long, however many ask for it, and
`CACHE_TIMES` as long as it took: then looking costs at most a twentieth of one core, whatever the catalogue's size."""
CACHE_TIMES = 20.0

LEAST_FREE_BYTES = 512 * MIB
"""Free space below which the machine does not count as ready. Reasoned: one job of some thousand covers of 100 kB, the
engine's write-ahead log and Redis' file still fit."""


@dataclass(frozen=True)
class Disk:
    """The disk of the data folder, in bytes."""

    free: int
    total: int


@dataclass(frozen=True)
class Overview:
    """What could be learned; None stands for a part that does not answer."""

    ledger: LedgerOverview | None
    versions: KeptVersions | None
    queues: Mapping[str, int] | None  # messages that wait, by queue
    documents: Mapping[str, int] | None  # of bulk jobs, by Redis list
    workers: tuple[Heartbeat, ...] | None
    disk: Disk | None

    @property
    def roles(self) -> set[str]:
        """Roles that a ready worker plays."""
        return {beat.role for beat in self.workers or ()}


def look(settings: Settings, ledger: Ledger, producer: Producer | None) -> Overview:
    """Ask every part now. Without a producer nothing runs, and Redis is not asked."""
    counts = versions = queues = documents = workers = None
    with suppress(RectoError):
        counts, versions = ledger.overview(), ledger.kept_versions()
    if producer is not None:
        with suppress(Unavailable):
            queues, documents = producer.depths(), producer.documents()
            workers = tuple(producer.alive())
    return Overview(counts, versions, queues, documents, workers, disk(settings))


def disk(settings: Settings) -> Disk | None:
    """The disk of the data folder; None when it cannot be read."""
    try:
        usage = shutil.disk_usage(settings.data_dir)
    except OSError:
        return None
    return Disk(usage.free, usage.total)


class Watch:
    """An overview that is kept for a while; safe for threads, of which one looks at a time."""

    def __init__(self, settings: Settings, ledger: Ledger, producer: Producer) -> None:
        self._parts = (settings, ledger, producer)
        self._lock = threading.Lock()
        self._kept: Overview | None = None
        self._until = 0.0

    def overview(self) -> Overview:
        """The overview of now or of a moment ago."""
        with self._lock:
            start = time.monotonic()
            if self._kept is None or start >= self._until:
                self._kept = look(*self._parts)
                now = time.monotonic()
                self._until = now + max(CACHE_SECONDS, CACHE_TIMES * (now - start))
            return self._kept
