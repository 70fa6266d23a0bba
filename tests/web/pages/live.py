"""The web server as it really runs: gunicorn with threads, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recto.settings import Settings

START_SECONDS = 60.0


@dataclass(frozen=True)
class Live:
    """A running web server and its data folder."""

    url: str
    settings: Settings


@contextmanager
def live(settings: Settings) -> Iterator[Live]:
    """Serve a data folder until the end of the block."""
    port = _free_port()
    log = Path(f"{settings.data_dir}.log")
    program = [
        sys.executable,
        "-m",
        "gunicorn",
        "--worker-class",
        "gthread",
        "--threads",
        "8",
        "--no-control-socket",
    ]
    program += ["--bind", f"127.0.0.1:{port}", "recto_web.app:create_app()"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            program, env={**os.environ, **settings.environment()}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, log)
        yield Live(f"http://127.0.0.1:{port}", settings)
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"the web server does not answer:\n{log.read_text(errors='replace')[-4000:]}")
