"""From a card to a network that gives one vector per image."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from recto.encoders.card import Card
from recto.encoders.plain_network import PlainNetwork
from recto.encoders.small_network import SmallNetwork
from recto.errors import BadInput

State = dict[str, Any]


class Pooled(nn.Module):
    """A network cut off after its last feature map and the pooling of its card: (N, 3, H, W) -> (N, dimension).

    `head`: numbers of a linear layer behind the pooling; 0: there is none.
    """

    def __init__(self, body: nn.Module, pooling: str, inputs: int = 0, head: int = 0) -> None:
        super().__init__()
        self.body = body
        self.pooling = pooling
        self.head: nn.Module = nn.Linear(inputs, head) if head else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Pooling and head run in float32, also under autocast: cubes overflow half precision."""
        maps = self.body(x)
        with torch.autocast(x.device.type, enabled=False):
            embedding: Tensor = self.head(self._pool(maps.float()))
        return embedding

    def _pool(self, activations: Tensor) -> Tensor:
        if self.pooling == "own":
            return activations
        if self.pooling == "flatten":
            return activations.flatten(1)
        if self.pooling == "avg":
            return activations.mean((2, 3))
        return activations.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)


def build_network(card: Card, state: State) -> nn.Module:
    """The network of a card with the given weights, ready for inference.

    Raises:
        BadInput: the weights are of another network.
    """
    try:
        if card.architecture == "recto_small":
            return _filled(SmallNetwork(True, card.dimension if card.head is None else card.head), state)
        if card.architecture == "recto_plain":
            return _filled(PlainNetwork(card.input_size[0], card.dimension), state)
        if card.head is not None:
            return _filled(trainable(card.architecture, card.pooling, card.head, card.input_size[0]), state)
        from recto.encoders import torchvision_models  # doubles the start of a process that never needs it

        body = torchvision_models.embedding_network(card.architecture, card.pooling, state)
        return Pooled(body, card.pooling).eval()
    except (RuntimeError, ValueError) as error:  # ValueError: MNASNet's, where it does not know the version
        raise BadInput(f"The weights do not fit {card.architecture}: {str(error).splitlines()[0]}") from error


def trainable(architecture: str, pooling: str, head: int, side: int, state: State | None = None) -> Pooled:
    """A network of torchvision as it is trained: cut off, pooled, with a linear layer of its own (`head` numbers).

    `side`: height of its input, on which the width of the pooling `flatten` depends. `state`: weights of torchvision's
    complete model; without them all begin at random.
    """
    from recto.encoders import torchvision_models

    if state is None:
        body = torchvision_models.cut(torchvision_models.random_model(architecture), pooling)
    else:
        body = torchvision_models.embedding_network(architecture, pooling, state).requires_grad_()
    return Pooled(body, pooling, pooled_width(body, pooling, side) if head else 0, head)


def pooled_width(body: nn.Module, pooling: str, side: int) -> int:
    """Numbers that the pooling of a network gives for inputs of that side, found by looking."""
    with torch.no_grad():
        return int(Pooled(body, pooling).eval()(torch.zeros(1, 3, side, side)).shape[1])


def _filled(network: nn.Module, state: State) -> nn.Module:
    network.load_state_dict(state, strict=True)
    return network.eval().requires_grad_(False)
