"""Small tensors that stay on the device: moving one there waits until the device has done all it was given before."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

Numbers = tuple[float, ...] | tuple[tuple[float, ...], ...]


@cache
def constant(numbers: Numbers, device: torch.device) -> Tensor:
    """A vector or matrix, float32."""
    with torch.inference_mode(False):
        return torch.tensor(numbers, dtype=torch.float32, device=device)
