"""Recto on folders of any name, started from folders that hold anything: real processes, from a cover to an answer."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from tests.support.decoys import lay_decoys
from tests.support.odd_names import ALL_IN_ONE
from tests.support.s3 import free_port
from tests.workers.running import wait_until

from recto.settings import Settings
from recto_lab.synthetic import EASY, draw_book, photograph
from recto_workers.instance import running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

PROGRAM = str(Path(sys.executable).parent / "recto")
SEED = 21


class Place:
    """A data folder, and the folder in which its commands are typed."""

    def __init__(self, data_dir: str, work: Path, **environment: str) -> None:
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("RECTO_")
        } | {"RECTO_DATA_DIR": data_dir, "RECTO_PORT": str(free_port()), "RECTO_TORCH_THREADS": "1"}
        self.environment |= environment
        self.work, self.data_dir = work, work / data_dir

    def __call__(self, *command: object, code: int = 0) -> str:
        """What a command prints."""
        done = subprocess.run(
            [*map(str, command)],
            cwd=self.work,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def recto(self, *arguments: object, code: int = 0) -> str:
        """What a command of Recto prints."""
        return self(PROGRAM, *arguments, code=code)

    def found(self, photo: object) -> str:
        """The book that a search answers with; empty where it finds none."""
        answer = json.loads(self.recto("search", "--json", "--", photo).splitlines()[-1])
        return str(answer["books"][0]["book_id"]) if answer["verdict"] != "not_found" else ""


class Up:
    """A `recto up` typed in the working folder of a place; it has to stop cleanly at the end."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it lives as long as the process
        self.process = subprocess.Popen(
            [PROGRAM, "up"],
            cwd=place.work,
            env=place.environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def said(self) -> str:
        """What it printed until now."""
        self._output.seek(0)
        return self._output.read()

    def __enter__(self) -> Up:
        try:
            wait_until(self._is_ready, "it is ready")
        except AssertionError as error:
            self.process.kill()
            raise AssertionError(f"{error}\n{self.said()}") from None
        return self

    def __exit__(self, *error: object) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(40) == 0, self.said()
        assert "Stopped." in self.said()
        self._output.close()

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"it ended with {self.process.returncode}"
        return running(Settings(data_dir=self.place.data_dir)) is not None


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drawn books (0.jpg, 1.jpg) and an easy photo of each (photo-0.jpg, photo-1.jpg)."""
    folder = tmp_path_factory.mktemp("shelf")
    for index in range(2):
        cover = draw_book(index, seed=SEED, height=480).front
        cover.save(folder / f"{index}.jpg", quality=92)
        shot = photograph(cover, np.random.default_rng(index), options=EASY, size=900)
        shot.image.save(folder / f"photo-{index}.jpg", quality=90)
    return folder


@pytest.fixture
def work() -> Iterator[Path]:
    """A working folder on a short path."""
    folder = Path(tempfile.mkdtemp(prefix="recto-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_two_folders_that_differ_behind_a_question_mark_share_nothing(work: Path, shelf: Path) -> None:
    places = [Place(name, work) for name in ("w?1", "w?2")]
    with ExitStack() as stack:
        for number, place in enumerate(places):
            stack.enter_context(Up(place))
            shutil.copyfile(shelf / f"{number}.jpg", work / f"book{number}.jpg")
            (work / f"{number}.csv").write_text(f"book_id,front\nbook{number},book{number}.jpg\n")
            place.recto("ingest", f"{number}.csv")
            assert place.found(shelf / f"photo-{number}.jpg") == f"book{number}"
        places[0].recto("show", "book1", code=1)
        places[1].recto("show", "book0", code=1)
        places[0].recto("keys", "create", "mine", "--scope", "admin")
        assert "mine" not in places[1].recto("keys", "list")
        assert sorted(path.name for path in work.iterdir() if path.is_dir()) == ["w?1", "w?2"]
        assert not (work / "w").exists()


@pytest.mark.parametrize("name", [ALL_IN_ONE, "n" * 200], ids=["all in one", "long"])
def test_data_folder_sources_and_photos_may_have_any_name(work: Path, shelf: Path, name: str) -> None:
    place, short = Place(f"./{name}/", work), name[:120]
    source, photo, manifest = work / f"s{short}", f"-rf{short}.jpg", f"-rf{short}.jsonl"
    source.mkdir()
    shutil.copyfile(shelf / "0.jpg", source / f"{short}.jpg")
    shutil.copyfile(shelf / "photo-0.jpg", work / photo)
    shutil.copyfile(shelf / "1.jpg", work / "C#x;[y]?1.jpg")
    (work / manifest).write_text(json.dumps({"book_id": "one", "front": "C#x;[y]?1.jpg"}))
    with Up(place):
        place.recto("ingest", source.name)
        place.recto("ingest", "--", manifest)
        book = place.found(photo)
        assert book in place.recto("show", "--", book)
        assert place.found(shelf / "photo-1.jpg") == "one"
        place.recto("doctor")
    place.recto("rebuild", "--yes")
    assert place.found(shelf / "photo-0.jpg") in (book, "")  # a temporary instance, which rebuilds meanwhile
    assert {path.name for path in work.iterdir()} == {name, source.name, photo, manifest, "C#x;[y]?1.jpg"}


def test_folders_and_files_called_like_modules_take_their_place_nowhere(work: Path, shelf: Path) -> None:
    trace = lay_decoys(work)
    (work / "mine").mkdir()
    (work / "mine" / "sitecustomize.py").write_text(
        f"import sys\nopen({str(work / 'seen.txt')!r}, 'a').write(' '.join(sys.orig_argv) + '\\n')\n"
    )
    place = Place("data", work, PYTHONPATH="mine")
    shutil.copytree(shelf, work / "covers", ignore=shutil.ignore_patterns("photo-*"))
    place.recto("ingest", "covers")  # a temporary instance
    with Up(place):
        assert place.found(shelf / "photo-0.jpg") == "0"
        place.recto("doctor")
        python = (sys.executable, "-P", "-m")
        assert "RECTO_DATA_DIR" in place(*python, "recto_web.cli", "settings")
        place(*python, "recto_workers.ready", "web")
        place(*python, "recto_lab.synthetic.draw", "drawn", "--covers", 2, "--processes", 2)
        _serve_pages_once_more(place)
    assert not trace.exists(), trace.read_text()
    seen = (work / "seen.txt").read_text()
    for part in ("tether", "server", "run index", "run ingest", "run jobs", "child", "spawn_main"):
        assert f"{part} " in seen.replace("(", " "), part  # PYTHONPATH counts as ever


def _serve_pages_once_more(place: Place) -> None:
    """`recto web` beside the running `recto up`."""
    command = [PROGRAM, "web"]
    with subprocess.Popen(
        command, cwd=place.work, env=place.environment, stdout=subprocess.PIPE, text=True
    ) as web:
        assert web.stdout
        url = web.stdout.readline().split()[1].rstrip(".")
        wait_until(lambda: _answers(url), "the second web server answers", seconds=40)
        web.terminate()
        assert web.wait(30) == 0


@pytest.mark.chaos
def test_the_working_folder_may_be_deleted_while_recto_runs(work: Path, shelf: Path) -> None:
    lost = work / "lost"
    lost.mkdir()
    place = Place(str(work / "data"), lost)
    url = f"http://127.0.0.1:{place.environment['RECTO_PORT']}"
    with Up(place) as up:
        lost.rmdir()
        killed = psutil.Process(up.process.pid).children()
        for child in killed:
            child.kill()
        wait_until(lambda: up.said().count("starting it again") >= len(killed), "all are started again")
        place.work = work
        wait_until(lambda: _answers(url), "the pages are back", seconds=60)
        (work / "covers").mkdir()
        shutil.copyfile(shelf / "0.jpg", work / "covers" / "zero.jpg")
        place.recto("ingest", "covers")
        assert place.found(shelf / "photo-0.jpg") == "zero"


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
