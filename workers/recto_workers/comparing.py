"""The comparison of new covers with the others: a thread of the index processes, of which one works at a time.

Like the upkeep it needs no message: which covers wait stands in the ledger. It gives way to searches.
"""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from recto.comparison.duplicates.comparing import compare_waiting
from recto.errors import RectoError
from recto.runtime import Engine
from recto_workers.upkeep import FAULT_SECONDS, OUTAGE_SECONDS, leased

LOOK_SECONDS = 1.0
LEASE = "compare"
GIVE_WAY_SECONDS = 0.25
"""Longest wait for searches before each cover, so that endless searches only slow the comparison down."""

_log = logging.getLogger(__name__)


class Searching:
    """How many searches run in this process: `with searching:` around each."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = 0

    def __enter__(self) -> None:
        with self._changed:
            self._running += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def give_way(self) -> None:
        """Wait until no search runs, but not for long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, GIVE_WAY_SECONDS)


class Comparing(threading.Thread):
    """Compares what waits, every second until stopped; what fails is tried again."""

    def __init__(self, engine: Engine, name: str, searching: Searching) -> None:
        super().__init__(name="comparing", daemon=True)
        self._engine = engine
        self._holder = name
        self._searching = searching
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look for covers that wait, and compare them in small steps."""
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                if self._engine.ledger.to_compare(1):
                    self._compare()
            except RectoError as error:
                _log.warning("The covers are compared later: %s", error)
                self._stopped.wait(OUTAGE_SECONDS)
            except Exception:  # a cover that cannot be compared must not end the thread
                _log.exception("A comparison failed; it is tried again in %.0f s", FAULT_SECONDS)
                self._stopped.wait(FAULT_SECONDS)

    def stop(self) -> None:
        """Stop after the step in hand."""
        self._stopped.set()
        self.join()

    def _compare(self) -> None:
        with leased(self._engine, LEASE, self._holder) as mine:
            while (
                mine
                and not self._stopped.is_set()
                and compare_waiting(self._engine, self._searching.give_way)
            ):
                pass
