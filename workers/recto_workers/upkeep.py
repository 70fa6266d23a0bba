"""The upkeep of versions: a thread of every worker that loads what is kept, and in one index process takes its steps.

It needs no message: what is to be done stands in the ledger, so that a lost Redis or a killed process only delays it.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from recto.errors import RectoError, Unavailable
from recto.ledger import KeptVersions
from recto.runtime import Engine
from recto.upkeep.reindex import advance, is_due
from recto.versions import Version

LOOK_SECONDS = 1.0
FAULT_SECONDS = 30.0
"""Pause after a fault inside, so that it does not fill the log."""
OUTAGE_SECONDS = 10.0
"""Pause before a step that failed is taken again."""
LEASE = "upkeep"
LEASE_SECONDS = 30.0
"""How long nobody takes over from an index process that died; one of the same name, started again, does at once."""

_log = logging.getLogger(__name__)


class Upkeep(threading.Thread):
    """Looks at the versions every second until stopped. `steps`: this process has the index and may take steps."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        *,
        steps: bool,
        served: Callable[[Version], bool],
        loaded: Callable[[list[Version]], None],
    ) -> None:
        super().__init__(name="upkeep", daemon=True)
        self._engine = engine
        self._holder = name
        self._steps = steps
        self._served = served
        self._loaded = loaded
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look, load, take steps; what fails is tried again at the next look."""
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                kept = self._engine.ledger.kept_versions()
                self._load(kept)
                if self._steps and is_due(kept):
                    self._advance(kept)
            except Unavailable as error:
                _log.warning("The versions are looked at again: %s", error)
            except Exception:  # whatever failed, the versions must not be without a look from here on
                _log.exception("A look at the versions failed; the next one comes in %.0f s", FAULT_SECONDS)
                self._stopped.wait(FAULT_SECONDS)

    def stop(self) -> None:
        """Stop after the step in hand."""
        self._stopped.set()
        self.join()

    def _load(self, kept: KeptVersions) -> None:
        """Have an encoder ready for each version that is kept, so that no search waits for one after a switch."""
        if not self._engine.is_live:
            _log.info(
                "This process cannot serve the live version, or its device broke; it ends and is started again"
            )
            os.kill(os.getpid(), signal.SIGTERM)
            self._stopped.set()
            return
        for version in kept.written[1:]:
            try:
                self._engine.lanes.get(version)
            except RectoError as error:
                self._engine.ledger.note_trouble(version, f"A worker cannot load its encoder: {error}")
        self._engine.lanes.keep_only(kept.written)
        self._loaded(self._engine.lanes.loaded())

    def _advance(self, kept: KeptVersions) -> None:
        with leased(self._engine, LEASE, self._holder) as mine:
            try:
                while mine and not self._stopped.is_set() and advance(self._engine, self._served):
                    pass
            except RectoError as error:
                _log.warning("The step is taken again: %s", error)
                if kept.other is not None:
                    self._engine.ledger.note_trouble(kept.other, str(error))
                self._stopped.wait(OUTAGE_SECONDS)


@contextmanager
def leased(engine: Engine, name: str, holder: str) -> Iterator[bool]:
    """Hold a lease of the ledger, however long the block takes; False when another process holds it."""
    if not engine.ledger.take_lease(name, holder, LEASE_SECONDS):
        yield False
        return
    done = threading.Event()

    def renew() -> None:
        while not done.wait(LEASE_SECONDS / 3):
            try:
                engine.ledger.take_lease(name, holder, LEASE_SECONDS)
            except Unavailable as error:
                _log.warning("The lease %s is renewed later: %s", name, error)

    renewing = threading.Thread(target=renew, name=f"lease-{name}", daemon=True)
    renewing.start()
    try:
        yield True
    finally:
        done.set()
        renewing.join()
        engine.ledger.end_lease(name, holder)
