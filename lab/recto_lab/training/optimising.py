"""How weights follow gradients, and how fast at which step."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from recto_lab.training.config import Config, Schedule


def rate_share(schedule: Schedule, step: int) -> float:
    """Share of the learning rate at a step."""
    warm = min(1.0, (step + 1) / schedule.warmup) if schedule.warmup else 1.0
    left = min(1.0, (schedule.steps - step) / schedule.decay) if schedule.decay else 1.0
    return warm * (1 - math.cos(math.pi * left)) / 2


def make_optimiser(config: Config, modules: list[nn.Module]) -> torch.optim.Optimizer:
    """Matrices are decayed, biases and norms are not."""
    parameters = [part for module in modules for part in module.parameters() if part.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [part for part in parameters if part.ndim > 1]},
        {"params": [part for part in parameters if part.ndim == 1], "weight_decay": 0.0},
    ]
    chosen = config.optimiser
    if chosen.kind == "sgd":
        return torch.optim.SGD(groups, chosen.rate, chosen.momentum, weight_decay=chosen.weight_decay)
    return torch.optim.AdamW(groups, lr=chosen.rate, weight_decay=chosen.weight_decay)
