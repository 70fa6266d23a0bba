"""A preparation that was killed, or found the disk full, goes on to the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from tests.lab.training.conftest import jpeg, picture, shown

from recto.errors import InUse, Unavailable
from recto_lab.training.covers import HEIGHT, WIDTH
from recto_lab.training.sources import Split, prepare_folder, prepare_shelf
from recto_lab.training.sources.decoding import Outcome
from recto_lab.training.sources.rows import Rows, close_gaps

pytestmark = pytest.mark.slow

COUNT = 360
SIZE = (96, 64)
PROGRAM = """
import resource, sys
from pathlib import Path
from recto.errors import Unavailable
from recto_lab.training.sources import prepare_folder, prepare_shelf
out, folder, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    prepare_folder(out, folder, held_out=0.2, seed=1, size=(96, 64), processes=2)
except Unavailable as error:
    print(error)
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that take about a second to prepare: two of them are broken, two are the same."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(COUNT):
        (folder / f"{number:04}.jpg").write_bytes(jpeg(picture(number, 100, 70).resize((640, 900))))
    (folder / "0100.jpg").write_text("broken")
    (folder / "0200.jpg").write_bytes((folder / "0020.jpg").read_bytes()[:5000])
    shutil.copy(folder / "0030.jpg", folder / "0300.jpg")
    return folder


@pytest.fixture(scope="module")
def undisturbed(many: Path, tmp_path_factory: pytest.TempPathFactory) -> Split:
    return _prepare(tmp_path_factory.mktemp("undisturbed"), many)


def _prepare(out: Path, folder: Path) -> Split:
    return prepare_folder(out, folder, held_out=0.2, seed=1, size=SIZE, processes=2)


