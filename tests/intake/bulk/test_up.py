"""A bulk job under `recto up`: dropped with nothing but a Redis client, searchable at the end."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from redis import Redis
from tests.intake.bulk.shelf import Shelf
from tests.workers.running import Up, draw, indexed_ids, wait_until

from recto.ledger import Ledger
from recto.settings import Settings
from recto_workers import bulk
from recto_workers.inbox import QUEUE
from recto_workers.instance import redis_url_of

pytestmark = pytest.mark.slow

BOOKS = 120


def _stock(shelf: Shelf) -> None:
    with shelf.manifest.open("w") as manifest:
        for number in range(BOOKS):
            Path(shelf.folder / f"{number}.jpg").write_bytes(draw(number))
            manifest.write(json.dumps({"book_id": f"b{number}", "front": f"{number}.jpg"}) + "\n")
        manifest.write(json.dumps({"book_id": "gone", "front": "gone.jpg"}) + "\n")


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_a_dropped_job_is_indexed_although_its_process_is_killed_and_it_is_paused(
    settings: Settings, ledger: Ledger, shelf: Shelf
) -> None:
    _stock(shelf)
    settings = Settings(data_dir=settings.data_dir, source_roots=settings.source_roots, job_backlog=40)
    job_id = bulk.job_of("spring")
    with Up(settings) as up, Redis.from_url(redis_url_of(settings)) as queue:
        queue.lpush(QUEUE, json.dumps(shelf.document(id="spring")))
        wait_until(lambda: (job := ledger.job(job_id)) and job.position, "its listing has begun")
        jobs = up.pid("jobs")
        assert jobs is not None
        os.kill(jobs, signal.SIGKILL)
        bulk.pause(ledger, job_id)
        wait_until(lambda: (job := ledger.job(job_id)) and job.state == "paused", "it is paused")
        wait_until(lambda: up.pid("jobs") not in (None, jobs), "the jobs process is started again")
        bulk.resume(ledger, job_id)
        wait_until(lambda: (job := ledger.job(job_id)) and job.finished, "the job is over", 300)
    job = ledger.job(job_id)
    assert job is not None
    assert (job.state, job.books, job.indexed, job.failed) == ("done", BOOKS + 1, BOOKS, 1), up.said()
    ids = indexed_ids(settings)
    assert len(ids) == len(set(ids)) == BOOKS
