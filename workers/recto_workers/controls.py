"""Carrying out what people want of running jobs, in portions: hold back, queue again, give up."""

from __future__ import annotations

import time
from collections.abc import Callable

from recto.ledger import CANCELLED, PAUSED, RESUMING, Ledger

PASS_SECONDS = 10.0
"""Time between two passes over a job that is held or given up: a cover may come back from a worker that died."""


class Controls:
    """Goes through the covers of controlled jobs. Use it from one thread; several processes do no harm."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._steps: dict[str, Callable[[str, int], int | None]] = {
            PAUSED: ledger.hold_some,
            RESUMING: ledger.free_some,
            CANCELLED: ledger.give_up_some,
        }
        self._after: dict[tuple[str, str], int] = {}
        self._resting: dict[tuple[str, str], float] = {}

    def turn(self) -> bool:
        """Do one portion of each controlled job; True when there is more to do at once."""
        jobs = self._ledger.controlled_jobs()
        for known in (self._after, self._resting):
            for gone in known.keys() - set(jobs):
                known.pop(gone)
        done = [self._portion(*one) for one in jobs]  # one portion of each, whatever the others say
        return any(done)

    def _portion(self, job_id: str, control: str) -> bool:
        one = (job_id, control)
        if time.monotonic() < self._resting.get(one, 0.0):
            return False
        behind = self._steps[control](job_id, self._after.get(one, 0))
        self._after[one] = behind or 0
        if behind is None:
            self._resting[one] = time.monotonic() + PASS_SECONDS
            self._ledger.job(job_id)  # notes that the job is over, if it is
        return behind is not None or control == RESUMING
