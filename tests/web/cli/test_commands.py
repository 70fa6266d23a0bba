"""The `recto` command as scripts and people use it: real processes, one running instance."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.workers.running import Up, wait_until

from recto.settings import Settings
from recto_lab.synthetic import EASY, draw_book, photograph

SEED = 21
BOOKS = 6


class Recto:
    """Runs commands on one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("RECTO_")
        } | {"RECTO_DATA_DIR": str(folder), "RECTO_TORCH_THREADS": "1"}

    def __call__(self, *arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "recto_web.cli", *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def json(self, *arguments: object, code: int = 0) -> Any:
        """The last line of output as JSON."""
        return json.loads(self(*arguments, "--json", code=code).stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def covers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with six drawn books, four of them with their backs, and files that are no covers."""
    folder = tmp_path_factory.mktemp("covers")
    for index in range(BOOKS):
        book = draw_book(index, seed=SEED, height=480)
        book.front.save(folder / f"book{index}_front.jpg", quality=92)
        if index < 4:
            book.back.save(folder / f"book{index}_back.jpg", quality=92)
    return folder


@pytest.fixture(scope="module")
def recto(tmp_path_factory: pytest.TempPathFactory, covers: Path) -> Iterator[Recto]:
    """Commands against a running instance whose catalogue holds the six books."""
    folder = tmp_path_factory.mktemp("data")
    with Up(Settings(data_dir=folder, torch_threads=1)):
        run = Recto(folder)
        assert run.json("ingest", covers) | {"job": "", "alike": 0, "seconds": 0} == {
            "job": "",
            "books": 6,
            "covers": 10,
            "indexed": 10,
            "unchanged": 0,
            "checked": 0,
            "failed": 0,
            "changed": {},
            "barcode_conflicts": 0,
            "alike": 0,
            "seconds": 0,
        }
        yield run


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Photos of the front and the back of book 2, and of a book that is nowhere in the catalogue."""
    folder = tmp_path_factory.mktemp("photos")
    known, stranger = draw_book(2, seed=SEED, height=480), draw_book(999_999, seed=SEED, height=480)
    pictures = {"front": known.front, "back": known.back, "stranger": stranger.front}
    for number, (name, picture) in enumerate(pictures.items()):
        shot = photograph(picture, np.random.default_rng(number), options=EASY, size=900)
        shot.image.save(folder / f"{name}.jpg", quality=90)
    return {name: folder / f"{name}.jpg" for name in pictures}


def test_ingesting_the_same_again_changes_nothing(recto: Recto, covers: Path) -> None:
    summary = recto.json("ingest", covers)
    assert (summary["unchanged"], summary["indexed"], summary["failed"]) == (10, 0, 0)


def test_a_dry_run_says_what_the_run_then_changes_and_the_run_empties_nothing(
    recto: Recto, covers: Path, tmp_path: Path
) -> None:
    first, second = covers / "first.csv", covers / "second.csv"
    first.write_text("book_id,front,title,isbn,tags\nv2,book0_front.jpg,Kept Title,9780141439518,red\n")
    second.write_text("book_id,back,year\nv2,book0_back.jpg,1999\n")
    assert recto.json("ingest", first)["changed"] == {}
    before = recto("show", "v2").stdout
    tried = recto.json("ingest", second, "--dry-run")
    assert (tried["changed"], tried["checked"], tried["indexed"]) == ({"year": 1}, 1, 0)
    assert "Would change the year of 1 book." in recto("ingest", second, "--dry-run").stdout
    assert recto("show", "v2").stdout == before
    done = recto.json("ingest", second)
    assert (done["changed"], done["indexed"]) == ({"year": 1}, 1)
    assert json.loads(recto("jobs", "show", done["job"], "--json").stdout)["changed"] == {"year": 1}
    assert "Changed the year of 1 book." in recto("jobs", "show", done["job"]).stdout
    shown = recto("show", "v2").stdout
    assert all(text in shown for text in ("Kept Title", "9780141439518", "1999"))
    first.unlink()
    second.unlink()
    recto("delete", "v2", "--yes")


def test_a_photo_finds_its_book(recto: Recto, photos: dict[str, Path]) -> None:
    result = recto.json("search", photos["front"])
    assert (result["verdict"], result["books"][0]["book_id"]) == ("found", "book2")
    assert result["photo"] == str(photos["front"])
    assert "book2" in recto("search", photos["front"]).stdout


def test_front_and_back_of_one_book_are_searched_together(recto: Recto, photos: dict[str, Path]) -> None:
    result = recto.json("search", photos["front"], "--back", photos["back"])
    assert (result["verdict"], result["books"][0]["book_id"]) == ("found", "book2")
    assert len(result["photos"]) == 2


def test_several_photos_give_a_line_each(recto: Recto, photos: dict[str, Path]) -> None:
    lines = recto("search", photos["front"], photos["stranger"], "--json").stdout.splitlines()
    assert [json.loads(line)["verdict"] for line in lines] == ["found", "not_found"]


def test_a_book_that_is_not_there_gives_exit_code_4(recto: Recto, photos: dict[str, Path]) -> None:
    assert "not in the catalogue" in recto("search", photos["stranger"], code=4).stdout


def test_a_photo_that_cannot_be_read_gives_exit_code_3_and_a_sentence(recto: Recto, tmp_path: Path) -> None:
    text = tmp_path / "letter.jpg"
    text.write_text("Dear reader")
    done = recto("search", text, code=3)
    assert "letter.jpg" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def odd_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worst that people send: first what shows book 3 in an unusual file, then what shows nothing."""
    folder = tmp_path_factory.mktemp("odd")
    cover = draw_book(3, seed=SEED, height=480).front
    cover.convert("CMYK").save(folder / "good_cmyk.jpg", quality=92)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    cover.rotate(90, expand=True).save(folder / "good_exif.jpg", quality=92, exif=exif)
    grey = Image.new("RGB", cover.size, (128, 128, 128))
    cover.quantize(255).save(folder / "good_animated.gif", save_all=True, append_images=[grey.quantize(2)])
    cover.save(folder / "good_16.tiff")
    Image.new("RGB", (1, 1)).save(folder / "bad_dot.png")
    (folder / "bad_empty.jpg").touch()
    (folder / "bad_text.jpg").write_text("Dear reader")
    (folder / "bad_huge.jpg").write_bytes(os.urandom(25_000_000))
    (folder / "bad_drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (folder / "bad_truncated.jpg").write_bytes((folder / "good_cmyk.jpg").read_bytes()[:8000])
    Image.new("1", (30_000, 30_000)).save(folder / "bad_bomb.png")
    return folder


def test_unusual_files_are_searched_and_bad_ones_get_a_sentence(recto: Recto, odd_photos: Path) -> None:
    good, bad = sorted(odd_photos.glob("good_*")), sorted(odd_photos.glob("bad_*"))
    done = recto("search", *bad, *good, "--json", code=3)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(result["photo"]) for result in results] == good
    assert {result["books"][0]["book_id"] for result in results} == {"book3"}
    assert {result["verdict"] for result in results} == {"found"}
    complaints = done.stderr.splitlines()
    assert [Path(line.split(": ")[0]) for line in complaints] == bad
    assert all(line.endswith(".") for line in complaints)


def test_items_that_failed_are_listed_and_give_exit_code_3(recto: Recto, tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "huge.jpg").write_bytes(os.urandom(25_000_000))
    draw_book(1, seed=5, height=480).front.save(tmp_path / "good.jpg")
    done = recto("ingest", tmp_path, code=3)
    for name in ("dot.png", "empty.jpg", "text.jpg", "huge.jpg"):
        assert name in done.stderr
    assert "1 indexed" in done.stdout
    assert "4 failed" in done.stdout


def test_a_manifest_with_bad_rows_keeps_the_good_ones(recto: Recto, covers: Path, tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes((covers / "book0_front.jpg").read_bytes())
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(
        "book_id,front,title,year\nm1,one.jpg,One,1999\nm2,nowhere.jpg,Two,\nm3,one.jpg,Three,soon\n"
    )
    summary = recto.json("ingest", manifest, code=3)
    assert (summary["indexed"], summary["failed"]) == (1, 2)
    assert "One" in recto("show", "m1").stdout
    recto("delete", "m1", "m2", "--yes")


def test_show_tells_a_book_and_its_covers(recto: Recto) -> None:
    record = recto.json("show", "book2")
    assert record["book_id"] == "book2"
    assert {cover["state"] for cover in record["covers"]} == {"indexed"}


def test_show_of_an_unknown_book_is_an_error_in_a_sentence(recto: Recto) -> None:
    assert recto("show", "nobody", code=1).stderr.startswith("recto: ")


def test_a_deleted_book_is_gone(recto: Recto, covers: Path, tmp_path: Path) -> None:
    picture = tmp_path / "only.jpg"
    draw_book(77, seed=SEED, height=480).front.save(picture, quality=92)
    recto("ingest", tmp_path)
    assert recto.json("search", picture)["books"][0]["book_id"] == "only"
    recto("delete", "only", "--yes")
    recto("show", "only", code=1)
    assert "only" not in [book["book_id"] for book in recto.json("search", picture, code=4)["books"]]


def test_status_shows_parts_covers_and_jobs(recto: Recto) -> None:
    facts = recto.json("status")
    assert facts["running"]
    assert {worker["role"] for worker in facts["workers"]} >= {"index", "ingest"}
    assert facts["covers"]["indexed"] >= 10
    assert facts["jobs"]
    assert "recto_small" in recto("status").stdout


def test_doctor_finds_nothing_wrong(recto: Recto) -> None:
    lines = recto("doctor").stdout.splitlines()
    assert lines
    assert all(line.startswith("good") for line in lines)


def test_the_encoder_is_changed_and_changed_back_while_the_catalogue_is_in_use(
    recto: Recto, photos: dict[str, Path]
) -> None:
    first = recto.json("search", photos["front"])["recipe"]
    assert "recto_small+pca4-" in recto("reindex", "--encoder", "recto_small", "--pca", "4", "--yes").stdout
    second = recto.json("search", photos["front"])
    assert (second["books"][0]["book_id"], second["recipe"] == first) == ("book2", False)
    status = recto.json("reindex", "status")
    assert (status["other_state"], status["lost"], status["other"]["recipe_id"]) == ("previous", 0, first)
    assert "recto_small" in recto("reindex", "rollback").stdout
    assert recto.json("search", photos["front"])["recipe"] == first
    recto("reindex", "prune", "--yes")
    assert recto.json("reindex", "status")["other"] is None


def test_what_cannot_be_done_with_versions_is_an_error_in_a_sentence(recto: Recto) -> None:
    assert "nothing to remove" in recto("reindex", "prune", "--yes", code=1).stderr
    live = recto.json("status")["live"]["encoder"]
    assert "already" in recto("reindex", "--encoder", live, "--yes", code=1).stderr
    assert "no encoder" in recto("reindex", "--encoder", "none", "--yes", code=1).stderr
    assert "Name the encoder" in recto("reindex", code=2).stderr


def test_a_rebuild_of_the_running_catalogue_finds_everything_again(
    recto: Recto, photos: dict[str, Path]
) -> None:
    job_id = recto("rebuild", "--yes").stdout.split()[3].rstrip(";")

    def is_done() -> bool:
        return any(job["job_id"] == job_id and job["state"] == "done" for job in recto.json("status")["jobs"])

    wait_until(is_done, "the rebuild is done", pause=0.5)
    assert recto.json("search", photos["front"])["books"][0]["book_id"] == "book2"


def test_without_a_running_instance_a_temporary_one_is_used(
    tmp_path: Path, covers: Path, photos: dict[str, Path]
) -> None:
    recto = Recto(tmp_path)
    assert recto.json("status")["running"] is False
    assert recto.json("ingest", covers)["indexed"] == 10
    assert recto.json("search", photos["front"])["verdict"] == "found"
    assert recto.json("status")["running"] is False


def test_settings_show_values_and_mask_secrets(tmp_path: Path) -> None:
    recto = Recto(tmp_path)
    recto.environment |= {"RECTO_PORT": "9999", "RECTO_SECRET_KEY": "correct horse"}
    rows = {row["name"]: row for row in recto.json("settings")}
    assert rows["RECTO_PORT"]["value"] == "9999"
    assert "correct horse" not in recto("settings").stdout


def test_a_wrong_setting_stops_with_its_name(tmp_path: Path) -> None:
    recto = Recto(tmp_path)
    recto.environment["RECTO_PORT"] = "eighty"
    assert "RECTO_PORT" in recto("status", code=1).stderr
    assert "RECTO_PORT" in recto("doctor", code=1).stdout


def test_encoders_are_listed(tmp_path: Path) -> None:
    names = {card["name"] for card in Recto(tmp_path).json("encoders", "list")}
    assert {"recto_small", "vgg16", "vgg16-flat", "resnet50", "mobilenet_v2", "squeezenet1_1"} <= names


def test_every_network_of_torchvision_is_listed_on_request(tmp_path: Path) -> None:
    names = {card["name"] for card in Recto(tmp_path).json("encoders", "list", "--all")}
    assert {"recto_small", "vgg16-flat", "inception_v3", "efficientnet_b0", "vit_b_16"} <= names


def test_the_card_of_an_encoder_is_shown_with_the_place_of_its_weights(tmp_path: Path) -> None:
    recto = Recto(tmp_path)
    card = recto.json("encoders", "show", "recto_small+pca64-00000000")
    assert (card["dimension"], Path(card["found"]).name) == (64, "recto_small_1.pt")
    assert "centre" not in recto("encoders", "show", "recto_small").stdout
    assert "vgg99" in recto("encoders", "show", "vgg99", code=1).stderr


@pytest.mark.parametrize("command", ["ingest", "search"])
def test_wrong_usage_gives_exit_code_2(tmp_path: Path, command: str) -> None:
    assert "Usage" in Recto(tmp_path)(command, code=2).stderr
