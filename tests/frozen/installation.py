"""A checkout of Recto used as a person does: by commands, over HTTP, and by what stands in its data folder.

Nothing of the product is imported, so the code that runs may be that of any commit.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from redis import Redis

ROOTS = ("services", "workers", "web", "lab")
PATIENCE_SECONDS = 240.0


def wait_until(true: Callable[[], object], what: str, pause: float = 0.05) -> None:
    """Poll until something holds; fail with its name when it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s: {what}"
        time.sleep(pause)


@dataclass
class Installation:
    """The code of one checkout on one data folder."""

    code: Path
    data: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Variables under which Python takes the modules of this checkout, and Recto this folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RECTO_")}
        path = os.pathsep.join(str(self.code / root) for root in ROOTS)
        own = {"PYTHONPATH": path, "RECTO_DATA_DIR": str(self.data), "RECTO_TORCH_THREADS": "1"}
        return {**kept, **own, **self.settings}

    @property
    def place(self) -> Path:
        """Where its modules really come from: the environment has a Recto of its own."""
        command = [sys.executable, "-P", "-c", "import recto; print(recto.__file__)"]
        return Path(
            subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout
        )

    def run(self, *arguments: object, codes: tuple[int, ...] = (0,)) -> str:
        """`python -m ARGUMENTS`; what it printed."""
        command = [sys.executable, "-P", "-m", *map(str, arguments)]
        done = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode in codes, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def recto(self, *arguments: object, codes: tuple[int, ...] = (0,)) -> str:
        """`recto ARGUMENTS`."""
        return self.run("recto_web.cli", *arguments, codes=codes)

    def json(self, *arguments: object, codes: tuple[int, ...] = (0,)) -> Any:
        """The last line of `recto ARGUMENTS --json`."""
        return json.loads(self.recto(*arguments, "--json", codes=codes).splitlines()[-1])

    def found(self, photos: list[Path]) -> dict[str, str]:
        """The best book of each photo, by the name of its file."""
        lines = self.recto("search", *photos, "--json").splitlines()
        results = [json.loads(line) for line in lines]
        return {Path(one["photo"]).name: (one["books"] or [{"book_id": ""}])[0]["book_id"] for one in results}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the ledger."""
        url = f"file:{self.data / 'ledger.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(url, uri=True, timeout=30)) as connection:
            return connection.execute(query).fetchall()

    def is_locked(self) -> bool:
        """Whether somebody writes into the ledger at this moment."""
        with closing(sqlite3.connect(self.data / "ledger.sqlite3", timeout=1)) as connection:
            try:
                connection.execute("begin immediate")
            except sqlite3.OperationalError:
                return True
            return False

    def logs(self) -> str:
        """Everything that the running parts wrote."""
        return "".join(log.read_text(errors="replace") for log in (self.data / "run" / "logs").glob("*.log"))

    @contextmanager
    def up(self) -> Iterator[Running]:
        """A `recto up` until the block ends; one that was killed in it is not stopped again."""
        command = [sys.executable, "-P", "-m", "recto_web.cli", "up"]
        with (self.data / "up.txt").open("w") as output:
            process = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)
        try:
            wait_until(lambda: self._state(process), "it is ready")
            state = json.loads(self._state(process))
            yield Running(self, process.pid, state["web_url"], Redis.from_url(state["redis_url"]))
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _state(self, process: subprocess.Popen[bytes]) -> str:
        """What it says of itself once it is ready."""
        assert process.poll() is None, (self.data / "up.txt").read_text()
        path = self.data / "run" / "supervisor.json"
        text = path.read_text() if path.is_file() else ""
        return text if text and json.loads(text)["pid"] == process.pid else ""


@dataclass
class Running:
    """A running `recto up`."""

    installation: Installation
    pid: int
    url: str
    redis: Redis
    key: str = ""

    def ask(
        self, path: str, data: bytes | None = None, method: str = "GET", **headers: str
    ) -> tuple[int, bytes]:
        """Status and body of an answer."""
        shown = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data, {**shown, **named}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def search(self, photo: Path) -> str:
        """Ask which book a photo shows; the address of the answer, which may not be there yet."""
        head = b'--limit\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n\r\n'
        body = head + photo.read_bytes() + b"\r\n--limit--\r\n"
        kind = "multipart/form-data; boundary=limit"
        status, answer = self.ask("/api/v1/searches", body, "POST", Content_Type=kind)
        assert status in (200, 202), answer
        return str(json.loads(answer)["url"])

    def waiting(self) -> dict[str, int]:
        """Messages and documents that wait in Redis."""
        names = ("search", "index", "maintenance", "ingest", "jobs")
        return {name: int(self.redis.llen(f"recto:{name}")) for name in names}

    def freeze(self, part: str) -> None:
        """Stop a part as it stands, until it is killed; what it waited for in Redis is given up by Redis meanwhile."""
        for child in psutil.Process(self.pid).children():
            if f"{part}@" in " ".join(child.cmdline()):
                child.suspend()
                while self.installation.is_locked():  # it was writing, and nobody else could
                    child.resume()
                    time.sleep(0.01)
                    child.suspend()
                time.sleep(3)  # the longest wait for a message or document is 2 s
                return
        raise AssertionError(f"no part {part} runs")

    def kill(self) -> None:
        """End all of it at once, as a power cut would."""
        everything = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
        for process in everything:
            if psutil.pid_exists(process.pid):
                process.kill()
        _, left = psutil.wait_procs(everything[1:], timeout=30)
        assert left == []
