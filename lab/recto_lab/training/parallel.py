"""One step on all that computes: forward, loss over the embeddings of everybody, backward.

On a CPU two threads have a replica of the network each and half of the images. Each operation stays on one core:
splitting every operation over two threads instead costs three times the processor time as soon as other programs want
the cores too (measured: 1.0 against 0.3 seconds a step).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

from recto.encoders.plain_network import PlainNetwork
from recto.encoders.small_network import SmallNetwork
from recto_lab.training.config import Hardware
from recto_lab.training.inputs import Batch, Colours, as_input
from recto_lab.training.networks import set_training
from recto_lab.training.world import World


class Stepper:
    """Leaves gradients in a network's parameters.

    Networks of our own are replicated on CPUs when they may use two threads or more; torchvision's use torch's threads,
    because some draw random numbers, which threads would share in any order.
    """

    def __init__(
        self, network: nn.Module, device: torch.device, hardware: Hardware, colours: Colours, world: World
    ):
        self.device, self.colours, self.world = device, colours, world
        replicated = device.type == "cpu" and isinstance(network, (SmallNetwork, PlainNetwork))
        count = min(2, hardware.threads) if replicated else 1
        if device.type == "cpu":
            torch.set_num_threads(1 if replicated else hardware.threads)
        self.parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        shared = {id(parameter): parameter for parameter in network.parameters()}
        self.networks = [network, *(copy.deepcopy(network, dict(shared)) for _ in range(count - 1))]
        self.dtype = precision(hardware.precision, device)
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.dtype is torch.float16)
        self.threads = ThreadPoolExecutor(count)

    def step(self, batch: Batch, loss: Callable[[Tensor, Batch], Tensor]) -> None:
        """Leave the gradient of `loss`, a function of the embeddings of all rows, in the parameters, scaled by
        `scaler`; a loss with parameters of its own gets theirs too."""
        shares = _shares(batch, len(self.networks))
        outputs = list(self.threads.map(self._forward, self.networks, shares))
        flat = torch.cat([rows.detach() for output in outputs for rows in output])
        whole, own = self.world.gather(flat)
        whole = whole.requires_grad_()
        self.scaler.scale(loss(whole, self.world.gather_batch(batch))).backward()  # type: ignore[no-untyped-call]
        assert whole.grad is not None
        if self.parameters:  # none where only a classifier is trained
            self._backward(outputs, whole.grad[own])
            self.world.add_gradients(self.parameters)
        self._average_statistics()

    def _forward(self, network: nn.Module, share: list[Tensor]) -> list[Tensor]:
        set_training(network)
        # Without the cache of converted weights: it is one for all threads, and each weight is used once.
        enabled = self.dtype is not torch.float32
        with torch.autocast(self.device.type, self.dtype, enabled=enabled, cache_enabled=False):
            return [network(as_input(images, self.colours)) for images in share]

    def _backward(self, outputs: list[list[Tensor]], gradient: Tensor) -> None:
        slopes = iter(torch.split(gradient, [len(rows) for output in outputs for rows in output]))
        parts = [[next(slopes) for _ in output] for output in outputs]
        gradients = self.threads.map(lambda o, s: torch.autograd.grad(o, self.parameters, s), outputs, parts)
        for parameter, *several in zip(self.parameters, *gradients, strict=True):
            parameter.grad = _added(several)

    def share_statistics(self) -> None:
        """Give the batch statistics of the network to its replicas."""
        for mine, *others in zip(*(network.buffers() for network in self.networks), strict=True):
            for other in others:
                other.copy_(mine)

    def _average_statistics(self) -> None:
        for mine, *others in zip(*(network.buffers() for network in self.networks), strict=True):
            if mine.is_floating_point() and others:
                for other in others:
                    mine.add_(other)
                mine.div_(len(self.networks))
        self.share_statistics()


def precision(wanted: str, device: torch.device) -> torch.dtype:
    """The type of numbers inside the network in training."""
    if wanted != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[wanted]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    fast = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return torch.bfloat16 if fast else torch.float32


def _added(several: Sequence[Tensor]) -> Tensor:
    total = several[0]
    for other in several[1:]:
        total = total + other
    return total


def _shares(batch: Batch, count: int) -> list[list[Tensor]]:
    """The images in the order of the rows, as many for each of `count` threads."""
    groups = batch.groups()
    total = sum(len(images) for images in groups)
    shares: list[list[Tensor]] = []
    for place in range(count):
        start, end = place * total // count, (place + 1) * total // count
        share, passed = [], 0
        for images in groups:
            part = images[max(0, start - passed) : max(0, end - passed)]
            if len(part):
                share.append(part)
            passed += len(images)
        shares.append(share)
    return shares
