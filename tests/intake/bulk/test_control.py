"""Pause, resume, cancel, retry, export: what people do with jobs that run."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from tests.intake.bulk.shelf import Shelf
from tests.ledger.conftest import _schema
from tests.ledger.entries import index_all

from recto.errors import BadInput, NotFound
from recto.intake.bulk.lister import Lister
from recto.ledger import JobRow, Ledger, Outcome
from recto.records import CoverState
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto_workers import bulk
from recto_workers.controls import Controls

BOOKS = 510
"""More than one portion."""


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Settings]:
    """Both databases: what is held and given up is a matter of their locks and joins."""
    if request.param == "sqlite":
        yield settings
    else:
        for url in _schema(request.getfixturevalue("postgres_server")):
            yield replace(settings, ledger_url=url)


@pytest.fixture
def work(settings: Settings, ledger: Ledger) -> Iterator[Callable[[], None]]:
    """Does what a jobs process does until there is nothing left to do."""
    lister, controls = Lister(settings, ledger, open_blobs(settings), "by hand"), Controls(ledger)

    def until_idle() -> None:
        while controls.turn() | lister.turn():
            pass

    yield until_idle
    lister.close()


@pytest.fixture
def job_id(ledger: Ledger, shelf: Shelf, work: Callable[[], None]) -> str:
    """A job whose covers all wait."""
    shelf.stock(BOOKS)
    job_id = bulk.submit(ledger, shelf.document())
    work()
    return job_id


def _job(ledger: Ledger, job_id: str) -> JobRow:
    found = ledger.job(job_id)
    assert found is not None
    return found


def _count(ledger: Ledger, state: CoverState) -> int:
    return ledger.queue_counts()[state]


def test_pausing_holds_the_covers_back_and_resuming_queues_them(
    ledger: Ledger, job_id: str, work: Callable[[], None]
) -> None:
    bulk.pause(ledger, job_id)
    work()
    assert _job(ledger, job_id).state == "paused"
    assert (_count(ledger, CoverState.HELD), ledger.claim("w", 10, 60.0)) == (BOOKS, [])
    bulk.resume(ledger, job_id)
    work()
    assert _job(ledger, job_id).state == "running"
    assert _count(ledger, CoverState.QUEUED) == BOOKS
    index_all(ledger)
    assert _job(ledger, job_id).state == "done"


def test_a_paused_job_is_not_listed(ledger: Ledger, shelf: Shelf, work: Callable[[], None]) -> None:
    shelf.stock(3)
    job_id = bulk.submit(ledger, shelf.document(options={"paused": True}))
    work()
    assert (_job(ledger, job_id).state, _job(ledger, job_id).covers) == ("paused", 0)
    bulk.resume(ledger, job_id)
    work()
    assert _job(ledger, job_id).covers == 3


def test_a_cover_that_another_job_wants_is_not_held_back(
    ledger: Ledger, job_id: str, shelf: Shelf, work: Callable[[], None]
) -> None:
    bulk.pause(ledger, job_id)
    work()
    other = Shelf(shelf.folder / "other")
    bulk.submit(ledger, {"recto": 1, "source": str(other.stock(5))})  # the same pictures of the same books
    work()
    assert (_count(ledger, CoverState.HELD), _count(ledger, CoverState.QUEUED)) == (BOOKS - 5, 5)


def test_cancelling_gives_up_what_nobody_works_on_and_nobody_else_wants(
    ledger: Ledger, job_id: str, shelf: Shelf, work: Callable[[], None]
) -> None:
    other = Shelf(shelf.folder / "other")
    wanted = bulk.submit(ledger, {"recto": 1, "source": str(other.stock(5))})
    work()
    held = ledger.claim("w", 10, 60.0)
    bulk.cancel(ledger, job_id)
    work()
    assert _job(ledger, job_id).state == "cancelling"
    ledger.stage([cover.cover_id for cover in held], "f.npz")
    ledger.mark_indexed([cover.cover_id for cover in held], "r")
    job = _job(ledger, job_id)
    assert (job.state, job.indexed, job.failed) == ("cancelled", 10, BOOKS - 10)
    assert {item.stage for item in ledger.job_items(job_id, "failed").items} == {"cancelled"}
    index_all(ledger)
    assert _job(ledger, wanted).state == "done"
    assert _job(ledger, wanted).failed == 0


def test_what_was_searchable_before_is_not_given_up(
    ledger: Ledger, job_id: str, shelf: Shelf, work: Callable[[], None]
) -> None:
    index_all(ledger)
    ledger.requeue(all=True)
    again = bulk.submit(ledger, shelf.document())
    work()
    bulk.cancel(ledger, again)
    work()
    assert _job(ledger, again).state == "cancelled"
    assert _count(ledger, CoverState.QUEUED) == BOOKS


def test_cancelled_covers_can_be_retried(ledger: Ledger, job_id: str, work: Callable[[], None]) -> None:
    bulk.cancel(ledger, job_id)
    work()
    assert bulk.retry(ledger, job_id, stage="cancelled") == BOOKS
    work()
    index_all(ledger)
    job = _job(ledger, job_id)
    assert (job.state, job.indexed) == ("done", BOOKS)


def test_some_failed_items_are_retried(ledger: Ledger, job_id: str) -> None:
    for cover in ledger.claim("w", 4, 60.0):
        ledger.mark_failed(cover.cover_id, "decode", "it is broken")
    index_all(ledger)
    failed = ledger.job_items(job_id, Outcome.FAILED).items
    assert [item.attempts for item in failed] == [1] * 4
    assert bulk.retry(ledger, job_id, item_ids=[failed[0].item_id, failed[1].item_id]) == 2
    job = _job(ledger, job_id)
    assert (job.state, job.waiting, job.failed) == ("running", 2, 2)


def test_a_job_that_is_over_can_be_neither_paused_nor_cancelled(ledger: Ledger, job_id: str) -> None:
    index_all(ledger)
    for action in (bulk.pause, bulk.resume, bulk.cancel):
        with pytest.raises(BadInput, match="over already"):
            action(ledger, job_id)


def test_a_job_that_does_not_exist_is_said_to(ledger: Ledger) -> None:
    for action in (bulk.pause, bulk.resume, bulk.cancel, bulk.retry, bulk.export):
        with pytest.raises(NotFound):
            action(ledger, "nothing")


def test_an_export_holds_every_item_the_failed_ones_first(ledger: Ledger, job_id: str) -> None:
    (cover,) = ledger.claim("w", 1, 60.0)
    ledger.mark_failed(cover.cover_id, "decode", "=it is broken")
    rows = list(csv.DictReader("".join(bulk.export(ledger, job_id)).splitlines()))
    assert len(rows) == BOOKS
    first = rows[0]
    assert (first["outcome"], first["stage"], first["attempts"]) == ("failed", "decode", "1")
    assert first["reason"] == "'=it is broken", "a spreadsheet must not take it for a formula"
    assert len({row["item"] for row in rows}) == BOOKS
    only_failed = "".join(bulk.export(ledger, job_id, Outcome.FAILED)).splitlines()
    assert len(only_failed) == 2
