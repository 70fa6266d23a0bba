"""Every family of torchvision: embeddings are what its own complete model computes on the way to its categories."""

from __future__ import annotations

import copy
import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision import models as exported

from recto.encoders import Card, Encoder, card
from recto.encoders.derive import row
from recto.encoders.networks import build_network
from recto.encoders.torch_runner import TorchRunner
from recto.encoders.torchvision_cards import torchvision_cards
from recto.encoders.torchvision_models import names, published
from recto.vectors import RGB

pytestmark = pytest.mark.slow

models: Any = exported
LAST_MAPS = {
    "alexnet": "features.12",
    "vgg11_bn": "features.28",
    "vgg16-flat": "features.30",
    "resnet18": "layer4.1",
    "wide_resnet50_2": "layer4.2",
    "resnext50_32x4d": "layer4.2",
    "densenet121": "features.norm5",
    "googlenet": "inception5b",
    "inception_v3": "Mixed_7c",
    "mobilenet_v2": "features.18",
    "mobilenet_v3_small": "features.12",
    "efficientnet_b0": "features.8",
    "efficientnet_v2_s": "features.7",
    "regnet_y_400mf": "trunk_output.block4",
    "shufflenet_v2_x0_5": "conv5.2",
    "mnasnet0_5": "layers.16",
    "squeezenet1_0": "features.12",
}
"""One network of each family and the part that gives its last feature map, read off torchvision's source."""
LAST_LAYERS = {
    "convnext_tiny": "classifier.2",
    "maxvit_t": "classifier.5",
    "swin_t": "head",
    "swin_v2_t": "head",
    "vit_b_32": "heads.head",
}
"""The same for families whose own vector is taken: the linear layer that gets it."""
OPTIONS = {
    "googlenet": {"aux_logits": True, "transform_input": True, "init_weights": False},
    "inception_v3": {"aux_logits": True, "transform_input": True, "init_weights": False},
}
"""What torchvision itself sets when it loads their published weights."""


def _random_model(architecture: str) -> nn.Module:
    torch.manual_seed(7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GoogLeNet's warns of its slow initialisation
        model: nn.Module = models.get_model(architecture, weights=None, **OPTIONS.get(architecture, {}))
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):  # as if trained: an untrained one does nothing
            part.running_mean, part.running_var = (
                torch.randn_like(part.bias) / 9,
                torch.rand_like(part.bias) + 0.5,
            )
    return model.eval()


def _expected(model: nn.Module, card: Card, part: str, inputs: Tensor) -> Tensor:
    """The embedding, from what goes into or comes out of a part of the complete model as it runs."""
    kept: list[Tensor] = []

    def keep(_part: nn.Module, given: tuple[Tensor], result: Tensor) -> None:
        kept.append(given[0] if card.pooling == "own" else result)

    model.get_submodule(part).register_forward_hook(keep)
    with torch.inference_mode():
        model(inputs)
    return kept[0]


def _pooled(maps: Tensor, pooling: str) -> Tensor:
    if pooling != "gem3":
        return maps.flatten(1)
    length: Tensor = torch.linalg.vector_norm(maps.clamp(min=1e-6), ord=3, dim=(2, 3))
    return length / math.pow(maps.shape[2] * maps.shape[3], 1 / 3)


@pytest.mark.parametrize(("name", "part"), [*LAST_MAPS.items(), *LAST_LAYERS.items()])
def test_an_embedding_is_that_of_torchvisions_own_model(name: str, part: str, images: list[RGB]) -> None:
    chosen = card(name)
    model = _random_model(chosen.architecture)
    network = build_network(chosen, copy.deepcopy(model.state_dict()))
    inputs: Tensor = published(chosen.architecture).transforms()(Image.fromarray(images[0]))[None]
    vector = _pooled(_expected(model, chosen, part, inputs), chosen.pooling)
    expected = vector / vector.norm(dim=1, keepdim=True)
    encoder = Encoder(chosen, chosen, TorchRunner(network, torch.device("cpu")), None, {})
    embeddings = encoder.embed(images[:1])
    assert embeddings.shape == (1, chosen.dimension)
    assert embeddings.std() > 1e-4  # not one number throughout
    np.testing.assert_allclose(embeddings, expected.numpy(), atol=2e-5, equal_nan=False)


def test_every_network_for_classification_has_a_card() -> None:
    assert set(torchvision_cards()) == set(names())


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0", "swin_t", "regnet_y_400mf", "vit_h_14"])
def test_a_card_says_what_torchvision_says(name: str) -> None:
    derived, shown = row(name), card(name)
    assert derived["dimension"] == str(shown.dimension)
    assert derived["weights"] == shown.weights
    assert derived["pooling"] == shown.pooling


def test_the_weights_of_every_card_are_those_torchvision_would_download() -> None:
    urls = {name: published(name).url for name in names()}
    assert {name: url.rsplit("/", 1)[1] for name, url in urls.items()} == {
        name: card.weights for name, card in torchvision_cards().items()
    }


def test_weights_that_must_not_be_sold_are_marked() -> None:
    marked = {name for name, card in torchvision_cards().items() if "NC" in card.licence}
    assert marked == {"regnet_y_128gf", "vit_h_14"}
