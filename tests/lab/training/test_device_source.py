"""Training on photos that are simulated where the network is: the same run again and again, whatever fits."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.lab.training.configs import SHELF, write

from recto.settings import Settings
from recto_lab.training.batches import Plan
from recto_lab.training.config import Augmentation
from recto_lab.training.curves import read_curve
from recto_lab.training.device_source import DeviceSource
from recto_lab.training.loop import train
from recto_lab.training.read_config import read_config
from recto_lab.training.sources import Images, prepare_shelf

pytestmark = pytest.mark.slow

PLAN = Plan(1, 8, "random", Augmentation(on="device"), False, ((48, 32),) * 4)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    folder = tmp_path_factory.mktemp("covers")
    return prepare_shelf(folder, covers=64, held_out=2, seed=5, drawn=0.0, processes=1).training


@pytest.mark.parametrize("resident_bytes", [0, 2**30])
def test_a_batch_is_a_function_of_plan_and_step(images: Images, resident_bytes: int) -> None:
    first, again = (DeviceSource(images, PLAN, CPU, resident_bytes).batch(2) for _ in range(2))
    other = DeviceSource(images, PLAN, CPU, resident_bytes).batch(3)
    assert torch.equal(first.portrait, again.portrait)
    assert torch.equal(first.labels, again.labels)
    assert not torch.equal(first.labels, other.labels)
    assert first.portrait.shape[1:] == (48, 32, 3)
    assert len(first.portrait) + len(first.landscape) == 16


def test_labels_are_those_of_the_pictures_also_when_few_lie_on_the_device(images: Images) -> None:
    whole, few = (DeviceSource(images, PLAN, CPU, size).batch(0) for size in (2**30, 0))
    assert torch.equal(whole.labels, few.labels)


def test_a_run_learns_from_photos_made_on_the_device(tmp_path: Path) -> None:
    text = SHELF.replace("[sampler]", '[augmentation]\non = "device"\n[sampler]').replace(
        "pairs = 16", "pairs = 8"
    )
    run = train(tmp_path / "run", read_config(write(tmp_path, text)), Settings(device="cpu"), tmp_path)
    assert run.step == 24
    assert all(line["loss"] > 0 for line in read_curve(tmp_path / "run" / "curve.csv"))
