"""What outside parts do to Recto when they go away, and processes that die: told, and healed without anybody's help."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from tests.outside.conftest import SHOWN, Scene, add_book, search, wait_for_job
from tests.outside.deployment import Deployment
from tests.support.qdrant import Bridge
from tests.workers.running import draw, indexed_ids, wait_until

from recto.ledger import Ledger
from recto.records import CoverState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
COVERS = 60


@pytest.fixture(scope="module")
def stocked(running: Deployment, scene: Scene) -> None:
    """A book to be found."""
    with httpx.Client(base_url=running.web_url, headers={"Accept": "application/json"}, timeout=60) as client:
        assert add_book(client, scene.books[SHOWN], {"front": scene.cover(SHOWN, "front")})["indexed"] == 1


@pytest.mark.chaos
@pytest.mark.usefixtures("stocked")
def test_a_worker_killed_in_the_middle_of_an_ingest_loses_nothing_and_doubles_nothing(
    running: Deployment, client: httpx.Client
) -> None:
    store = running.s3.client()
    for number in range(COVERS):
        store.put_object(Bucket=running.bucket, Key=f"scans/k{number:03}.jpg", Body=draw(number))
    handed = running.command("ingest", f"s3://{running.bucket}/scans/", "--no-wait", "--json")
    job = f"/jobs/{json.loads(handed.stdout)['job']}"
    wait_until(lambda: client.get(job).json()["indexed"] > 0, "the first covers are indexed", seconds=240)
    victims = [running.processes[name] for name in ("ingest-1", "index-1")]
    for victim in victims:
        victim.kill()
    in_work = client.get(job).json()
    for victim in victims:
        victim.restart()
    done = wait_for_job(client, job)
    assert 0 < in_work["indexed"] < COVERS, "the kill came too late to say anything"
    assert (done["indexed"], done["failed"]) == (COVERS, 0), running.said()
    ids = indexed_ids(running.settings("console"))
    assert len(ids) == len(set(ids)) == COVERS + 1


@contextmanager
def hanging_store(running: Deployment) -> Iterator[None]:
    """The store accepts connections and says nothing."""
    running.s3.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        running.s3.process.send_signal(signal.SIGCONT)


@contextmanager
def dead_redis(running: Deployment) -> Iterator[None]:
    """Redis dies and forgets everything."""
    running.redis.kill()
    try:
        yield
    finally:
        running.redis.restart()


@contextmanager
def stopped_postgres(running: Deployment) -> Iterator[None]:
    """PostgreSQL is stopped."""
    running.postgres.stop()
    try:
        yield
    finally:
        running.postgres.restart()


@contextmanager
def dead_qdrant(running: Deployment) -> Iterator[None]:
    """Qdrant dies and comes back with what it stored."""
    if running.qdrant is None:
        pytest.skip("RECTO_TEST_QDRANT_URL names a server that these tests do not stop")
    port = running.qdrant.port
    running.end_qdrant()
    try:
        yield
    finally:
        running.qdrant = Bridge(folder=running.folder / "qdrant", port=port)


OUTAGES: dict[str, tuple[Callable[[Deployment], Any], str]] = {
    "s3": (hanging_store, "The S3 store at "),
    "redis": (dead_redis, "the message queue (Redis) does not answer"),
    "qdrant": (dead_qdrant, "Qdrant"),
    "postgres": (stopped_postgres, "The ledger does not answer"),
}


@pytest.mark.chaos
@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize("part", OUTAGES)
def test_a_part_that_goes_away_is_told_as_a_sentence_and_used_again_when_it_is_back(
    part: str, running: Deployment, client: httpx.Client, scene: Scene
) -> None:
    outage, sentence = OUTAGES[part]
    with outage(running):
        refused = search(client, scene.photos["front"])
        assert refused["status"] == 503
        assert sentence in refused["detail"]
        catalogue = client.get("/books", headers={"Accept": "text/html"})
        assert catalogue.status_code == (503 if part == "postgres" else 200)
    wait_until(
        lambda: search(client, scene.photos["front"]).get("verdict") == "found", "searches are answered", 240
    )


@pytest.mark.usefixtures("stocked")
def test_covers_that_came_during_an_outage_of_the_store_are_tried_again_and_none_is_given_up(
    running: Deployment, client: httpx.Client
) -> None:
    """The worker's attempts while the store hangs say nothing about the covers."""
    ledger = Ledger.open(running.settings("console"))
    before = _outages_met(running)
    try:
        store = running.s3.client()
        for number in range(COVERS, 2 * COVERS):
            store.put_object(Bucket=running.bucket, Key=f"late/k{number:03}.jpg", Body=draw(number))
        handed = running.command("ingest", f"s3://{running.bucket}/late", "--no-wait", "--json")
        with hanging_store(running):
            wait_until(lambda: _outages_met(running) > before, "a worker met the outage")
        job = wait_for_job(client, f"/jobs/{json.loads(handed.stdout)['job']}")
        assert (job["indexed"], job["failed"]) == (COVERS, 0), running.said()
        assert ledger.queue_counts()[CoverState.FAILED] == 0
    finally:
        ledger.close()


def _outages_met(running: Deployment) -> int:
    """How often workers said so far that the store does not answer."""
    logs = [process.log.read_text() for name, process in running.processes.items() if name != "web"]
    return sum(log.count("The S3 store at") for log in logs)
