"""Random numbers for batches of images, and how often each effect of the simulated photos happens."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

COLUMNS = 1024
"""Numbers an image has at its disposal; the images of a batch take about 800 between them."""


class Draws:
    """The random numbers of a batch, a row of one table an image.

    The table is drawn on the CPU and moved as a whole, so that every device makes the same images up to rounding, and
    which images an effect changes is known without waiting for the device. Only sensor noise is drawn on the device.
    """

    def __init__(self, seeds: Sequence[int], count: int, device: torch.device) -> None:
        number = int(np.random.SeedSequence(list(seeds)).generate_state(1, np.uint64)[0] >> np.uint64(1))
        self.device = device
        self._table = torch.rand(count, COLUMNS, generator=torch.Generator().manual_seed(number))
        self._rows = torch.arange(count)
        self._moved = self._table.to(device, non_blocking=True)
        self._columns = iter(range(COLUMNS))
        self._noise = torch.Generator(device).manual_seed(number)

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, rows: Tensor) -> Draws:
        """The draws of some images, rows (R,) int64 on the CPU; both go on with columns that neither has used."""
        part = copy.copy(self)
        part._rows = self._rows[rows]
        part._moved = self._moved[rows.to(self.device, non_blocking=True)]
        return part

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Numbers between two limits, (B, *shape) float32."""
        return self._moved[:, self._take(math.prod(shape))].reshape(-1, *shape) * (high - low) + low

    def normal(self, deviation: float, *shape: int) -> Tensor:
        """Normal numbers around 0, (B, *shape) float32."""
        inner = self.uniform(-1, 1, *shape).clamp(-0.999999, 0.999999)  # at -1 and 1 lies infinity
        return torch.erfinv(inner) * (math.sqrt(2) * deviation)

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Whole numbers from `low` to below `high`, (B, *shape) int64."""
        return self.uniform(low, high, *shape).long().clamp(low, high - 1)

    def happens(self, share: float, *shape: int) -> Tensor:
        """True in a share of the places, (B, *shape) bool."""
        return self.uniform(0, 1, *shape) < share

    def noise(self, *shape: int) -> Tensor:
        """Normal numbers drawn on the device, (B, *shape) float32."""
        return torch.randn(len(self), *shape, generator=self._noise, device=self.device)

    def split(self, *shares: float) -> list[Part]:
        """Images that one of several effects happens to, each to its share of them and none to two."""
        drawn = self._table[:, self._take(1)][self._rows, 0]
        limits = np.cumsum([0.0, *shares])
        pairs = zip(limits[:-1].tolist(), limits[1:].tolist(), strict=True)
        return [self.part((drawn >= low) & (drawn < high)) for low, high in pairs]

    def part(self, flags: Tensor) -> Part:
        """The images where flags (B,) bool, on the CPU, are set."""
        rows = flags.nonzero()[:, 0]
        return Part(rows.to(self.device, non_blocking=True), self.of(rows))

    def _take(self, count: int) -> slice:
        taken = list(islice(self._columns, count))
        assert len(taken) == count, "COLUMNS is too low"
        return slice(taken[0], taken[-1] + 1)


class Part(NamedTuple):
    """Some images of a batch: their rows (R,) int64 on the device and their draws."""

    rows: Tensor
    draws: Draws

    def change(self, images: Tensor, effect: Callable[[Tensor, Draws], Tensor]) -> None:
        """Apply an effect to these images of (B, ...), in place."""
        if len(self.rows):
            images.index_copy_(0, self.rows, effect(images[self.rows], self.draws))
