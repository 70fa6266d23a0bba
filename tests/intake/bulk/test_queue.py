"""Documents dropped into the queue: each becomes one job, whoever dies on the way."""

from __future__ import annotations

import json
import random
import time

import pytest
from redis import Redis
from tests.intake.bulk.shelf import JobsProcess, Shelf
from tests.workers.running import wait_until

from recto.ledger import Ledger
from recto.settings import Settings
from recto_workers.inbox import QUEUE, TAKEN, Inbox
from recto_workers.redis_server import RedisServer


@pytest.fixture
def inbox(queue: Redis, ledger: Ledger) -> Inbox:
    """The inbox of a jobs process, to be turned by hand."""
    return Inbox(queue, ledger, on_job=lambda: None)


def _take(inbox: Inbox, times: int = 1) -> None:
    for _ in range(times):
        inbox.take(seconds=0.1)


def test_a_dropped_document_becomes_a_job_and_leaves_the_queue(
    inbox: Inbox, queue: Redis, ledger: Ledger, shelf: Shelf
) -> None:
    queue.lpush(QUEUE, json.dumps(shelf.document(label="Spring")))
    _take(inbox)
    (job,) = ledger.jobs().items
    assert (job.state, job.source, job.document) == (
        "listing",
        str(shelf.manifest),
        shelf.document(label="Spring"),
    )
    assert queue.llen(QUEUE) == queue.llen(TAKEN) == 0


def test_equal_documents_are_two_jobs_without_an_id_and_one_with_it(
    inbox: Inbox, queue: Redis, ledger: Ledger, shelf: Shelf
) -> None:
    for document in (shelf.document(), shelf.document(), shelf.document(id="a"), shelf.document(id="a")):
        queue.lpush(QUEUE, json.dumps(document))
    _take(inbox, 4)
    assert ledger.jobs().total == 3


def test_what_a_dead_process_had_taken_becomes_one_job(
    inbox: Inbox, queue: Redis, ledger: Ledger, shelf: Shelf
) -> None:
    document = json.dumps(shelf.document()).encode()
    queue.lpush(TAKEN, document)  # it died after BLMOVE
    queue.lpush(TAKEN, b"recto-job 0123456789abcdef " + document)  # it died after it had marked it
    ledger.enter_job("fedcba9876543210", str(shelf.manifest), shelf.document())
    queue.lpush(TAKEN, b"recto-job fedcba9876543210 " + document)  # it died after the ledger had it
    _take(inbox)
    assert ledger.jobs().total == 3
    assert queue.llen(TAKEN) == 0


@pytest.mark.parametrize(
    ("dropped", "reason"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "not JSON"),
        (b"[]", "JSON object"),
        (b'{"recto": 2, "source": "x"}', '"recto": 1'),
        (b'{"recto": 1}', 'no "source"'),
        (b'{"recto": 1, "source": "x", "sauce": 1}', "unknown field 'sauce'"),
        (b'{"recto": 1, "source": "x", "source": "y"}', "twice"),
        (b'{"recto": 1, "source": "' + b"x" * 70_000 + b'"}', "at most 65,536"),
        (b'{"recto": 1, "source": "x", "options": {"dry_run": 1}}', "true or false"),
        (b"[" * 60_000, "not JSON"),
        (b'{"recto": 1, "source": "\\ud800"}', "nobody can type"),
    ],
)
def test_a_document_that_cannot_be_used_is_a_failed_job_with_a_sentence(
    inbox: Inbox, queue: Redis, ledger: Ledger, dropped: bytes, reason: str
) -> None:
    queue.lpush(QUEUE, dropped)
    _take(inbox)
    (job,) = ledger.jobs().items
    assert job.state == "failed"
    assert reason in job.reason
    assert queue.llen(TAKEN) == 0


def test_an_id_that_belongs_to_another_document_is_refused(
    inbox: Inbox, queue: Redis, ledger: Ledger, shelf: Shelf
) -> None:
    queue.lpush(QUEUE, json.dumps(shelf.document(id="a")), json.dumps(shelf.document(id="a", label="other")))
    _take(inbox, 2)
    assert sorted(job.state for job in ledger.jobs().items) == ["failed", "listing"]


def test_several_processes_share_the_queue_and_list_each_job_once(
    settings: Settings, redis: RedisServer, queue: Redis, ledger: Ledger, shelf: Shelf
) -> None:
    shelf.stock(70)
    with JobsProcess(settings, redis.url, "jobs@one"), JobsProcess(settings, redis.url, "jobs@two"):
        for _ in range(12):
            queue.lpush(QUEUE, json.dumps(shelf.document()))
        wait_until(lambda: sum(job.is_listed for job in ledger.jobs().items) == 12, "all jobs are listed")
    assert [job.covers for job in ledger.jobs().items] == [70] * 12


@pytest.mark.slow
@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(2))
def test_kills_at_any_moment_lose_no_document_and_double_none(
    settings: Settings, redis: RedisServer, queue: Redis, ledger: Ledger, shelf: Shelf, seed: int
) -> None:
    chance = random.Random(seed)
    shelf.stock(1)
    dropped = 0
    jobs = JobsProcess(settings, redis.url)
    for _ in range(4):
        jobs.start()
        for _ in range(20):
            queue.lpush(QUEUE, json.dumps(shelf.document(label=f"drop {dropped}")))
            dropped += 1
        time.sleep(chance.uniform(0.0, 0.15))  # the moment of the kill is what the test is about
        jobs.kill()
    with jobs:
        wait_until(lambda: queue.llen(QUEUE) + queue.llen(TAKEN) == 0, "all documents are taken")
        found = sorted(str((job.document or {})["label"]) for job in ledger.jobs(page_size=1000).items)
        assert found == sorted(f"drop {number}" for number in range(dropped)), jobs.said()
