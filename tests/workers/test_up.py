"""One running instance, and what `recto up` promises about it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workers.running import Up, acknowledge, draw, flush_redis, wait_until

from recto.ledger import Ledger
from recto.records import CoverState, Side, Where
from recto.settings import Settings
from recto_workers.instance import running, temporary
from recto_workers.messages import Producer

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """An instance that the tests of this file share."""
    folder = Path(tempfile.mkdtemp(prefix="recto-test-"))
    settings = Settings(data_dir=folder, port=18000, ingest_batch=16, ingest_attempts=2, search_seconds=2.0)
    try:
        with Up(settings, web=True) as up:
            yield up
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def ledger(up: Up) -> Iterator[Ledger]:
    """Its ledger, with eight covers indexed."""
    ledger = Ledger.open(up.settings)
    job_id = acknowledge(up.settings, ledger, {(f"book-{n}", Side.FRONT): draw(n) for n in range(8)})
    wait_until(lambda: _is_done(ledger, job_id), f"the covers are indexed\n{up.said()}")
    yield ledger
    ledger.close()


@pytest.fixture
def producer(up: Up) -> Iterator[Producer]:
    instance = running(up.settings)
    assert instance is not None
    producer = Producer(instance.redis_url, up.settings)
    yield producer
    producer.close()


def test_covers_are_indexed_without_any_message_from_outside(ledger: Ledger) -> None:
    assert ledger.queue_counts()[CoverState.INDEXED] == 8


def test_heartbeats_name_the_processes_that_are_ready(up: Up, producer: Producer) -> None:
    beats = {beat.role: beat for beat in producer.alive()}
    assert set(beats) == {"index", "ingest", "jobs"}
    assert beats["index"].pid == up.pid("index")
    assert beats["ingest"].pid == up.pid("ingest-1")
    assert beats["jobs"].pid == up.pid("jobs")
    assert beats["index"].queues == ("search", "index", "maintenance")


def test_a_second_up_on_the_folder_is_told_who_holds_it(up: Up) -> None:
    second = _run_up(up.settings)
    assert second.returncode == os.EX_TEMPFAIL
    assert f"Recto runs already on {up.settings.data_dir}" in second.stderr
    assert str(up.process.pid) in second.stderr


def test_a_temporary_instance_is_the_running_one_where_there_is_one(up: Up) -> None:
    with temporary(up.settings) as instance:
        assert instance.pid == up.process.pid
    assert running(up.settings) is not None


@pytest.mark.chaos
def test_the_web_server_answers_at_the_announced_address_also_after_it_was_killed(up: Up) -> None:
    instance = running(up.settings)
    assert instance is not None
    assert _status_of(instance.web_url) == 200
    pid = up.pid("web")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: up.pid("web") not in (None, pid), "the web server is started again")
    assert _status_of(instance.web_url) == 200


def test_a_search_is_answered(ledger: Ledger, producer: Producer) -> None:
    search_id = ledger.create_search([(None, "0" * 32)], Where(), limit=5)
    producer.send_search(search_id)
    wait_until(lambda: _state(ledger, search_id) != "pending", "the search ends")
    assert _state(ledger, search_id) == "failed"  # the photo does not exist, and the answer says so
    row = ledger.search(search_id)
    assert row is not None
    assert row.error


def test_a_search_whose_message_is_lost_expires(ledger: Ledger) -> None:
    search_id = ledger.create_search([(None, "0" * 32)], Where(), limit=5)
    assert _state(ledger, search_id) == "pending"
    wait_until(lambda: _state(ledger, search_id) == "expired", "the search expires", seconds=4)


def test_deleted_books_leave_the_index_without_any_message(ledger: Ledger) -> None:
    assert ledger.delete_book("book-0")
    assert ledger.deleted_books(10) == ["book-0"]
    wait_until(lambda: ledger.deleted_books(10) == [], "the index forgets the book", seconds=20)


def test_covers_are_indexed_although_redis_is_emptied_again_and_again(up: Up, ledger: Ledger) -> None:
    images = {(f"flushed-{n}", Side.BACK): draw(1000 + n) for n in range(40)}
    job_id = acknowledge(up.settings, ledger, images)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        flush_redis(up.settings)
        time.sleep(0.1)
    wait_until(lambda: _is_done(ledger, job_id), f"the covers are indexed\n{up.said()}")
    job = ledger.job(job_id)
    assert job is not None
    assert job.indexed == 40


def test_a_rebuild_indexes_every_cover_again(ledger: Ledger, producer: Producer) -> None:
    before = ledger.queue_counts()[CoverState.INDEXED]
    producer.send_rebuild()
    wait_until(lambda: ledger.queue_counts()[CoverState.INDEXED] < before, "the rebuild begins", pause=0.01)
    wait_until(lambda: ledger.queue_counts()[CoverState.INDEXED] == before, "all covers are back")


@pytest.mark.chaos
def test_a_cover_that_kills_its_worker_is_quarantined_and_its_neighbours_are_indexed(
    up: Up, ledger: Ledger
) -> None:
    images = {(f"neighbour-{n}", Side.FRONT): draw(2000 + n) for n in range(12)}
    images["poison", Side.FRONT] = draw(0, width=4000, height=6000)  # slow: its worker can be caught at it
    job_id = acknowledge(up.settings, ledger, images)
    [poison] = ledger.covers_of("poison")
    attempts: set[int] = set()
    arguments = (poison.cover_id, up, ledger, attempts)
    threading.Thread(target=_play_poison, args=arguments, daemon=True).start()
    try:
        wait_until(lambda: _is_done(ledger, job_id), "the job is done", seconds=120, pause=0.2)
    except AssertionError as error:
        raise AssertionError(
            f"{error}\n{attempts} {ledger.covers_of('poison')} {ledger.queue_counts()}\n{up.said()}"
        ) from None
    quarantined = ledger.cover(poison.cover_id)
    job = ledger.job(job_id)
    assert quarantined is not None
    assert job is not None
    assert attempts == {1, 2}  # first in a batch with the others, then alone
    assert (quarantined.state, quarantined.stage) == (CoverState.FAILED, "quarantine"), up.said()
    assert quarantined.attempts == up.settings.ingest_attempts + 1
    assert (job.indexed, job.failed) == (12, 1)


def _play_poison(cover_id: str, up: Up, ledger: Ledger, attempts: set[int]) -> None:
    """Kill the worker as soon as it holds this cover, once in each of its attempts."""
    while True:
        cover = ledger.cover(cover_id)
        if cover is None or cover.state not in (CoverState.QUEUED, CoverState.WORKING):
            return
        is_tried = cover.state is CoverState.WORKING and cover.attempts <= up.settings.ingest_attempts
        if is_tried and cover.attempts not in attempts:
            pid = up.pid("ingest-1")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            attempts.add(cover.attempts)
        time.sleep(0.005)


def _run_up(settings: Settings) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recto_workers.run", "up", "--no-web"],
        env={**os.environ, **settings.environment()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _status_of(url: str) -> int:
    with urllib.request.urlopen(url, timeout=30) as response:
        return int(response.status)


def _is_done(ledger: Ledger, job_id: str) -> bool:
    job = ledger.job(job_id)
    return job is not None and job.state == "done"


def _state(ledger: Ledger, search_id: str) -> str:
    row = ledger.search(search_id)
    assert row is not None
    return row.state
