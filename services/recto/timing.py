"""Milliseconds that the stages of a search take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class StageTimes:
    """Milliseconds spent in each stage of one search."""

    started: float = field(default_factory=time.perf_counter)
    milliseconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = (time.perf_counter() - start) * 1000
            self.milliseconds[name] = self.milliseconds.get(name, 0.0) + spent

    def report(self) -> dict[str, float]:
        """Milliseconds by stage, with the total since the beginning."""
        total = (time.perf_counter() - self.started) * 1000
        return {name: round(value, 2) for name, value in (self.milliseconds | {"total": total}).items()}
