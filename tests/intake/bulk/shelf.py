"""Small pictures in a folder with a manifest, and the jobs process that reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from tests.workers.running import wait_until

from recto.settings import Settings
from recto_workers.app import connect
from recto_workers.heartbeat import alive

PROGRAM = [sys.executable, "-P", "-m", "recto_workers.run", "jobs", "--name", "jobs@test"]


class Shelf:
    """A folder with one picture a book; a picture is its number, since nothing here decodes it unless told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.manifest = folder / "manifest.jsonl"

    def stock(self, books: int, first: int = 0, *, picture: bytes = b"picture") -> Path:
        """Write so many books, each with a front of its own, and a manifest of all; returns the manifest."""
        with self.manifest.open("a") as manifest:
            for number in range(first, first + books):
                (self.folder / f"{number}.jpg").write_bytes(picture + str(number).encode())
                manifest.write(json.dumps({"book_id": f"b{number}", "front": f"{number}.jpg"}) + "\n")
        return self.manifest

    def document(self, **more: object) -> dict[str, object]:
        """The document of a job that reads the manifest."""
        return {"recto": 1, "source": str(self.manifest), **more}


class JobsProcess:
    """A jobs process of its own, ready to be killed."""

    def __init__(self, settings: Settings, redis_url: str, name: str = "jobs@test") -> None:
        self.settings = settings
        self.redis_url = redis_url
        self.name = name
        self.log = settings.data_dir / "run" / "logs" / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> JobsProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it is ready."""
        program = [*PROGRAM[:-1], self.name]
        environment = {**os.environ, **self.settings.environment(), "RECTO_REDIS_URL": self.redis_url}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(program, env=environment, stdout=log, stderr=subprocess.STDOUT)
        wait_until(self._is_ready, "the jobs process is ready")

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it politely."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(60) == 0, self.said()

    def said(self) -> str:
        """Its log."""
        return self.log.read_text(errors="replace")

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        with connect(self.redis_url) as client:
            return any(beat.pid == self.process.pid for beat in alive(client))
