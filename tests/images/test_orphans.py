from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# No `if __name__ == "__main__"`, and a loud first line: a child that ran its parent's program would be seen.
PROGRAM = """
print("program runs", flush=True)
import io, os, sys, time
from PIL import Image
from recto.images import DecodePool
from recto.settings import Settings
buffer = io.BytesIO()
Image.new("RGB", (32, 32)).save(buffer, "PNG")
pool = DecodePool(Settings(), processes=2)
print([result.format for result in pool.decode_many([buffer.getvalue()] * 8, 64)], flush=True)
print(*pool.pids, flush=True)
if "--end" not in sys.argv:
    time.sleep(60)
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A program with a pool of two children, as `python -m`."""
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "program"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    with process:
        yield process
        process.kill()


def pids_of(program: subprocess.Popen[str]) -> list[int]:
    assert program.stdout is not None
    assert program.stdout.readline() == "program runs\n"
    assert program.stdout.readline() == f"{['PNG'] * 8}\n"
    return [int(pid) for pid in program.stdout.readline().split()]


def are_gone(pids: list[int], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.chaos
def test_no_child_outlives_a_killed_parent(program: subprocess.Popen[str]) -> None:
    pids = pids_of(program)
    assert len(pids) == 2
    program.kill()
    assert are_gone(pids)


@pytest.mark.chaos
def test_a_child_that_hangs_does_not_outlive_a_killed_parent(program: subprocess.Popen[str]) -> None:
    pids = pids_of(program)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    program.kill()
    assert are_gone(pids)


def test_ctrl_c_ends_the_parent_and_its_children(program: subprocess.Popen[str]) -> None:
    pids = pids_of(program)
    program.send_signal(signal.SIGINT)
    assert program.wait(10) != 0
    assert are_gone(pids)


def test_a_program_that_forgets_to_close_its_pool_still_ends(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "program", "--end"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=30, check=True)
    assert done.stdout.count("program runs") == 1
    assert done.stderr == ""
    assert are_gone([int(pid) for pid in done.stdout.splitlines()[-1].split()])
