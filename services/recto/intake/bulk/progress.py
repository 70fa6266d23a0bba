"""How far a job is: rate, time left and share done, from its counts in the ledger."""

from __future__ import annotations

import time
from dataclasses import dataclass

from recto.ledger import JobRow
from recto.ledger.jobs import RATE_SECONDS

_MOVING = ("listing", "running")


@dataclass(frozen=True)
class Progress:
    """`expected` covers when all is listed, about, where that can be said; `rate` in covers a second."""

    done: int
    expected: int
    rate: float
    seconds_left: float | None
    seconds: float  # since it began, or that it took

    @property
    def percent(self) -> float:
        """Share of the expected covers that are settled, in per cent."""
        return 100.0 * self.done / self.expected if self.expected else 0.0


def progress(row: JobRow, now: float | None = None) -> Progress:
    """The progress of a job: a running one by its last minute, one that is over by all of its time."""
    now = time.time() if now is None else now
    seconds = max((row.finished or now) - row.created, 1e-3)
    lately = row.finished is None and row.kind != "reindex"  # whose covers are no items
    worked_on = row.recent if lately else row.indexed + row.failed + row.checked
    rate = worked_on / (min(seconds, RATE_SECONDS) if lately else seconds)
    done, expected = row.covers - row.waiting, _expected(row)
    left = (expected - done) / rate if expected and expected > done and rate else None
    return Progress(
        done=done,
        expected=max(expected or 0, row.covers),
        rate=rate,
        seconds_left=left if row.state in _MOVING else None,
        seconds=seconds,
    )


def _expected(row: JobRow) -> int | None:
    """Covers of the whole source: as many a row as there were so far; None where its rows are not known."""
    if row.is_listed:
        return row.covers
    if not row.rows or not row.position:
        return None
    return max(row.covers, round(row.covers * max(row.rows, row.position) / row.position))
