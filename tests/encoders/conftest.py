"""What the tests of the encoders share: images and a folder of weights filled at random."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from tests.encoders.pictures import draw_image

from recto.encoders import CARDS
from recto.encoders.torchvision_models import empty_model
from recto.settings import Settings
from recto.vectors import RGB


@pytest.fixture(scope="session")
def images() -> list[RGB]:
    """Tall, wide, square, tiny and large pictures."""
    sizes = [(600, 400), (400, 600), (300, 300), (40, 30), (1024, 700)]
    return [draw_image(*size, seed) for seed, size in enumerate(sizes)]


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Complete weights of the torchvision networks that Recto names first, filled from a fixed seed: what is computed
    does not depend on their meaning, and the published ones would have to be downloaded."""
    folder = tmp_path_factory.mktemp("weights")
    for name in {card.architecture for card in CARDS.values()} - {"recto_small"}:
        torch.manual_seed(7)
        shapes = {key: value.shape for key, value in empty_model(name).state_dict().items()}
        torch.save({key: _fill(key, shape) for key, shape in shapes.items()}, folder / f"{name}.pth")
    return folder


def _fill(key: str, shape: torch.Size) -> torch.Tensor:
    """Values that keep activations near 1; classifiers, which no encoder uses, take no room in the file."""
    if key.startswith(("classifier", "fc")) or not shape:
        return torch.zeros(1).expand(shape) if shape else torch.tensor(0)
    if len(shape) == 1:
        return torch.rand(shape) + 0.5 if key.endswith(("weight", "var")) else torch.rand(shape) * 0.2 - 0.1
    scale = math.sqrt(2 / math.prod(shape[1:]))
    return torch.randn(shape) * scale


@pytest.fixture(scope="session")
def random_settings(random_weights: Path) -> Settings:
    """Settings that name the folder of random weights."""
    return Settings(weights_dir=str(random_weights), device="cpu", torch_threads=1)
