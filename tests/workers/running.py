"""What the tests do with running instances: start them as a person does, look at their processes, kill them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from types import TracebackType

import numpy as np
import psutil

from recto.images import encode_jpeg
from recto.ledger import Entry, EntryItem, Ledger
from recto.records import Book, Side
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto_workers.app import connect
from recto_workers.instance import redis_url_of, running

PATIENCE_SECONDS = 120.0


def wait_until(
    true: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS, pause: float = 0.05
) -> None:
    """Poll until something holds; fail with its name when it takes too long."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(pause)


class Up:
    """A `recto up` in a process of its own."""

    def __init__(self, settings: Settings, *, web: bool = False, **environment: str) -> None:
        self.settings = settings
        self.output = settings.data_dir / "up.txt"
        program = [sys.executable, "-m", "recto_workers.run", "up", *([] if web else ["--no-web"])]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                program,
                env={**os.environ, **settings.environment(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Up:
        try:
            wait_until(self._is_ready, "the instance is ready")
        except AssertionError as error:
            self.end()
            raise AssertionError(f"{error}\n{self.said()}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Stop it, with force when it does not end by itself."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        """What it printed, and the ends of its logs."""
        logs = sorted((self.settings.data_dir / "run" / "logs").glob("*.log"))
        tails = [f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs]
        return "\n".join([self.output.read_text(), *tails])

    def pid(self, part: str) -> int | None:
        """Process id of `redis`, `web`, `index` or `ingest-N` at this moment; None while it is down."""
        sign = {"redis": "redis-server", "web": "recto_web.server"}.get(part, f"{part}@")
        for child in psutil.Process(self.process.pid).children():
            try:
                if sign in " ".join(child.cmdline()) or sign in child.name():
                    return int(child.pid)
            except psutil.Error:
                continue  # it died while we looked
        return None

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"the instance ended with {self.process.returncode}"
        instance = running(self.settings)
        return instance is not None and instance.pid == self.process.pid


def descendants(pid: int) -> list[psutil.Process]:
    """All processes under a process, at this moment."""
    found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    return found


def draw(seed: int, width: int = 144, height: int = 200) -> bytes:
    """A cover of 25 x 18 coloured blocks, each seed another one."""
    blocks = np.random.default_rng(seed).integers(0, 256, (25, 18, 3), dtype=np.uint8)
    pixels = blocks.repeat(height // 25, axis=0).repeat(width // 18, axis=1)
    return encode_jpeg(np.ascontiguousarray(pixels), max(width, height))


def acknowledge(settings: Settings, ledger: Ledger, images: dict[tuple[str, Side], bytes]) -> str:
    """Enter covers as an ingest does, and return the job."""
    blobs = open_blobs(settings)
    job_id = ledger.create_job("ingest", "a test")
    entries = [
        Entry(Book(book_id, title=book_id), (EntryItem(side, f"{book_id}_{side}.jpg", blobs.put(data)),))
        for (book_id, side), data in images.items()
    ]
    for start in range(0, len(entries), 100):
        ledger.acknowledge(job_id, entries[start : start + 100])
    ledger.finish_listing(job_id)
    return job_id


def flush_redis(settings: Settings) -> None:
    """Empty Redis."""
    with connect(redis_url_of(settings)) as client:
        client.flushall()


def indexed_ids(settings: Settings) -> list[str]:
    """Cover ids of every point in the index of a folder on which nothing runs, both sides, duplicates kept."""
    from recto.index import open_index

    index = open_index(settings)
    try:
        version = index.published()
        assert version is not None
        ids: list[str] = []
        for side in Side:
            after: str | None = None
            while True:
                page, after = index.scroll(version, side, 500, after)
                ids += [cover.cover_id for cover in page]
                if after is None:
                    break
        assert len(ids) == sum(index.count(version, side) for side in Side)
        return ids
    finally:
        index.close()
