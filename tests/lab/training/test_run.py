"""Training runs: killed at any moment they come to the same result; they end early, and refuse what does not fit."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from tests.lab.training.configs import CLASSES, SHELF, write
from tests.support.decoys import lay_decoys

from recto.errors import BadInput
from recto.settings import Settings
from recto_lab.training.checkpoint import load_checkpoint
from recto_lab.training.checks import check
from recto_lab.training.config import Schedule
from recto_lab.training.curves import read_curve
from recto_lab.training.loop import train
from recto_lab.training.optimising import rate_share
from recto_lab.training.read_config import read_config
from recto_lab.training.run import Run

pytestmark = pytest.mark.slow

SETTINGS = Settings(device="cpu")
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}


def _start(config: Path, out: Path, log: Path) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-m", "recto_web.cli", "train", str(config), "--out", str(out)]
    with log.open("ab") as file:
        return subprocess.Popen(program, stdout=file, stderr=subprocess.STDOUT, env=ENVIRONMENT)


def _kill_within(process: subprocess.Popen[bytes], curve: Path, rng: random.Random) -> bool:
    """Kill it a random moment after it wrote a line; whether it was still at work then."""
    lines, until = curve.read_bytes().count(b"\n") if curve.exists() else 0, time.monotonic() + 240
    while process.poll() is None and time.monotonic() < until:
        if curve.exists() and curve.read_bytes().count(b"\n") > lines:
            time.sleep(rng.uniform(0, 0.6))
            break
        time.sleep(0.02)
    workers = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert alive == [], "a worker outlived the training"
    return process.returncode == -signal.SIGKILL


def _train(config: Path, out: Path) -> Run:
    return train(out, read_config(config), SETTINGS, config.parent)


@pytest.mark.chaos
def test_a_training_killed_again_and_again_comes_to_the_same_result(tmp_path: Path) -> None:
    text = SHELF.replace("steps = 24", "steps = 60").replace("low_steps = 12", "low_steps = 30")
    config, killed, whole = write(tmp_path, text), tmp_path / "killed", tmp_path / "whole"
    rng, landed = random.Random(), 0
    for _ in range(3):
        process = _start(config, killed, tmp_path / "log")
        landed += _kill_within(process, killed / "curve.csv", rng)
    kept = load_checkpoint(killed / "checkpoint.pt")
    assert landed >= 1, (tmp_path / "log").read_text()
    resumed, undisturbed = _train(config, killed), _train(config, whole)
    for mine, other in ((resumed.network, undisturbed.network), (resumed.loss, undisturbed.loss)):
        assert mine.state_dict().keys() == other.state_dict().keys()
        assert all(torch.equal(value, other.state_dict()[name]) for name, value in mine.state_dict().items())
    assert (killed / "curve.csv").read_bytes() == (whole / "curve.csv").read_bytes()
    best = [load_checkpoint(out / "best.pt") for out in (killed, whole)]
    assert best[0] is not None
    assert best[1] is not None
    assert best[0]["step"] == best[1]["step"]
    assert kept is None or kept["step"] < 60


@pytest.mark.parametrize(
    ("loss", "augmentation"),
    [("contrastive", "none"), ("triplet", "light"), ("siamese", "photo"), ("classification", "light")],
)
def test_every_loss_learns_classes_that_differ(
    tmp_path: Path, class_folder: Path, loss: str, augmentation: str
) -> None:
    config = write(class_folder.parent, CLASSES.format(loss=loss, augmentation=augmentation))
    _train(config, tmp_path / "run")
    judged = [line["recall_1"] for line in read_curve(tmp_path / "run" / "curve.csv") if "recall_1" in line]
    assert len(judged) == 3
    assert judged[-1] > 0.6  # a third would be chance


def test_a_run_ends_early_when_validation_gets_no_better(tmp_path: Path, class_folder: Path) -> None:
    text = CLASSES.format(loss="triplet", augmentation="none").replace(
        "every = 20", "every = 5\npatience = 2"
    )
    config = write(class_folder.parent, text.replace("rate = 0.003", "rate = 0.000001"))
    run = _train(config, tmp_path / "run")
    assert run.ended
    assert run.step < 60
    assert run.step - run.best_step >= 10
    again = _train(config, tmp_path / "run")
    assert again.step == run.step


def test_a_folder_of_another_run_is_refused_and_a_longer_schedule_is_not(tmp_path: Path) -> None:
    short = SHELF.replace("steps = 24", "steps = 13")
    config = write(tmp_path, short.replace("decay = 8", "decay = 1"))
    assert _train(config, tmp_path / "run").step == 13
    with pytest.raises(BadInput, match="other values of seed, optimiser"):
        _train(write(tmp_path, f"seed = 2\n{short}\n[optimiser]\nrate = 0.1"), tmp_path / "run")
    longer = write(tmp_path, SHELF.replace("steps = 24", "steps = 16").replace("decay = 8", "decay = 2"))
    assert _train(longer, tmp_path / "run").step == 16


def test_a_loss_that_is_no_number_ends_the_run_with_what_to_do(tmp_path: Path, class_folder: Path) -> None:
    text = CLASSES.format(loss="classification", augmentation="none").replace("rate = 0.003", "rate = 10.0")
    text = text.replace("[optimiser]", '[optimiser]\nkind = "sgd"\nclip = 1e30')
    with pytest.raises(BadInput, match=r"lower optimiser\.rate"):
        _train(write(class_folder.parent, text), tmp_path / "run")


def test_more_pairs_than_pictures_are_refused_before_the_first_step(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, SHELF.replace("pairs = 16", "pairs = 65")))
    with pytest.raises(BadInput, match=r"sampler\.pairs: 65 pairs need as many pictures, and there are 64"):
        check(tmp_path / "run", config, SETTINGS, tmp_path)


def test_a_gpu_that_is_not_there_is_refused_before_the_first_step(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, SHELF.replace('device = "cpu"', 'device = "cuda:7"')))
    with pytest.raises(BadInput, match=r"hardware\.device"):
        check(tmp_path / "run", config, SETTINGS, tmp_path)


def test_two_processes_train_one_network_as_one_with_all_their_pairs(tmp_path: Path) -> None:
    """Started by torchrun, among files called like modules.

    Both have the same weights at the end, only one writes, and the batch is that of both.
    """
    config, out = write(tmp_path, SHELF), tmp_path / "run"
    programs, elsewhere = Path(sys.executable).parent, tmp_path / "elsewhere"
    elsewhere.mkdir()
    trace = lay_decoys(elsewhere)
    command = [str(programs / "torchrun"), "--standalone", "--nproc-per-node", "2", "--no-python"]
    command += [str(programs / "recto"), "train", str(config), "--out", str(out)]
    done = subprocess.run(
        command, cwd=elsewhere, capture_output=True, text=True, env=ENVIRONMENT, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not trace.exists(), trace.read_text()
    assert done.stdout.count("Done: ") == 1
    lines = read_curve(out / "curve.csv")
    assert [line["step"] for line in lines] == [6, 10, 12, 18, 20, 24]
    right = [line["right"] * 32 for line in lines]  # 2 x 16 pairs: shares of 32
    assert all(abs(value - round(value)) < 1e-3 for value in right)
    kept = load_checkpoint(out / "checkpoint.pt")
    assert kept is not None
    assert int(kept["loss"]["filled"]) == 64
    sizes = re.findall(r"(\d+) images/s", done.stdout)
    assert sizes


def test_the_rate_warms_up_stays_and_falls() -> None:
    schedule = Schedule(steps=100, warmup=10, decay=20)
    rates = [rate_share(schedule, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert set(rates[9:80]) == {1.0}
    assert rates[90] == pytest.approx(0.5)
    assert rates[80:] == sorted(rates[80:], reverse=True)


def test_the_configuration_of_a_run_is_kept_with_it(tmp_path: Path) -> None:
    config = write(tmp_path, SHELF.replace("steps = 24", "steps = 13").replace("decay = 8", "decay = 1"))
    _train(config, tmp_path / "run")
    assert json.loads((tmp_path / "run" / "config.json").read_text())["data"]["covers"] == 64
