"""`recto calibrate` against a running instance, as a person uses it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.web.cli.test_commands import Recto
from tests.workers.running import Up, wait_until

from recto.calibration import DEFAULT
from recto.settings import Settings
from recto_lab.synthetic import EASY, draw_book, photograph

pytestmark = pytest.mark.slow

SEED = 33
BOOKS, STRANGERS = 12, 4


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled set: drawn books with a photo of each, and photos of others that are not in it."""
    folder = tmp_path_factory.mktemp("labelled")
    books = [draw_book(index, seed=SEED, height=480) for index in range(BOOKS + STRANGERS)]
    photos, covers = [["id", "file", "truth"]], [["book_id", "front"]]
    for index, book in enumerate(books):
        shot = photograph(book.front, np.random.default_rng(index), options=EASY, size=720)
        shot.image.save(folder / f"photo{index}.jpg", quality=90)
        photos.append([f"photo{index}", f"photo{index}.jpg", f"book{index}" if index < BOOKS else ""])
        if index < BOOKS:
            book.front.save(folder / f"cover{index}.jpg", quality=92)
            covers.append([f"book{index}", f"cover{index}.jpg"])
    for name, rows in (("manifest.csv", covers), ("queries.csv", photos)):
        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def recto(tmp_path_factory: pytest.TempPathFactory, labelled: Path) -> Iterator[Recto]:
    """Commands against a running instance whose catalogue holds the drawn books."""
    folder = tmp_path_factory.mktemp("data")
    with Up(Settings(data_dir=folder, torch_threads=1)):
        run = Recto(folder)
        assert run.json("ingest", labelled / "manifest.csv")["indexed"] == BOOKS
        yield run


def test_too_few_photos_are_refused_and_nothing_is_kept(recto: Recto, labelled: Path) -> None:
    said = recto("calibrate", labelled, code=1).stderr
    assert f"{BOOKS} of the {BOOKS + STRANGERS} photos show a book that is in the catalogue" in said
    assert "Traceback" not in said


def test_without_a_source_the_way_is_told(recto: Recto) -> None:
    assert "Name a SOURCE" in recto("calibrate", code=2).stderr


def test_a_calibration_is_fitted_reported_and_used_without_a_restart(recto: Recto, labelled: Path) -> None:
    report = recto.json("calibrate", labelled, "--at-least", "5")
    assert report["stored"] is True
    assert report["searches"] == 2 * BOOKS + STRANGERS
    assert report["fitted"] + report["measures"]["items"] == report["searches"]
    assert report["measures"]["wrong"]["events"] == 0
    assert all(not each["in_catalogue"] for each in report["found_without_their_book"])
    assert report["before"]["default"] is True

    def told() -> dict[str, object]:
        found: dict[str, object] = recto.json("search", labelled / "photo0.jpg")["calibration"]
        return found

    wait_until(lambda: told()["items"] == report["measures"]["items"], "the new calibration counts")
    assert told() == {
        "error": round(report["measures"]["error"], 4),
        "items": report["measures"]["items"],
        "recipe_fits": True,
    }
    status = json.loads(recto("status", "--json").stdout)
    assert status["calibration"]["created"] == report["created"]
    assert "fitted on labelled" in recto("status").stdout
    assert "false accept" in recto("calibrate", "--show").stdout
    assert recto.json("calibrate", "--reset")["default"] is True


def test_a_dry_run_reports_as_people_read_it_and_keeps_nothing(recto: Recto, labelled: Path) -> None:
    said = recto("calibrate", labelled, "--at-least", "5", "--dry-run").stdout
    assert "calibration error" in said
    assert "before" in said
    assert "Not stored" in said
    assert recto.json("calibrate", "--show")["fitted"] == DEFAULT.fitted
