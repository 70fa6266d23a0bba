"""Memory and speed do not depend on how long a manifest is."""

from __future__ import annotations

import json
import time
from pathlib import Path

import psutil
import pytest
from tests.intake.bulk.shelf import JobsProcess, Shelf
from tests.workers.running import draw

from recto.ledger import JobRow, Ledger
from recto.settings import Settings
from recto_workers import bulk
from recto_workers.redis_server import RedisServer

pytestmark = pytest.mark.slow

MORE_MB = 25.0
"""What the jobs process may need more for ten times the rows: 18,000 rows in memory would be well above it."""


def _listed(ledger: Ledger, jobs: JobsProcess, manifest: Path) -> tuple[JobRow, float]:
    """The job of a dry run when it is over, and the largest memory of the process in MB."""
    job_id = bulk.submit(ledger, {"recto": 1, "source": str(manifest), "options": {"dry_run": True}})
    assert jobs.process is not None
    process, peak = psutil.Process(jobs.process.pid), 0.0
    while True:
        peak = max(peak, process.memory_info().rss / 1e6)
        job = ledger.job(job_id)
        if job is not None and job.state == "done":
            return job, peak
        assert job is None or not job.reason, job
        time.sleep(0.05)


def _manifest(shelf: Shelf, rows: int) -> Path:
    """A manifest whose rows all name one small picture: what is measured is the manifest."""
    (shelf.folder / "cover.jpg").write_bytes(draw(1, 36, 50))
    path = shelf.folder / f"{rows}.jsonl"
    with path.open("w") as file:
        for number in range(rows):
            row = {
                "book_id": f"b{number}",
                "front": "cover.jpg",
                "title": f"Book {number} " + "of many words " * 10,
            }
            file.write(json.dumps(row) + "\n")
    return path


@pytest.mark.timeout(900)
def test_ten_times_the_rows_take_no_more_memory(
    settings: Settings, redis: RedisServer, ledger: Ledger, shelf: Shelf
) -> None:
    with JobsProcess(settings, redis.url) as jobs:
        small, least = _listed(ledger, jobs, _manifest(shelf, 2_000))
        large, most = _listed(ledger, jobs, _manifest(shelf, 20_000))
    assert (small.checked, large.checked) == (2_000, 20_000)
    assert most - least < MORE_MB, f"{least:.0f} MB for 2,000 rows, {most:.0f} MB for 20,000"
    print(f"{least:.0f} MB for 2,000 rows, {most:.0f} MB for 20,000")


def test_the_jobs_process_loads_no_network_and_no_engine(settings: Settings, redis: RedisServer) -> None:
    with JobsProcess(settings, redis.url) as jobs:
        assert jobs.process is not None
        libraries = Path(f"/proc/{jobs.process.pid}/maps").read_text()
        assert "python" in libraries
        assert not any(name in libraries for name in ("torch", "cv2", "qdrant"))
