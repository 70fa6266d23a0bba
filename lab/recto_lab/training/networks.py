"""The network of a configuration, ready to be trained, and the card that it will have as an encoder."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import nn

from recto.encoders.card import IMAGENET_MEAN, IMAGENET_STD, Card
from recto.encoders.card import OWN_ARCHITECTURES as OWN
from recto.encoders.networks import Pooled, pooled_width, trainable
from recto.encoders.plain_network import PlainNetwork
from recto.encoders.small_network import POOLED, SmallNetwork
from recto.encoders.table import CARDS, NEWEST_SMALL
from recto.encoders.table import card as card_of
from recto.encoders.weights import load_weights
from recto.settings import Settings
from recto_lab.training.config import Config, Network, WrongValue

State = dict[str, Any]
FOLDED = "trunk.0.conv.bias"
"""A weight that only the form without batch normalisation has."""


def build(config: Network, settings: Settings, base: Path) -> nn.Module:
    """The network with its first weights; frozen parts ask for no gradient. `base`: folder that a file of weights is
    relative to.

    Raises:
        WrongValue: the weights cannot be read or do not fit, or no part is called as `frozen` says.
        WeightsMissing: published weights are neither here nor to be downloaded.
    """
    state = _first_weights(config, settings, base)
    try:
        network = _empty(config, state)
    except (RuntimeError, ValueError) as error:
        why = f"{config.weights} does not fit {config.backbone}: {str(error).splitlines()[0]}"
        raise WrongValue("network.weights", why) from error
    freeze(network, config.frozen)
    return network


def _empty(config: Network, state: State | None) -> nn.Module:
    if config.backbone not in OWN:
        return trainable(config.backbone, config.pooling, config.embedding, config.height, state)
    if config.backbone == "recto_plain":
        own: nn.Module = PlainNetwork(config.height, config.embedding)
    else:
        own = SmallNetwork(folded=state is not None and FOLDED in state, dimension=config.embedding)
    if state is not None:
        _load_own(own, state)
    return own


def _load_own(network: nn.Module, state: State) -> None:
    """Weights of a network of our own; a head of another size is left to begin at random."""
    head = state.get("head.weight")
    fits = head is not None and head.shape == network.get_parameter("head.weight").shape
    used = {name: value.float() for name, value in state.items() if fits or not name.startswith("head.")}
    result = network.load_state_dict(used, strict=False)
    missing = [name for name in result.missing_keys if fits or not name.startswith("head.")]
    if missing or result.unexpected_keys:
        raise ValueError(f"it lacks {missing[:3]} and has {result.unexpected_keys[:3]} instead.")


def _first_weights(config: Network, settings: Settings, base: Path) -> State | None:
    if config.weights == "none":
        return None
    if config.weights == "published":
        newest = NEWEST_SMALL if config.backbone == "recto_small" else config.backbone
        return load_weights(card_of(newest), settings)[0]
    path = base / Path(config.weights).expanduser()
    try:
        state: State = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        why = f"{path} cannot be read: {str(error).splitlines()[0]}"
        raise WrongValue("network.weights", why) from error
    return state


def freeze(network: nn.Module, frozen: str | list[str]) -> None:
    """Take the named parts out of training.

    Raises:
        WrongValue: no parameter belongs to a named part; the message names some that there are.
    """
    if frozen == "none":
        return
    if frozen == "backbone":
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(name.startswith("head."))
        return
    for part in frozen:
        inside = [own for name, own in network.named_parameters() if f".{name}.".find(f".{part}.") >= 0]
        if not inside:
            parts = sorted(
                {name.removeprefix("body.body.").rsplit(".", 1)[0] for name, _ in network.named_parameters()}
            )
            raise WrongValue(
                "network.frozen", f"there is no part {part!r}. Parts are: {', '.join(parts[:12])}..."
            )
        for parameter in inside:
            parameter.requires_grad_(False)


def set_training(network: nn.Module) -> None:
    """Training mode, except where everything inside is frozen: its batch statistics stay as they are."""
    network.train()
    for part in network.modules():
        own = list(part.parameters())
        if own and not any(parameter.requires_grad for parameter in own):
            part.eval()


def is_random(network: nn.Module) -> bool:
    """Whether it draws random numbers in training (dropout, stochastic depth)."""
    kinds = ("Dropout", "StochasticDepth")
    return any(type(part).__name__.startswith(kinds) for part in network.modules())


def normalisation(backbone: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean and standard deviation of RGB in 0 to 1 that a backbone's input is normalised with."""
    if backbone in OWN:
        return CARDS["recto_small"].mean, CARDS["recto_small"].std
    return IMAGENET_MEAN, IMAGENET_STD


def embedding_size(network: nn.Module, config: Network) -> int:
    """Numbers of an embedding."""
    if config.embedding:
        return config.embedding
    assert isinstance(network, nn.Module)
    return pooled_width(network.body, config.pooling, config.height)  # type: ignore[arg-type]


def encoder_size(shipped: nn.Module, config: Network) -> int:
    """Numbers of an embedding of the encoder that comes out."""
    if config.keep_head:
        return embedding_size(shipped, config)
    if isinstance(shipped, SmallNetwork):
        return POOLED
    return embedding_size(shipped, config.model_copy(update={"embedding": 0}))


def without_head(network: nn.Module) -> nn.Module:
    """The network up to its pooling."""
    if isinstance(network, SmallNetwork):
        cut = SmallNetwork(isinstance(network.trunk[0].norm, nn.Identity), 0)
        cut.trunk.load_state_dict(network.trunk.state_dict())
        return cut
    assert isinstance(network, Pooled)
    return Pooled(network.body, network.pooling)


def _head(network: Network) -> int | None:
    """What a card says of the linear layer."""
    if network.backbone in OWN:
        return None if network.keep_head else 0
    return network.embedding if network.keep_head else 0


def make_card(config: Config, dimension: int, weights: str, sha256: str, summary: str) -> Card:
    """The card of the encoder that a run made. Its weights are the user's: the licence is for them to say."""
    network = config.network
    mean, std = normalisation(network.backbone)
    return Card(
        name=config.name,
        dimension=dimension,
        architecture=network.backbone,
        input_size=(network.height, network.width),
        resize="squeeze",
        shorter_side=0,
        mean=mean,
        std=std,
        interpolation="bilinear",
        pooling="gem3" if network.backbone == "recto_small" else network.pooling,
        weights=weights,
        weights_sha256=sha256,
        licence="of whoever trained it",
        summary=summary,
        head=_head(network),
    )