def _start(out: Path, folder: Path, limit: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-u", "-c", PROGRAM, str(out), str(folder), str(limit)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _same(one: Split, other: Split) -> bool:
    sides = ((one.training, other.training), (one.held_out, other.held_out))
    return one.left_out == other.left_out and all(
        first.path.read_bytes() == second.path.read_bytes()
        and first.names == second.names
        and np.array_equal(first.labels, second.labels)
        for first, second in sides
    )


def _journal(out: Path) -> int:
    return sum(path.stat().st_size for path in out.rglob("journal.jsonl"))


@pytest.mark.chaos
def test_a_preparation_that_is_killed_while_it_decodes_goes_on_and_leaves_no_process(
    many: Path, undisturbed: Split, tmp_path: Path
) -> None:
    process = _start(tmp_path, many)
    deadline = time.monotonic() + 150
    while not _journal(tmp_path):
        assert time.monotonic() < deadline, "it did not begin in time"
        time.sleep(0.002)
    children = psutil.Process(process.pid).children(recursive=True)
    time.sleep(float(np.random.default_rng().uniform(0, 0.2)))
    process.kill()
    log, _ = process.communicate()
    assert f"preparing {COUNT} pictures" in log
    assert "held out" not in log
    assert list(tmp_path.rglob("prepared.json")) == []
    assert children
    assert psutil.wait_procs(children, timeout=20)[1] == []
    assert _same(_prepare(tmp_path, many), undisturbed)


@pytest.mark.chaos
def test_a_preparation_that_is_killed_again_and_again_ends_in_the_same_bytes(
    many: Path, undisturbed: Split, tmp_path: Path
) -> None:
    rng = np.random.default_rng()
    for _ in range(6):
        process = _start(tmp_path, many)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(float(rng.uniform(0, 0.8)))
        process.kill()
        process.communicate()
    assert _same(_prepare(tmp_path, many), undisturbed)


@pytest.mark.parametrize("moment", ["decoded", "held out", "gaps closed", "renamed"])
def test_a_preparation_that_ends_between_its_last_steps_goes_on(
    many: Path, undisturbed: Split, tmp_path: Path, moment: str
) -> None:
    folder = tmp_path / undisturbed.training.path.parent.name
    (folder / "held_out.tmp").mkdir(parents=True)  # so that nothing can be held out
    with pytest.raises(Unavailable, match="cannot be written"):
        _prepare(tmp_path, many)
    (folder / "held_out.tmp").rmdir()
    if moment != "decoded":
        shutil.copy(undisturbed.held_out.path, folder)
    if moment in ("gaps closed", "renamed"):
        shutil.copy(undisturbed.training.path, folder / "pictures.u8")
    if moment == "renamed":
        (folder / "pictures.u8").rename(folder / "training.u8")
    assert _same(_prepare(tmp_path, many), undisturbed)
    assert {path.name for path in folder.iterdir()} == {"training.u8", "held_out.u8", "prepared.json", "lock"}


def test_a_full_disk_is_said_keeps_what_is_whole_and_is_made_up_for(
    many: Path, undisturbed: Split, tmp_path: Path
) -> None:
    row = SIZE[0] * SIZE[1] * 3
    log, _ = _start(tmp_path, many, limit=100 * row + row // 2).communicate(timeout=120)
    assert "No space is left" in log
    (grown,) = tmp_path.rglob("pictures.u8")
    assert grown.stat().st_size == 64 * row
    assert {path.name for path in grown.parent.iterdir()} == {"pictures.u8", "journal.jsonl", "lock"}
    assert _same(_prepare(tmp_path, many), undisturbed)


def test_what_a_power_failure_tore_is_cut_off(tmp_path: Path) -> None:
    files = tmp_path / "rows.u8", tmp_path / "journal"
    rows = [np.full((4, 2, 3), value, np.uint8) for value in range(6)]
    with Rows(*files, (4, 2)) as growing:
        for row in rows[:4]:
            growing.append([Outcome(f"{row[0, 0, 0]}", row), Outcome(reason="broken")])
    whole = files[0].read_bytes()
    with files[0].open("ab") as data, files[1].open("ab") as journal:
        data.write(b"half a row")
        journal.write(json.dumps([["4", ""]]).encode()[:-2])
    with Rows(*files, (4, 2)) as growing:
        assert (growing.count, len(growing.outcomes)) == (4, 8)
        assert files[0].read_bytes() == whole
        growing.append([Outcome("4", rows[4])])
    os.truncate(files[0], len(whole) - 5)  # the journal names more than there is
    with Rows(*files, (4, 2)) as growing:
        assert (growing.count, growing.outcomes[-2:]) == (3, [("2", ""), ("", "broken")])
        assert files[0].read_bytes() == whole[: 3 * 24]


def test_closing_gaps_can_be_broken_off_anywhere_and_done_again(tmp_path: Path) -> None:
    path, order = tmp_path / "rows.u8", [0, 6, 2, 5, 4]
    rows = [np.full((1, 1, 3), value, np.uint8).tobytes() for value in range(7)]
    expected = b"".join(rows[row] for row in order)
    for done in range(len(order) + 1):
        begun = [rows[order[place]] if place < done else row for place, row in enumerate(rows)]
        path.write_bytes(b"".join(begun))
        close_gaps(path, order, (1, 1))
        assert path.read_bytes() == expected
    close_gaps(path, order, (1, 1))
    assert path.read_bytes() == expected


def test_two_processes_do_not_prepare_the_same_pictures_at_once(
    many: Path, undisturbed: Split, tmp_path: Path
) -> None:
    process = _start(tmp_path, many)
    assert process.stdout is not None
    assert process.stdout.readline()
    with pytest.raises(InUse, match="Another process prepares"):
        _prepare(tmp_path, many)
    process.communicate(timeout=120)
    assert _same(_prepare(tmp_path, many), undisturbed)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(tmp_path)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_pictures_that_find_no_room_are_refused_before_any_is_decoded(many: Path, small_disk: Path) -> None:
    with pytest.raises(Unavailable, match=r"take up to 0\.01 GiB more, and 0\.00 GiB are free"):
        _prepare(small_disk, many)


def test_a_shelf_that_finds_no_room_is_refused_and_leaves_nothing(small_disk: Path) -> None:
    with pytest.raises(Unavailable, match="No space is left"):
        prepare_shelf(small_disk, covers=20, held_out=4, seed=1, drawn=0.5, processes=1)
    assert list(small_disk.iterdir()) == []


def test_a_shelf_is_drawn_into_the_files_of_its_covers(tmp_path: Path) -> None:
    split = prepare_shelf(tmp_path, covers=20, held_out=10, seed=1, drawn=0.5, processes=1)
    assert split.training.path == tmp_path / "covers_1_20_0.5.u8"
    assert split.held_out.path == tmp_path / "held_out_2_10_0.5.u8"
    assert split.training.open().shape == (20, HEIGHT, WIDTH, 3)
    assert split.training.labels.tolist() == list(range(20))
    assert not set(shown(split.training).values()) & set(shown(split.held_out).values())
