"""Covers that tests of the simulated photos share."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from recto.training.covers import map_covers, render_covers


@pytest.fixture(scope="session")
def cover_bank(tmp_path_factory: pytest.TempPathFactory) -> Tensor:
    path = render_covers(tmp_path_factory.mktemp("covers"), "covers", 64, 5, 0.5, 1)
    return torch.from_numpy(map_covers(path).copy())
