"""Worker processes as a deployment starts them: each alone, on one Redis, one ledger and one Qdrant server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.workers.running import wait_until

from recto.errors import Unavailable
from recto.settings import Settings
from recto_workers.app import connect
from recto_workers.heartbeat import alive


class Worker:
    """One `recto worker` process with a log of its own."""

    def __init__(self, settings: Settings, role: str, name: str) -> None:
        self.role, self.name = role, name
        self.log = settings.data_dir / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "recto_workers.run", role, "--name", name],
                env={**os.environ, **settings.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def done(self, task: str) -> int:
        """How many messages of a task it has worked off, by its log."""
        return len(re.findall(rf"{re.escape(task)}\[[^\]]+\] succeeded", self.log.read_text()))

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as a container is stopped, with force after a while."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def working(settings: Settings, names: Sequence[str]) -> Iterator[dict[str, Worker]]:
    """Workers by name, `index-1`, `ingest-2` and so on; all of them are ready at the beginning of the block."""
    workers = {name: Worker(settings, name.split("-")[0], name) for name in names}
    try:
        wait_until(lambda: _are_ready(settings, workers), "all workers are ready", seconds=180)
        yield workers
    except AssertionError as error:
        raise AssertionError(f"{error}\n{said(settings.data_dir)}") from error
    finally:
        for worker in workers.values():
            worker.stop()


def said(folder: Path) -> str:
    """The ends of the logs."""
    return "\n".join(f"--- {log.name}\n{log.read_text()[-2500:]}" for log in sorted(folder.glob("*.log")))


def _are_ready(settings: Settings, workers: dict[str, Worker]) -> bool:
    for worker in workers.values():
        assert worker.process.poll() is None, f"{worker.name} ended with {worker.process.returncode}"
    with connect(settings.redis_url) as client:
        try:
            return {beat.name for beat in alive(client)} >= set(workers)
        except Unavailable:
            return False
