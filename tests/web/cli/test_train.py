"""`recto train` as its users run it: from a folder of covers to an encoder of the installation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recto_lab.synthetic import draw_covers

pytestmark = pytest.mark.slow

CONFIG = """
name = "mine"
[data]
kind = "covers"
folder = "scans"
held_out = 0.25
[network]
weights = "published"
height = 64
width = 48
embedding = 32
[loss]
memory = 0
[sampler]
pairs = 8
[optimiser]
rate = 0.0003
[schedule]
steps = 12
warmup = 2
decay = 4
[validation]
every = 6
[projection]
size = 16
pairs = 64
[hardware]
device = "cpu"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 covers and a file that is none, beside a configuration."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "scans").mkdir()
    for number in range(20):
        draw_covers(number, seed=33, height=320).convert("RGB").save(folder / "scans" / f"{number}.jpg")
    (folder / "scans" / "broken.jpg").write_bytes(b"no picture")
    (folder / "mine.toml").write_text(CONFIG)
    return folder


def _recto(folder: Path, *arguments: object, code: int = 0) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECTO_")}
    done = subprocess.run(
        [sys.executable, "-m", "recto_web.cli", *map(str, arguments)],
        env={**kept, "RECTO_DATA_DIR": str(folder / "data"), "RECTO_TORCH_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_configuration_is_checked_without_training(folder: Path) -> None:
    said = _recto(folder, "train", folder / "mine.toml", "--out", folder / "checked", "--check")
    assert "18 pictures to learn from, 2 held out, 1 left out" in said
    assert not (folder / "checked" / "checkpoint.pt").exists()


def test_what_is_wrong_is_told_with_its_line(folder: Path) -> None:
    (folder / "wrong.toml").write_text(CONFIG.replace("rate = 0.0003", "rte = 0.0003"))
    said = _recto(folder, "train", folder / "wrong.toml", code=1)
    assert "line 17: optimiser.rte: there is no such key. Did you mean 'rate'?" in said
    assert not (folder / "wrong").exists()


def test_what_turns_out_not_to_fit_is_told_with_its_line_too(folder: Path) -> None:
    text = CONFIG.replace("embedding = 32", 'embedding = 32\nfrozen = ["trunk.99"]')
    (folder / "unfit.toml").write_text(text)
    assert "line 12: network.frozen: there is no part 'trunk.99'" in _recto(
        folder, "train", folder / "unfit.toml", code=1
    )


def test_an_empty_catalogue_is_told(folder: Path) -> None:
    text = CONFIG.replace('kind = "covers"\nfolder = "scans"', 'kind = "catalogue"')
    (folder / "catalogue.toml").write_text(text)
    assert "0" in _recto(folder, "train", folder / "catalogue.toml", code=1)


def test_what_was_trained_becomes_an_encoder(folder: Path) -> None:
    said = _recto(folder, "train", folder / "mine.toml")
    assert "step 12 of 12" in said
    out = folder / "mine"
    report = json.loads((out / "report.json").read_text())
    assert report["queries"] == 2
    assert len(report["left_out"]) == 1
    assert (out / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert "| recall@1 |" in (out / "report.md").read_text()
    again = _recto(folder, "train", folder / "mine.toml")
    assert "step" not in again.split("Done")[0]  # it has come to its end: nothing is trained once more
    assert report["dimension"] == 16
    said = json.loads(_recto(folder, "encoders", "add", out / "encoder", "--json").splitlines()[-1])
    assert (said["encoder"][:5], said["dimension"], said["is_new"]) == ("mine-", 16, True)
    assert "+pca16-" in said["encoder"]
    shown = json.loads(_recto(folder, "encoders", "show", said["encoder"], "--json").splitlines()[-1])
    assert shown["dimension"] == 16
    cards = json.loads(_recto(folder, "encoders", "list", "--json").splitlines()[-1])
    added = next(card for card in cards if card["added"])
    assert (added["name"].rsplit("-", 1)[0], added["dimension"]) == ("mine", 32)
