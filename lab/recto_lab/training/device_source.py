"""Batches whose photos are simulated on the device: only the numbers of the pictures are chosen on the CPU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from recto_lab.training.batches import Plan, photo_options
from recto_lab.training.device_views import make_pairs_on_device
from recto_lab.training.inputs import Batch
from recto_lab.training.sampling import choose
from recto_lab.training.sources import Images

RESIDENT_BYTES = 8 * 1024**3
"""Pictures that lie on the device as a whole, at most; of more, each step takes along those it needs."""


class DeviceSource:
    """Makes the batches of a plan on a device; a batch is a function of the plan and its step."""

    def __init__(
        self, images: Images, plan: Plan, device: torch.device, resident_bytes: int = RESIDENT_BYTES
    ) -> None:
        self.plan, self.device = plan, device
        self.pictures, self.labels = images.open(), images.labels
        fits = self.pictures.nbytes <= resident_bytes
        self.resident = self._moved(np.arange(len(self.labels))) if fits else None

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        plan, rng = self.plan, self.plan.random(step)
        chosen = choose(rng, plan.sampler, self.labels, plan.pairs)
        bank, places = self.resident, chosen
        if bank is None:
            others = rng.integers(
                0, len(self.labels), plan.pairs
            )  # for backgrounds, neighbours and composites
            bank, places = self._moved(np.concatenate([chosen, others])), np.arange(len(chosen))
        made = make_pairs_on_device(
            bank,
            (plan.seed, step, plan.rank),
            torch.from_numpy(places),
            plan.sizes[step],
            photo_options(plan.augmentation),
            plan.augmentation.mixed,
        )
        return replace(made, labels=torch.from_numpy(self.labels[chosen]).to(self.device))

    def _moved(self, numbers: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Tensor:
        """Pictures (N, H, W, 3) on the device."""
        return torch.from_numpy(self.pictures[numbers]).to(self.device)
