"""Networks as they are trained: their first weights, what is frozen, and the card they get."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from recto.encoders import torchvision_models
from recto.encoders.networks import build_network
from recto.encoders.small_network import SmallNetwork
from recto.errors import BadInput
from recto.settings import Settings
from recto_lab.training.config import Config, Network
from recto_lab.training.networks import build, freeze, make_card, set_training, without_head
from recto_lab.training.result import export

SETTINGS = Settings(device="cpu")
SQUARE = {"height": 64, "width": 64}


def _network(folder: Path, **options: object) -> nn.Module:
    return build(Network.model_validate(options), SETTINGS, folder)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, 256),
        ({"embedding": 64}, 64),
        ({"keep_head": False}, 384),
        ({"backbone": "mobilenet_v2", **SQUARE, "keep_head": False}, 1280),
        ({"backbone": "recto_plain", **SQUARE, "embedding": 32}, 32),
        ({"backbone": "mobilenet_v2", **SQUARE}, 256),
        ({"backbone": "mobilenet_v2", **SQUARE, "embedding": 0}, 1280),
        ({"backbone": "squeezenet1_1", **SQUARE, "embedding": 8, "pooling": "flatten"}, 8),
        ({"backbone": "vgg11", **SQUARE, "embedding": 128, "pooling": "avg"}, 128),
    ],
)
def test_a_trained_network_is_the_same_as_an_encoder(
    tmp_path: Path, options: dict[str, object], size: int
) -> None:
    config = Config(network=Network.model_validate(options))
    torch.manual_seed(0)
    network = build(config.network, SETTINGS, tmp_path)
    encoder = export(copy.deepcopy(network), config, tmp_path / "encoder")
    assert encoder.card.dimension == size
    picture = np.random.default_rng(0).integers(
        0, 256, (config.network.height, config.network.width, 3), np.uint8
    )
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (encoder.card.mean, encoder.card.std))
    prepared = (torch.from_numpy(picture).permute(2, 0, 1) / 255 - mean) / std
    with torch.inference_mode():
        shown = network if config.network.keep_head else without_head(network)
        own = nn.functional.normalize(shown.eval()(prepared[None]), dim=1)[0]
    assert float(own @ torch.from_numpy(encoder.embed([picture])[0])) > 0.9999


def test_the_weights_that_ship_can_be_trained_further(tmp_path: Path) -> None:
    network = _network(tmp_path, weights="published")
    assert isinstance(network, SmallNetwork)
    with torch.inference_mode():
        assert torch.isfinite(network(torch.randn(2, 3, 192, 144))).all()
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert _network(tmp_path, weights="published", embedding=32) is not None  # another head


def test_weights_of_a_complete_model_begin_a_backbone(tmp_path: Path) -> None:
    model = torchvision_models.random_model("squeezenet1_1")
    torch.save(model.state_dict(), tmp_path / "mine.pth")
    network = _network(tmp_path, backbone="squeezenet1_1", weights="mine.pth", **SQUARE)
    own = dict(model.named_parameters())["features.0.weight"]
    assert any(torch.equal(own, parameter) for parameter in network.parameters())


def test_weights_that_do_not_fit_or_cannot_be_read_are_refused(tmp_path: Path) -> None:
    torch.save(torchvision_models.random_model("squeezenet1_1").state_dict(), tmp_path / "other.pth")
    (tmp_path / "broken.pth").write_bytes(b"no weights")
    for name, what in (
        ("other.pth", "does not fit"),
        ("broken.pth", "cannot be read"),
        ("no.pth", "cannot be read"),
    ):
        for backbone in ("mobilenet_v2", "recto_small"):
            with pytest.raises(BadInput, match=what):
                _network(tmp_path, backbone=backbone, weights=name)


def test_a_frozen_backbone_leaves_the_head_to_train(tmp_path: Path) -> None:
    network = _network(tmp_path, backbone="squeezenet1_1", embedding=16, **SQUARE)
    freeze(network, "backbone")
    trained = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
    assert trained == ["head.weight", "head.bias"]


def test_named_parts_are_frozen_and_keep_their_batch_statistics(tmp_path: Path) -> None:
    network = _network(tmp_path, backbone="mobilenet_v2", frozen=["features.0", "features.1"], **SQUARE)
    frozen = {name for name, parameter in network.named_parameters() if not parameter.requires_grad}
    assert frozen
    assert all("features.0." in name or "features.1." in name for name in frozen)
    before = {name: value.clone() for name, value in network.named_buffers()}
    set_training(network)
    network(torch.randn(4, 3, 64, 64))
    changed = {name for name, value in network.named_buffers() if not torch.equal(before[name], value)}
    assert changed
    assert not any(".features.0." in f".{name}" or ".features.1." in f".{name}" for name in changed)


def test_a_part_that_does_not_exist_is_told_with_some_that_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no part 'layer9'.*features\.0"):
        _network(tmp_path, backbone="mobilenet_v2", frozen=["layer9"], **SQUARE)


def test_a_card_of_a_trained_network_of_torchvision_builds_it_without_torchvisions_weights() -> None:
    config = Config(name="mine", network=Network(backbone="mobilenet_v2", height=64, width=64))
    card = make_card(config, 256, "weights.pt", "0" * 64, "A test.")
    assert (card.head, card.architecture, card.resize) == (256, "mobilenet_v2", "squeeze")
    with pytest.raises(BadInput, match="do not fit"):
        build_network(card, torchvision_models.random_model("mobilenet_v2").state_dict())
