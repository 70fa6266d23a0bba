"""`recto demo` from an empty folder to five answers, then stopped and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.odd_names import ALL_IN_ONE
from tests.workers.running import wait_until

from recto_lab.synthetic.demo import BOOKS, EXAMPLES

pytestmark = pytest.mark.slow

DATA = ALL_IN_ONE
"""Name of the data folder, so that the printed lines are pasted with every odd character."""


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """A running demo; gives what it printed until it was ready, and stops it as Ctrl-C does."""
    output = folder / "demo.txt"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECTO_")}
    environment |= {"RECTO_DATA_DIR": str(folder / DATA), "RECTO_PORT": "8765"}
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "recto_web.cli", "demo"], env=environment, stdout=file, stderr=file
        )
    try:
        wait_until(
            lambda: "curl" in output.read_text() or process.poll() is not None,
            "the demo is ready",
            seconds=180,
        )
        yield output.read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert output.read_text().rstrip().endswith("Stopped.")
    finally:
        process.kill()
        process.wait()


def run(command: str) -> Any:
    """Run a line as a person pastes it, and read the JSON that it prints."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def test_the_printed_lines_work_and_every_example_has_its_right_answer(folder: Path) -> None:
    with demo(folder) as printed:
        curl = next(line for line in printed.splitlines() if "curl" in line)
        search = next(line for line in printed.splitlines() if " search " in line)
        examples = folder / DATA / "examples"
        answers = {name: run(f"{search} --json".replace("front.jpg", f"{name}.jpg")) for name in EXAMPLES}
        assert run(curl)["verdict"] == "found"
        assert {path.stem for path in examples.glob("*.jpg")} == set(EXAMPLES)
    truths = {
        entry["name"]: entry["book_id"] for entry in json.loads((examples / "examples.json").read_text())
    }
    assert answers["stranger"]["verdict"] == "not_found"
    for name in set(EXAMPLES) - {"stranger"}:
        assert answers[name]["books"][0]["book_id"] == truths[name], name
        assert answers[name]["verdict"] in ("found", "ambiguous"), name
    assert answers["front"]["verdict"] == answers["back"]["verdict"] == "found"
    assert answers["back"]["books"][0]["side"] == "back"


def test_it_goes_on_where_it_left_off(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (folder / DATA / "shelf").iterdir()}
    with demo(folder) as printed:
        assert f"{BOOKS} books are ready" in printed
    assert {path: path.stat().st_mtime_ns for path in (folder / DATA / "shelf").iterdir()} == before
