"""A share of some trials, with the interval that goes with so few or so many of them. Plain Python."""

from __future__ import annotations

import math
from dataclasses import dataclass

NORMAL_95 = 1.959964
"""Two-sided 95 % point of the normal distribution."""


@dataclass(frozen=True)
class Rate:
    """How many of `trials` were `events`."""

    events: int
    trials: int

    @property
    def share(self) -> float:
        """The share, 0 without trials."""
        return self.events / self.trials if self.trials else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Its Wilson interval of 95 %."""
        return wilson(self.events, self.trials)


def wilson(events: int, trials: int) -> tuple[float, float]:
    """Score interval of 95 % for a share (Wilson, JASA 1927); it also holds for none or all of few trials.

    Without trials nothing is known: (0, 1).
    """
    if trials == 0:
        return 0.0, 1.0
    share, square = events / trials, NORMAL_95**2 / trials
    middle = (share + square / 2) / (1 + square)
    half = NORMAL_95 / (1 + square) * math.sqrt(share * (1 - share) / trials + square / trials / 4)
    return max(0.0, middle - half), min(1.0, middle + half)
