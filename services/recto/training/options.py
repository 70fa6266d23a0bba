"""What a training run is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """A run. The same options and seed give the same network, however often the run was stopped and resumed.

    Learning rate: linear warm-up, constant, cosine to zero over the last `decay` steps; a run can therefore be
    resumed with another `steps` while it is on the plateau.
    """

    seed: int = 1
    covers: int = 24000
    drawn: float = 0.7  # share of the covers that the shelf draws
    pairs: int = 64
    steps: int = 3000
    warmup: int = 200
    decay: int = 900
    low_steps: int = 1500  # first steps at the low height, at less than half the time a step
    low_height: int = 128
    height: int = 192
    rate: float = 1.5e-3
    weight_decay: float = 0.05
    memory: int = 4096
    memory_from: int = 400  # before, embeddings move too fast to be remembered
    held_out: int = 1000
    validate_every: int = 500
    checkpoint_every: int = 50
    workers: int = 1
    spread: float = 1.0  # weight of the term that spreads the embeddings

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        warm = min(1.0, (step + 1) / self.warmup)
        left = min(1.0, (self.steps - step) / self.decay)
        return self.rate * warm * (1 - math.cos(math.pi * left)) / 2

    def heights(self) -> list[int]:
        """Input height of each step."""
        return [self.low_height if step < self.low_steps else self.height for step in range(self.steps)]
