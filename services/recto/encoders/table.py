"""The table of encoders: one card each. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from recto.encoders.card import IMAGENET_MEAN, IMAGENET_STD, Card
from recto.encoders.spec import parse_spec
from recto.errors import BadInput

TORCHVISION_LICENCE = "BSD-3-Clause (torchvision); trained on ImageNet, whose terms allow research"


def _imagenet(
    name: str,
    architecture: str,
    dimension: int,
    weights: str,
    summary: str,
    pooling: Literal["gem3", "flatten"] = "gem3",
) -> Card:
    """A card with torchvision's preprocessing of its first ImageNet weights (`IMAGENET1K_V1`)."""
    return Card(
        name=name,
        dimension=dimension,
        architecture=architecture,
        input_size=(224, 224),
        resize="centre_crop",
        shorter_side=256,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        interpolation="bilinear",
        pooling=pooling,
        weights=weights,
        weights_sha256=weights.split("-")[-1].removesuffix(".pth"),
        licence=TORCHVISION_LICENCE,
        summary=summary,
    )


_ALL = (
    Card(
        name="recto_small",
        dimension=256,
        architecture="recto_small",
        input_size=(192, 144),
        resize="squeeze",
        shorter_side=0,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        interpolation="bilinear",
        pooling="gem3",
        weights="recto_small_1.pt",
        weights_sha256="f8fef4fa261c429891b3032410b5a6a8dc0e6cd6a0c24ed09ccdfca949e17a7a",
        licence="Apache-2.0",
        summary="Recto's own small network, trained on drawn covers; ships with Recto, nothing to download.",
    ),
    _imagenet("vgg16", "vgg16", 512, "vgg16-397923af.pth", "VGG16's convolutions, pooled. Slow."),
    _imagenet(
        "vgg16-flat",
        "vgg16",
        25088,
        "vgg16-397923af.pth",
        "VGG16 with its classifier cut off, every position kept: large, and blind to moved covers.",
        pooling="flatten",
    ),
    _imagenet(
        "resnet50", "resnet50", 2048, "resnet50-0676ba61.pth", "ResNet-50's last convolutions, pooled."
    ),
    _imagenet(
        "mobilenet_v2", "mobilenet_v2", 1280, "mobilenet_v2-b0353104.pth", "MobileNetV2, pooled. Fast."
    ),
    _imagenet(
        "squeezenet1_1", "squeezenet1_1", 512, "squeezenet1_1-b8a52dc0.pth", "SqueezeNet, pooled. Fast."
    ),
)

CARDS: Mapping[str, Card] = MappingProxyType({card.name: card for card in _ALL})


def card(spec: str) -> Card:
    """The card of a spec: that of its network, with the name and the dimension of the whole.

    Raises:
        BadInput: it is no spec, there is no such network, or its embeddings cannot be projected so.
    """
    parts = parse_spec(spec)
    chosen = _network(parts.network)
    if parts.pca_size > chosen.dimension:
        raise BadInput(
            f"{chosen.name} has {chosen.dimension} numbers; a projection cannot have {parts.pca_size}."
        )
    return replace(chosen, name=str(parts), dimension=parts.pca_size or chosen.dimension)


def _network(name: str) -> Card:
    if name not in CARDS:
        raise BadInput(f"There is no encoder {name!r}. Known are: {', '.join(CARDS)}.")
    return CARDS[name]
