"""The sweep: every few seconds it compares the ledger with the queues and sends what is missing.

Redis is disposable: it may be killed, restarted or emptied at any time, and workers may die with messages in
their hands. Whatever the ledger says is to be done is sent again here, so that such a loss costs seconds.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

from redis import Redis
from redis.exceptions import RedisError

from recto.errors import RectoError
from recto.ledger import Ledger
from recto.observe import metrics
from recto.records import CoverState
from recto.settings import Settings
from recto.storage.blobs import Blobs
from recto_workers import messages
from recto_workers.app import KEY_PREFIX
from recto_workers.messages import Producer
from recto_workers.redis_keys import mend_keys

SWEEP_SECONDS = 3.0
STAGED_SECONDS = 10.0
"""A staged file that waits this long while the queue is empty has lost its message."""

PRUNE_SECONDS = 3600.0
"""Time between two rounds of pruning, and the age from which a file that no record names is an orphan."""

_LOCK = KEY_PREFIX + "sweep"
_DAY = 86_400.0
_log = logging.getLogger(__name__)


class Sweep(threading.Thread):
    """Sweeps until stopped; of several processes only one does it at a time."""

    def __init__(
        self, settings: Settings, ledger: Ledger, blobs: Blobs, producer: Producer, client: Redis
    ) -> None:
        super().__init__(name="sweep", daemon=True)
        self._settings = settings
        self._ledger = ledger
        self._blobs = blobs
        self._producer = producer
        self._client = client
        self._stopped = threading.Event()
        self._pruned = 0.0

    def run(self) -> None:
        """Sweep every `SWEEP_SECONDS`; what fails is tried again in the next round."""
        while not self._stopped.wait(SWEEP_SECONDS):
            mend_keys(self._client)
            for step in (self._send_what_is_missing, self.prune):
                self._try(step)

    def stop(self) -> None:
        """Stop after the step in hand."""
        self._stopped.set()
        self.join()

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except (RectoError, RedisError, OSError) as error:
            _log.warning("The sweep goes on in the next round: %s", error)

    def _send_what_is_missing(self) -> None:
        """Send again what the ledger waits for; an empty queue means that nobody else has sent it."""
        if not self._client.set(_LOCK, "held", nx=True, px=int(SWEEP_SECONDS * 900)):
            return  # another process does this round
        depths = self._producer.depths()
        if any(self._has_work(version.recipe_id) for version in self._ledger.kept_versions().written):
            self._producer.wake_ingest()
        if not depths[messages.INDEX.queue]:
            lost = self._ledger.staged_files(STAGED_SECONDS)
            random.shuffle(lost)  # a file that fails makes the worker pause: it must not always come first
            for staged_file in lost:
                self._producer.send_index(staged_file)
                metrics.MESSAGES_SENT_AGAIN.labels(task=messages.INDEX.name).inc()
        if not depths[messages.DELETE.queue] and self._ledger.deleted_books(1):
            self._producer.send_delete()
            metrics.MESSAGES_SENT_AGAIN.labels(task=messages.DELETE.name).inc()

    def _has_work(self, recipe_id: str) -> bool:
        """True while covers wait for an ingest worker, or are in the hands of one that is perhaps no more."""
        counts = self._ledger.queue_counts(recipe_id)
        return bool(counts[CoverState.QUEUED] or counts[CoverState.WORKING])

    def prune(self) -> None:
        """Delete what is past its time: old searches and their photos, uploads and staged files of nobody."""
        if time.monotonic() - self._pruned < PRUNE_SECONDS and self._pruned:
            return
        self._pruned = time.monotonic()
        for name in self._ledger.prune_searches(self._settings.search_keep_days):
            self._blobs.delete_incoming(name)
        self._blobs.prune_incoming(self._settings.search_keep_days * _DAY + PRUNE_SECONDS)
        self._delete_orphans()
        self._delete_discarded()

    def _delete_discarded(self) -> None:
        """Originals of deleted books, unless a cover that was added meanwhile names them.

        Each is asked for just before it goes: deleting thousands from an object store takes minutes.
        """
        for sha256 in self._blobs.discarded(PRUNE_SECONDS):
            if self._ledger.named_blobs([sha256]):
                self._blobs.keep(sha256)
            else:
                self._blobs.delete(sha256)

    def _delete_orphans(self) -> None:
        """Staged files whose worker died before the ledger knew of them."""
        old = self._blobs.staged_names(PRUNE_SECONDS)
        wanted = set(self._ledger.staged_files(0))
        for name in old:
            if name not in wanted:
                self._blobs.delete_staged(name)
