"""Two ingest and two index workers as processes on one Redis, one ledger and one Qdrant server."""

from __future__ import annotations

import dataclasses

import pytest
from tests.workers.running import acknowledge, draw, indexed_ids, wait_until
from tests.workers.scaling.workers import working

from recto.ledger import Ledger
from recto.records import CoverState, Side, Where
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto_workers.messages import Producer

# Four processes load torch on cores that may be busy with other tests.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
COVERS = 80
SEARCHES = 24


def test_work_is_shared_and_each_cover_is_indexed_once(
    deployed: Settings, ledger: Ledger, producer: Producer
) -> None:
    images = {(f"book-{n // 2:03}", tuple(Side)[n % 2]): draw(n) for n in range(COVERS)}
    with working(deployed, ["index-1", "index-2", "ingest-1", "ingest-2"]) as workers:
        acknowledge(deployed, ledger, images)
        producer.wake_ingest()
        wait_until(lambda: ledger.queue_counts()[CoverState.INDEXED] == COVERS, "all covers are indexed")
        searches = _ask(deployed, ledger, producer)
        wait_until(lambda: {_state(ledger, one) for one in searches} == {"done"}, "all searches are answered")
        assert {_first(ledger, one) for one in searches} == {"book-000"}
        took = {name: worker.done(f"recto.{worker.role}") for name, worker in workers.items()}
        answered = [worker.done("recto.search") for worker in workers.values() if worker.role == "index"]
    assert min(took.values()) > 0, took
    assert min(answered) > 0
    assert sum(answered) == SEARCHES
    ids = indexed_ids(deployed)
    assert len(ids) == len(set(ids)) == COVERS


@pytest.mark.chaos
def test_when_one_of_each_dies_the_others_finish_its_work(
    deployed: Settings, ledger: Ledger, producer: Producer
) -> None:
    images = {(f"book-{n // 2:03}", tuple(Side)[n % 2]): draw(n) for n in range(COVERS)}
    impatient = dataclasses.replace(
        deployed, lease_seconds=5.0
    )  # nobody starts the dead again under their names
    with working(impatient, ["index-1", "index-2", "ingest-1", "ingest-2"]) as workers:
        acknowledge(impatient, ledger, images)
        producer.wake_ingest()
        wait_until(lambda: ledger.queue_counts()[CoverState.INDEXED], "the first covers are indexed")
        workers["index-1"].kill()
        workers["ingest-1"].kill()
        wait_until(
            lambda: ledger.queue_counts()[CoverState.INDEXED] == COVERS, "all are indexed", seconds=240
        )
    ids = indexed_ids(impatient)
    assert len(ids) == len(set(ids)) == COVERS


def _ask(settings: Settings, ledger: Ledger, producer: Producer) -> list[str]:
    blobs = open_blobs(settings)
    searches = []
    for _ in range(SEARCHES):
        searches.append(ledger.create_search([(None, blobs.put_incoming(draw(0)))], Where(), limit=5))
        producer.send_search(searches[-1])
    return searches


def _state(ledger: Ledger, search_id: str) -> str:
    row = ledger.search(search_id)
    return row.state if row is not None else ""


def _first(ledger: Ledger, search_id: str) -> str:
    row = ledger.search(search_id)
    assert row is not None
    assert row.result is not None
    return str(row.result["books"][0]["book_id"])
