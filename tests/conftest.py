"""What tests of several parts share."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType

import pytest
from tests.support.chrome import chrome as chrome
from tests.support.postgres import postgres_server as postgres_server
from tests.support.postgres import postgres_url as postgres_url
from tests.support.qdrant import qdrant_settings as qdrant_settings
from tests.support.qdrant import qdrant_url as qdrant_url
from tests.support.qdrant import shared_qdrant as shared_qdrant
from tests.support.s3 import s3_bucket as s3_bucket
from tests.support.s3 import s3_server as s3_server
from tests.support.s3 import s3_settings as s3_settings

MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 4 * 1024**3
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY:
    # Temporary data lies in memory where there is room: ledgers and indexes sync their files after every step.
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
# Two test processes and what they start share the cores; see `recto_workers.processes.set_threads`.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"
"""Real covers, photos and weights that are not part of the project; tests that need them skip where they are absent."""


@pytest.fixture(scope="session")
def bench() -> Path:
    """Folder with real covers and photos."""
    folder = SHARED / "bench"
    if not folder.is_dir():
        pytest.skip("the labelled photos (../shared/bench) are not here")
    return folder


@pytest.fixture(scope="session")
def shared_weights() -> Path:
    """Folder with ImageNet weights."""
    folder = SHARED / "weights"
    if not folder.is_dir():
        pytest.skip("the ImageNet weights (../shared/weights) are not here")
    return folder


@pytest.fixture
def disk_folder() -> Iterator[Path]:
    """An empty folder on a disk, where syncing a file takes its time."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """See to it that tests which kill processes say so: `-m "not chaos"` must leave all of them out."""
    killed = []
    kill = os.kill

    def noted(pid: int, number: int) -> None:
        if number == signal.SIGKILL and _is_called_by_a_test(sys._getframe(1)):
            killed.append(pid)
        kill(pid, number)

    os.kill = noted
    try:
        result = yield
    finally:
        os.kill = kill
    if killed and item.get_closest_marker("chaos") is None:
        pytest.fail("it kills processes: mark it with pytest.mark.chaos")
    return result


def _is_called_by_a_test(frame: FrameType | None) -> bool:
    """True unless the product kills a process of its own, or a helper ends what it has started."""
    tests = REPOSITORY / "tests"
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if frame.f_code.co_name == "__exit__":
            return False
        if file.name not in ("subprocess.py", "__init__.py") and tests / "support" not in file.parents:
            return tests in file.parents
        frame = frame.f_back  # Popen.kill, psutil's and the helpers'
    return False
