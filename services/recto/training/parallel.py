"""One step on two cores: two threads with a replica each, half of the images in each.

Each operation stays on one core. Splitting every operation over two threads instead costs three times the processor
time as soon as other programs want the cores too (measured: 1.0 against 0.3 seconds a step).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

from recto.training.batches import Pairs
from recto.training.inputs import as_input
from recto.vectors import RGB


class Replicas:
    """Two copies of a network with the same parameters and batch statistics of their own, averaged after each step."""

    def __init__(self, network: nn.Module) -> None:
        shared = {id(parameter): parameter for parameter in network.parameters()}
        self.networks = (network, copy.deepcopy(network, shared))
        self.parameters = list(network.parameters())
        self.threads = ThreadPoolExecutor(2)

    def step(self, pairs: Pairs, loss: Callable[[Tensor], Tensor]) -> None:
        """Leave the gradient of `loss`, a function of the embeddings of all rows of `pairs`, in the parameters."""
        shares = _shares(pairs)
        outputs = list(self.threads.map(_forward, self.networks, shares))
        rows = torch.cat([row.detach() for output in outputs for row in output]).requires_grad_()
        loss(rows).backward()  # type: ignore[no-untyped-call]
        assert rows.grad is not None
        counts = [len(row) for output in outputs for row in output]
        slopes = torch.split(rows.grad, counts)
        parts = (slopes[: len(outputs[0])], slopes[len(outputs[0]) :])
        gradients = self.threads.map(lambda o, s: torch.autograd.grad(o, self.parameters, s), outputs, parts)
        for parameter, first, second in zip(self.parameters, *gradients, strict=True):
            parameter.grad = first + second
        self._average_statistics()

    def _average_statistics(self) -> None:
        for mine, other in zip(*(network.buffers() for network in self.networks), strict=True):
            if mine.is_floating_point():
                mine.add_(other).div_(2)
                other.copy_(mine)


def _shares(pairs: Pairs) -> tuple[list[RGB], list[RGB]]:
    """The images in the order of the rows of `pairs`, half of them for each thread."""
    half = (len(pairs.portrait) + len(pairs.landscape)) // 2
    return [pairs.portrait[:half]], [pairs.portrait[half:], pairs.landscape]


def _forward(network: nn.Module, share: list[RGB]) -> list[Tensor]:
    network.train()
    # Without the cache of converted weights: it is one for all threads, and each weight is used once.
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
        return [network(as_input(images)) for images in share]
