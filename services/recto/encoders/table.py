"""The table of encoders: one card each. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from recto.encoders.card import Card
from recto.encoders.spec import Spec, parse_spec
from recto.encoders.torchvision_cards import torchvision_cards
from recto.errors import BadInput

_NETWORKS = torchvision_cards()

_SMALL = Card(
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
    summary="Recto's own small network, its first version: for catalogues that have it.",
)
_SMALL_2 = replace(
    _SMALL,
    name="recto_small_2",
    dimension=384,
    head=0,
    weights="recto_small_2.pt",
    weights_sha256="17c6e6611627e76e52babc5f8de344c657049af62d1ff74434f6c3e4849eea7c",
    summary="Recto's own small network, trained on drawn covers; ships with Recto, nothing to download.",
)
NEWEST_SMALL = _SMALL_2.name
"""The network that `recto train` goes on from when it is asked for `recto_small` with published weights."""
_CHOSEN = (
    replace(
        _SMALL_2,
        name="recto_small_2+pca256-46ab935c",
        dimension=256,
        summary="recto_small_2 with a projection learned from drawn covers; the default, ships with Recto too.",
    ),
    _SMALL_2,
    _SMALL,
    replace(
        _SMALL,
        name="recto_small+pca256-c5762e49",
        summary="The first version, whitened: the default until the second came.",
    ),
    replace(_NETWORKS["vgg16"], summary="VGG16's convolutions, pooled. Slow."),
    replace(
        _NETWORKS["vgg16"],
        name="vgg16-flat",
        dimension=25088,
        pooling="flatten",
        summary="VGG16 with its classifier cut off, every position kept: large, and blind to moved covers.",
    ),
    replace(_NETWORKS["resnet50"], summary="ResNet-50's last convolutions, pooled."),
    replace(_NETWORKS["mobilenet_v2"], summary="MobileNetV2, pooled. Fast."),
    replace(_NETWORKS["squeezenet1_1"], summary="SqueezeNet, pooled. Fast."),
)

CARDS: Mapping[str, Card] = MappingProxyType({card.name: card for card in _CHOSEN})
"""The encoders that Recto names first; `all_cards` has every other network of torchvision too."""


def card(spec: str) -> Card:
    """The card of a spec: that of its network, with the name and the dimension of the whole. It knows what comes with
    Recto; `recto.encoders.known_card` also knows what was added to a store.

    Raises:
        BadInput: it is no spec, there is no such network, or its embeddings cannot be projected so.
    """
    parts = parse_spec(spec)
    chosen = all_cards().get(parts.network)
    if chosen is None:
        raise BadInput(
            f"There is no encoder {parts.network!r}. Known are: {', '.join(CARDS)}; and the other networks of "
            f"torchvision that classify images, which `recto encoders list --all` shows. Those that you add are named "
            "NAME-HASH8, as `recto encoders list` shows them."
        )
    return card_of_whole(parts, chosen)


def card_of_whole(parts: Spec, chosen: Card) -> Card:
    """The card of a spec from that of its network.

    Raises:
        BadInput: its embeddings cannot be projected so.
    """
    if parts.pca_size > chosen.dimension:
        raise BadInput(
            f"{chosen.name} has {chosen.dimension} numbers; a projection cannot have {parts.pca_size}."
        )
    return replace(chosen, name=str(parts), dimension=parts.pca_size or chosen.dimension)


@cache
def all_cards() -> Mapping[str, Card]:
    """The encoders that Recto names first, then every other network of torchvision."""
    others = {name: card for name, card in _NETWORKS.items() if name not in CARDS}
    return MappingProxyType({**CARDS, **others})
