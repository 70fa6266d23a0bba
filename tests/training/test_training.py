"""Training of our own network: it resumes exactly after a kill, and its parts do what they say."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
import torch
from torch.nn import functional

from recto.encoders.small_network import SmallNetwork, fold
from recto.training.augment import PhotoOptions, photo_view
from recto.training.batches import make_pairs
from recto.training.checkpoint import load_checkpoint
from recto.training.covers import map_covers, render_covers
from recto.training.export import export
from recto.training.losses import Memory, contrast, spread
from recto.training.options import Options
from recto.training.run import train
from recto.vectors import RGB

TINY = Options(
    covers=64,
    drawn=0.0,
    pairs=16,
    steps=24,
    warmup=4,
    decay=8,
    low_steps=12,
    low_height=64,
    height=80,
    memory=64,
    memory_from=6,
    held_out=32,
    validate_every=12,
    checkpoint_every=4,
)


def _start(out: Path) -> subprocess.Popen[bytes]:
    options = [
        part for key, value in asdict(TINY).items() for part in (f"--{key.replace('_', '-')}", str(value))
    ]
    program = [sys.executable, "-m", "recto.training.small", "--out", str(out), *options]
    return subprocess.Popen(
        program, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    )


def _wait(until: float, happened: object) -> None:
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_a_killed_training_goes_on_to_the_same_network_and_leaves_no_worker(tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = _start(killed)
    _wait(time.monotonic() + 150, (killed / "checkpoint.pt").exists)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert workers
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []
    interrupted = load_checkpoint(killed / "checkpoint.pt")
    assert interrupted is not None
    assert interrupted["step"] < TINY.steps
    resumed = train(killed, TINY).state_dict()
    uninterrupted = train(whole, TINY).state_dict()
    assert all(torch.equal(resumed[name], uninterrupted[name]) for name in uninterrupted)


@pytest.fixture(scope="module")
def covers(tmp_path_factory: pytest.TempPathFactory) -> RGB:
    return map_covers(render_covers(tmp_path_factory.mktemp("covers"), "covers", 40, 5, 0.5, 1))


def test_covers_differ_from_one_another(covers: RGB) -> None:
    assert covers.shape == (40, 256, 176, 3)
    assert len({cover.tobytes() for cover in covers}) == 40


def test_rendering_keeps_what_an_interrupted_call_has_done(tmp_path: Path) -> None:
    path = render_covers(tmp_path, "covers", 60, 5, 0.0, 1)
    marked = np.memmap(path, np.uint8, "r+")
    marked[:100] = 7
    marked.flush()
    done = np.memmap(path.with_suffix(".done"), np.uint8, "r+")
    done[50] = 0
    done.flush()
    again = map_covers(render_covers(tmp_path, "covers", 60, 5, 0.0, 1))
    assert (again.reshape(-1)[:100] == 7).all()


def test_a_batch_is_a_function_of_seed_and_step(covers: RGB) -> None:
    first, again, next_one = (make_pairs(covers, 1, step, 16, 96) for step in (3, 3, 4))
    assert np.array_equal(first.portrait, again.portrait)
    assert np.array_equal(first.landscape, again.landscape)
    assert not np.array_equal(first.portrait, next_one.portrait)


def test_every_image_of_a_batch_belongs_to_one_pair(covers: RGB) -> None:
    pairs = make_pairs(covers, 1, 0, 32, 96)
    total = len(pairs.portrait) + len(pairs.landscape)
    assert sorted([*pairs.catalogue, *pairs.photos]) == list(range(total))
    assert len(set(pairs.covers.tolist())) == 32
    assert pairs.portrait.shape[1:] == (96, 64, 3)
    assert pairs.landscape.shape[1:] == (64, 96, 3)


def test_a_photo_shows_its_own_cover(covers: RGB) -> None:
    """Seen straight on, a photo's middle correlates more with its own cover than with any other, mostly."""
    straight = PhotoOptions(turn=0, any_turn=0, smallest=0.9, largest=0.9, perspective=0)
    rng = np.random.default_rng(0)
    photos = [photo_view(cover, list(covers[:3]), rng, 128, 96, straight) for cover in covers]
    looks = [np.stack([_look(picture) for picture in pictures]) for pictures in (photos, list(covers))]
    nearest = (looks[0] @ looks[1].T).argmax(1)
    assert np.mean(nearest == np.arange(len(covers))) > 0.3  # 0.025 would be chance


def _look(picture: RGB) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Brightness of a coarse grid, without its mean, at unit length."""
    grid = np.asarray(cv2.resize(picture, (9, 12), interpolation=cv2.INTER_AREA), np.float64).mean(2).ravel()
    return np.asarray((grid - grid.mean()) / (np.linalg.norm(grid - grid.mean()) + 1e-9))


def test_folding_changes_nothing_but_the_form() -> None:
    torch.manual_seed(0)
    network = SmallNetwork()
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.running_mean, -0.2, 0.2)  # type: ignore[arg-type]
            torch.nn.init.uniform_(part.running_var, 0.5, 2)  # type: ignore[arg-type]
            torch.nn.init.uniform_(part.weight, 0.5, 1.5)
    images = torch.randn(2, 3, 96, 64)
    with torch.inference_mode():
        assert torch.allclose(network.eval()(images), fold(network)(images), atol=1e-4)


def test_an_export_is_small_and_loads_strictly(tmp_path: Path) -> None:
    torch.save({"network": SmallNetwork().state_dict()}, tmp_path / "checkpoint.pt")
    export(tmp_path / "checkpoint.pt", tmp_path / "network.pt")
    assert (tmp_path / "network.pt").stat().st_size < 3_000_000
    SmallNetwork(folded=True).load_state_dict(
        torch.load(tmp_path / "network.pt", weights_only=True), strict=True
    )


def test_contrast_is_low_when_each_photo_is_nearest_to_its_own_cover() -> None:
    rows = functional.normalize(torch.randn(8, 32, generator=torch.Generator().manual_seed(0)), dim=1)
    right_loss, right = contrast(rows, rows, torch.arange(8), Memory(4, 32))
    wrong_loss, wrong = contrast(rows.roll(1, 0), rows, torch.arange(8), Memory(4, 32))
    assert right == 1
    assert wrong == 0
    assert right_loss < 0.1 < wrong_loss


def test_a_remembered_view_of_the_same_cover_is_no_negative() -> None:
    rows = functional.normalize(torch.randn(4, 16, generator=torch.Generator().manual_seed(0)), dim=1)
    same, others = Memory(4, 16), Memory(4, 16)
    same.add(rows, torch.arange(4))
    others.add(rows, torch.arange(4) + 100)
    without = contrast(rows, rows, torch.arange(4), Memory(4, 16))[0]
    assert contrast(rows, rows, torch.arange(4), same)[0] < contrast(rows, rows, torch.arange(4), others)[0]
    assert without <= contrast(rows, rows, torch.arange(4), same)[0]


def test_memory_drops_the_oldest() -> None:
    memory = Memory(3, 2)
    for cover in range(5):
        memory.add(torch.full((1, 2), float(cover)), torch.tensor([cover]))
    assert memory.newest()[1].tolist() == [4, 3, 2]


def test_spread_is_lower_for_points_further_apart() -> None:
    crowded = functional.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.1], [1.0, -0.1]]), dim=1)
    apart = functional.normalize(torch.tensor([[1.0, 0.0], [-0.5, 0.9], [-0.5, -0.9]]), dim=1)
    assert spread(apart) < spread(crowded)
