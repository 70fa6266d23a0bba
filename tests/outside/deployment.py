"""Recto as it is deployed: every process with a data folder of its own, sharing nothing but the outside parts."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.support.postgres import PostgresServer
from tests.support.qdrant import Bridge, settings_of
from tests.support.s3 import S3Server, free_port
from tests.workers.running import wait_until

from recto.errors import Unavailable
from recto.settings import Settings
from recto_workers.app import connect
from recto_workers.heartbeat import alive
from recto_workers.redis_server import find_redis_server

REDIS_PASSWORD = "tests"
STOP_SECONDS = 30
S3_SECONDS = 3.0
"""Short, so that a store that hangs is given up soon; a request of these tests takes milliseconds."""


class OutsideRedis:
    """A redis-server on a TCP port with a password. It keeps nothing: killed, it comes back empty."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder = free_port(), folder
        self.url = f"redis://:{REDIS_PASSWORD}@127.0.0.1:{self.port}/0"
        self.process = self._start()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """Start it again on the same port."""
        self.process = self._start()

    def __enter__(self) -> OutsideRedis:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "requirepass": REDIS_PASSWORD,
            "save": "",
            "dir": self._folder,
        }
        arguments = [str(text) for name, value in options.items() for text in (f"--{name}", value)]
        with (self._folder / "redis.log").open("ab") as log:
            process = subprocess.Popen(
                [find_redis_server(), *arguments], stdout=log, stderr=subprocess.STDOUT
            )
        wait_until(lambda: self._answers(), "Redis answers")
        return process

    def _answers(self) -> bool:
        try:
            with connect(self.url) as client:
                alive(client)
                return True
        except Unavailable:
            return False


class Process:
    """One command of Recto, with a data folder of its own."""

    def __init__(self, settings: Settings, *command: str) -> None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.settings, self._command = settings, command
        self.log = settings.data_dir.with_suffix(".log")
        self.process = self._start()

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as a container is stopped, with force after a while."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def restart(self) -> None:
        """Start it again, as whatever watches over it does."""
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "recto_web.cli", *self._command],
                env={**os.environ, **self.settings.environment()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )


@dataclasses.dataclass
class Deployment:
    """The outside parts and Recto's processes by name: `index-1`, `ingest-1`, `web` and so on."""

    folder: Path
    redis: OutsideRedis
    postgres: PostgresServer
    s3: S3Server
    bucket: str
    common: dict[str, Any]
    qdrant: Bridge | None  # none where the tests are given a server
    processes: dict[str, Process] = dataclasses.field(default_factory=dict)

    def settings(self, name: str) -> Settings:
        """Settings of a process: a data folder of its own, everything else outside."""
        return Settings(data_dir=self.folder / name, **self.common)

    def start(self, *names: str) -> None:
        """Start workers and the web server, and wait until all are ready."""
        for name in names:
            role = name.split("-")[0]
            command = ("web",) if role == "web" else ("worker", role, "--name", name)
            self.processes[name] = Process(self.settings(name), *command)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until every worker beats and the web server answers."""
        wait_until(self._is_ready, "all processes are ready", seconds=240)

    def _is_ready(self) -> bool:
        for name, process in self.processes.items():
            assert process.process.poll() is None, (
                f"{name} ended with {process.process.returncode}\n{self.said()}"
            )
        try:
            with connect(self.redis.url) as client:
                beating = {beat.name for beat in alive(client)}
        except Unavailable:
            return False
        return beating >= set(self.processes) - {"web"} and bool(self.web_url)

    @property
    def web_url(self) -> str:
        """Address of the web server, as it says; empty while it does not answer."""
        said = re.findall(r"Serving (http://\S+)\. ", self.processes["web"].log.read_text())
        try:
            return said[-1] if said and httpx.get(f"{said[-1]}/healthz", timeout=5).status_code == 200 else ""
        except httpx.HTTPError:
            return ""

    def command(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command on a machine of its own."""
        settings = self.settings("console")
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        return subprocess.run(
            [sys.executable, "-m", "recto_web.cli", *map(str, arguments)],
            env={**os.environ, **settings.environment()},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def said(self) -> str:
        """The ends of all logs."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text()[-2500:]}" for log in sorted(self.folder.glob("*.log"))
        )

    def end_qdrant(self) -> None:
        """End the bridge to Qdrant, where it is ours."""
        if self.qdrant is not None:
            with self.qdrant:
                self.qdrant = None

    def stop(self) -> None:
        """End all processes of Recto."""
        for process in self.processes.values():
            process.process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.stop()


@contextmanager
def deployment(folder: Path, server_url: str = "") -> Iterator[Deployment]:
    """The outside parts, running and empty; none of Recto's processes yet. Without the URL of a Qdrant: a bridge."""
    for part in ("redis", "postgres"):
        (folder / part).mkdir()
    with ExitStack() as stack:
        redis = stack.enter_context(OutsideRedis(folder / "redis"))
        postgres = stack.enter_context(PostgresServer(folder / "postgres"))
        s3 = stack.enter_context(S3Server(folder / "s3.log"))
        bucket = s3.make_bucket()
        qdrant = None if server_url else Bridge(folder=folder / "qdrant")
        common = {
            **settings_of(qdrant.url if qdrant else server_url),
            **s3.settings(bucket),
            "s3_seconds": S3_SECONDS,
            "redis_url": redis.url,
            "ledger_url": postgres.url,
            "secret_key": "of all web servers",
            "port": free_port(),
            "torch_threads": 1,
            "ingest_batch": 8,
            "lease_seconds": 20.0,
            "search_seconds": 120.0,
        }
        running = Deployment(folder, redis, postgres, s3, bucket, common, qdrant)
        stack.callback(running.end_qdrant)
        stack.callback(running.stop)
        yield running


def patiently(client: httpx.Client, url: str, seconds: float = 120.0) -> httpx.Response:
    """Ask an address until its answer is ready."""
    deadline = time.monotonic() + seconds
    while (answer := client.get(url)).status_code == 202:
        assert time.monotonic() < deadline, url
        time.sleep(0.1)
    return answer
