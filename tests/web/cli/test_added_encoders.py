"""An encoder that a person adds, with real processes: found by those that run already, and by those that come later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.support.encoder_folders import small_folder, squeezenet_folder
from tests.web.cli.test_commands import Recto
from tests.workers.running import Up

from recto.settings import Settings
from recto_lab.synthetic import EASY, draw_book, photograph

pytestmark = pytest.mark.slow

SEED, BOOKS = 47, 6


@pytest.fixture(scope="module")
def covers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled set: the covers of six drawn books, and an easy photo of one of them."""
    folder = tmp_path_factory.mktemp("covers")
    lines = ["book_id,front,title"]
    for number in range(BOOKS):
        front = draw_book(number, seed=SEED, height=480).front
        front.save(folder / f"book{number}.jpg", quality=92)
        lines.append(f"book{number},book{number}.jpg,Title {number}")
        if number == 2:
            shot = photograph(front, np.random.default_rng(3), options=EASY, size=900)
            shot.image.save(folder / "photo.jpg", quality=90)
    (folder / "manifest.csv").write_text("\n".join(lines))
    (folder / "queries.csv").write_text("id,file,truth,set\nphoto,photo.jpg,book2,easy\n")
    return folder


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, covers: Path) -> Iterator[Recto]:
    """Commands against a running instance whose catalogue holds the books."""
    folder = tmp_path_factory.mktemp("data")
    with Up(Settings(data_dir=folder, torch_threads=1)):
        recto = Recto(folder)
        assert recto.json("ingest", covers / "manifest.csv")["indexed"] == BOOKS
        yield recto


def found(recto: Recto, covers: Path) -> str:
    """The book that the photo is found to show."""
    return str(recto.json("search", covers / "photo.jpg")["books"][0]["book_id"])


def test_a_running_catalogue_changes_to_an_encoder_that_is_added(
    running: Recto, covers: Path, tmp_path: Path
) -> None:
    folder = small_folder(tmp_path / "encoder", name="mine")
    added = running.json("encoders", "add", folder)
    spec = added["encoder"]
    assert (added["dimension"], added["is_new"], spec.startswith("mine-")) == (256, True, True)
    assert "was added before" in running("encoders", "add", folder).stdout
    assert f"{spec} (recipe" in running("reindex", "--encoder", spec, "--yes").stdout
    assert running.json("status")["live"]["encoder"] == spec
    assert found(running, covers) == "book2"
    assert spec in running("doctor").stdout
    running("reindex", "prune", "--yes")
    assert f"{spec}+pca3-" in running("reindex", "--encoder", spec, "--pca", "3", "--yes").stdout
    assert found(running, covers) == "book2"


def test_a_running_catalogue_is_rebuilt_with_it(running: Recto, covers: Path, tmp_path: Path) -> None:
    spec = running.json("encoders", "add", squeezenet_folder(tmp_path / "encoder"), "--name", "squeezed")[
        "encoder"
    ]
    assert spec.startswith("squeezed-")
    running("rebuild", "--encoder", spec, "--yes")
    assert running.json("ingest", covers / "manifest.csv")["failed"] == 0  # waits until all is done
    assert running.json("status")["live"]["encoder"] == spec
    assert found(running, covers) == "book2"


def test_a_new_catalogue_begins_with_it_and_it_is_evaluated_by_name(covers: Path, tmp_path: Path) -> None:
    recto = Recto(tmp_path / "data")
    spec = recto.json("encoders", "add", small_folder(tmp_path / "encoder"))["encoder"]
    recto.environment["RECTO_ENCODER"] = spec
    assert spec in recto("doctor").stdout
    table = recto("evaluate", covers, "--methods", f"{spec},recto").stdout
    assert spec in table
    assert recto.json("ingest", covers / "manifest.csv")["indexed"] == BOOKS
    assert recto.json("status")["live"]["encoder"] == spec


def test_added_encoders_are_listed_and_shown(tmp_path: Path) -> None:
    recto = Recto(tmp_path / "data")
    spec = recto.json("encoders", "add", small_folder(tmp_path / "encoder"))["encoder"]
    cards = {card["name"]: card for card in recto.json("encoders", "list")}
    assert (cards[spec]["added"], cards["recto_small"]["added"]) == (True, False)
    assert "Added: A test's own." in recto("encoders", "list", "--all").stdout
    shown = recto.json("encoders", "show", f"{spec}@openvino-f32")
    assert shown["dimension"] == 256
    assert Path(shown["found"]).is_file()


def test_what_cannot_be_added_is_told_in_a_sentence(tmp_path: Path) -> None:
    recto = Recto(tmp_path / "data")
    assert "card.json is not there" in recto("encoders", "add", tmp_path, code=1).stderr
    assert "Usage" in recto("encoders", "add", tmp_path / "nowhere", code=2).stderr
    missing = recto("reindex", "--encoder", "mine-00000000", "--yes", "--no-wait", code=1).stderr
    assert "recto encoders add" in missing
    assert "recto encoders add" in recto("rebuild", "--encoder", "mine-00000000", "--yes", code=1).stderr
