"""From a card to a network that gives one vector per image."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from recto.encoders.card import Card
from recto.encoders.small_network import SmallNetwork
from recto.errors import BadInput

State = dict[str, Any]


class Pooled(nn.Module):
    """A network cut off after its last feature map and the pooling of its card: (N, 3, H, W) -> (N, dimension)."""

    def __init__(self, body: nn.Module, pooling: str) -> None:
        super().__init__()
        self.body = body
        self.pooling = pooling

    def forward(self, x: Tensor) -> Tensor:
        """Pooling is done in float32, also under autocast: cubes overflow half precision."""
        activations: Tensor = self.body(x).float()
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
            small = SmallNetwork(folded=True)
            small.load_state_dict(state, strict=True)
            return small.eval()
        from recto.encoders import torchvision_models  # doubles the start of a process that never needs it

        body = torchvision_models.embedding_network(card.architecture, card.pooling, state)
        return Pooled(body, card.pooling).eval()
    except (RuntimeError, ValueError) as error:  # ValueError: MNASNet's, where it does not know the version
        raise BadInput(f"The weights do not fit {card.architecture}: {str(error).splitlines()[0]}") from error
