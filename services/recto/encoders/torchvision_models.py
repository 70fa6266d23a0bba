"""The networks and published weights of torchvision. Importing it takes as long as torch itself, so it is done late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torchvision import models
from torchvision.models.mobilenetv2 import MobileNet_V2_Weights, mobilenet_v2

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
PUBLISHED = {
    "vgg16": models.VGG16_Weights.IMAGENET1K_V1,
    "resnet50": models.ResNet50_Weights.IMAGENET1K_V1,
    "mobilenet_v2": MobileNet_V2_Weights.IMAGENET1K_V1,
    "squeezenet1_1": models.SqueezeNet1_1_Weights.IMAGENET1K_V1,
}
"""The first weights of each network: newer recipes with label smoothing classify better, but the frozen features they
leave serve other tasks worse (Kornblith et al., NeurIPS 2021)."""


def convolutions(architecture: str, state: dict[str, Any]) -> nn.Module:
    """The convolutions of a model with these weights: (N, 3, H, W) -> (N, channels, h, w)."""
    return _CONVOLUTIONS[architecture](torchvision_model(architecture, state))


def torchvision_model(architecture: str, state: dict[str, Any]) -> nn.Module:
    """A complete model of torchvision with these weights, every name and shape checked.

    It is built without memory first: filling VGG16's 138 million parameters at random would take seconds.
    """
    with torch.device("meta"):
        model = MODELS[architecture](weights=None)
    model.load_state_dict(state, strict=True, assign=True)
    return model.eval().requires_grad_(False)
