"""What runs a network: prepared images in, unit vectors out. The reference, torch."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from recto.vectors import Floats

BATCH = {"cpu": 8, "cuda": 64}
"""Images that pass the network together. On CPUs a larger batch gains nothing and takes more memory."""


class Runner(Protocol):
    """Runs one network; safe to call from several threads."""

    batch: int
    """Images that it takes at once."""

    def __call__(self, images: Tensor) -> Floats:
        """Prepared images (N, 3, H, W) float32 -> embeddings (N, dimension), rows of length 1."""
        ...


class TorchRunner:
    """The network in torch: the reference. In float32, or with half precision inside (`half`, GPUs only)."""

    def __init__(self, network: nn.Module, device: torch.device, *, half: bool = False) -> None:
        self.batch = BATCH[device.type]
        self._network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device
        self._half = half

    def __call__(self, images: Tensor) -> Floats:
        """Prepared images (N, 3, H, W) float32 -> embeddings (N, dimension), rows of length 1."""
        batch = images.to(self._device, memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast(self._device.type, enabled=self._half):
            embeddings = functional.normalize(self._network(batch).float(), dim=1)
        rows: Floats = embeddings.cpu().numpy()
        return rows
