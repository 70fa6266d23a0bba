"""From a card to a network that gives one vector per image: torchvision's convolutions, then pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.mobilenetv2 import mobilenet_v2

from recto.encoders.card import Card
from recto.encoders.small_network import SmallNetwork
from recto.errors import BadInput

State = dict[str, Any]

MODELS: dict[str, Callable[..., nn.Module]] = {
    "vgg16": models.vgg16,
    "resnet50": models.resnet50,
    "mobilenet_v2": mobilenet_v2,
    "squeezenet1_1": models.squeezenet1_1,
}
_CONVOLUTIONS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "vgg16": lambda model: model.get_submodule("features"),
    # All but average pooling and classifier.
    "resnet50": lambda model: nn.Sequential(*list(model.children())[:-2]),
    "mobilenet_v2": lambda model: model.get_submodule("features"),
    "squeezenet1_1": lambda model: model.get_submodule("features"),
}


class Pooled(nn.Module):
    """Convolutions of a torchvision model and the pooling of its card: (N, 3, H, W) -> (N, dimension) float32."""

    def __init__(self, convolutions: nn.Module, pooling: str) -> None:
        super().__init__()
        self.convolutions = convolutions
        self.pooling = pooling

    def forward(self, x: Tensor) -> Tensor:
        """Pooling is done in float32, also under autocast: cubes overflow half precision."""
        activations: Tensor = self.convolutions(x).float()
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
        model = torchvision_model(card.architecture, state)
    except RuntimeError as error:
        raise BadInput(f"The weights do not fit {card.architecture}: {str(error).splitlines()[0]}") from error
    return Pooled(_CONVOLUTIONS[card.architecture](model), card.pooling).eval()


def torchvision_model(architecture: str, state: State) -> nn.Module:
    """A complete model of torchvision with these weights, every name and shape checked.

    It is built without memory first: filling VGG16's 138 million parameters at random would take seconds.
    """
    with torch.device("meta"):
        model = MODELS[architecture](weights=None)
    model.load_state_dict(state, strict=True, assign=True)
    return model.eval().requires_grad_(False)
