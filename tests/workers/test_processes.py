"""Child processes of the supervisor: how often they are started, and their logs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.workers.running import wait_until

from recto_workers import processes
from recto_workers.processes import KEPT_LOGS, STARTS_PER_MINUTE, Child, Part, log_tail, rotate, shorten


def test_a_part_that_dies_for_the_first_time_is_started_again_at_once(tmp_path: Path) -> None:
    child = Child(Part("part", ["true"], {}, tmp_path / "part.log"))
    assert child.pause == 0
    child.start()
    assert child.wait(10)
    assert child.has_died()
    assert child.exit_code == 0
    assert child.pause <= processes.FIRST_PAUSE_SECONDS


def test_a_part_that_dies_again_and_again_is_made_to_wait(tmp_path: Path) -> None:
    child = Child(Part("part", ["false"], {}, tmp_path / "part.log"))
    for _ in range(STARTS_PER_MINUTE):
        child.start()
        assert child.wait(10)
    assert child.exit_code is None or child.exit_code == 1
    assert 30 < child.pause <= 60


def test_what_a_part_says_before_it_dies_stands_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    child = Child(
        Part("part", ["sh", "-c", "echo out; echo $RECTO_TEST_WORD >&2"], {"RECTO_TEST_WORD": "err"}, log)
    )
    child.start()
    assert child.wait(10)
    assert log_tail(log).splitlines() == ["out", "err"]


def test_a_part_that_does_not_end_is_killed(tmp_path: Path) -> None:
    child = Child(
        Part("part", ["sh", "-c", "trap '' TERM; echo ready; sleep 60 & wait; wait"], {}, tmp_path / "log")
    )
    child.start()
    wait_until(lambda: "ready" in log_tail(tmp_path / "log"), "it runs")
    child.terminate()
    assert not child.wait(0.2)
    assert child.is_gone


@pytest.mark.chaos
def test_a_program_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, sys; from recto_workers import tether;"
        "child = subprocess.Popen(tether.command(signal.SIGKILL, ['sleep', '60']));"
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    pid = int(parent.stdout.readline())
    wait_until(lambda: _runs(pid, "sleep"), "the program runs")
    parent.kill()
    parent.communicate()
    wait_until(lambda: not _runs(pid, "sleep"), "the program is gone", seconds=5)


def test_old_logs_are_kept_by_number_up_to_a_limit(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    for number in range(KEPT_LOGS + 2):
        log.write_text(str(number))
        rotate(log)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"x.log.{number}" for number in range(1, KEPT_LOGS + 1)]
    assert (tmp_path / "x.log.1").read_text() == str(KEPT_LOGS + 1)


def test_a_log_that_grows_too_long_is_begun_anew_under_its_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LONGEST_LOG", 10)
    log = tmp_path / "x.log"
    with log.open("a") as writer:
        writer.write("twelve bytes")
        writer.flush()
        shorten(log)
        writer.write("more")
    assert log.read_text() == "more"
    assert (tmp_path / "x.log.1").read_text() == "twelve bytes"


def _runs(pid: int, program: str) -> bool:
    try:
        process = psutil.Process(pid)
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.name() == program)
    except psutil.NoSuchProcess:
        return False
