"""Work that cannot be done at present: it waits a while, is tried again, and the heartbeat says why."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from recto.errors import RectoError
from recto.faults import fault_of, told

T = TypeVar("T")
PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before another try, the last of them again and again: work goes on about 10 s after its cause is gone."""
TOLD_SECONDS = 60.0
"""How long the reason is told after the last try: longer than a pause, a try and the sweep that sends the next take."""
SAME_SECONDS = 60.0
"""How often the log repeats the same reason."""

_log = logging.getLogger(__name__)


class Waiting:
    """The pauses of one process, for work that comes again by itself: the ledger is the queue, the sweep asks again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._reason = ""
        self._failures = 0
        self._failed_at = self._logged_at = float("-inf")

    @property
    def reason(self) -> str:
        """Why work waits, as a sentence; empty when none does."""
        return self._reason if self._clock() - self._failed_at < TOLD_SECONDS else ""

    def attempt(self, work: Callable[[], T]) -> T | None:
        """Do the work; None when it cannot be done at present, or when the last failure was a moment ago."""
        if self._failures and self._clock() - self._failed_at < PAUSES[min(self._failures, len(PAUSES)) - 1]:
            return None
        try:
            result = work()
        except Exception as error:  # nothing is lost by it: what the work was given waits in the ledger
            self._note(error)
            return None
        self._failures, self._reason = 0, ""
        return result

    def _note(self, error: Exception) -> None:
        now, reason = self._clock(), str(told(error))
        if reason != self._reason or now - self._logged_at > SAME_SECONDS:
            unforeseen = not isinstance(error, RectoError) and fault_of(error) is None
            _log.warning("Work waits and is tried again: %s", reason, exc_info=unforeseen)
            self._logged_at = now
        self._reason, self._failed_at = reason, now
        self._failures += 1
