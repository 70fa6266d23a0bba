from __future__ import annotations

import time

import pytest
from sqlalchemy import update
from tests.ledger.entries import fill, index_all, stage_all

from recto.ledger import Ledger
from recto.ledger.overview import RATE_SECONDS
from recto.ledger.schema import cover, job
from recto.records import CoverState, Where
from recto.versions import Version


def test_an_empty_ledger_has_nothing_to_tell(ledger: Ledger) -> None:
    overview = ledger.overview()
    assert overview.books == sum(overview.covers.values()) == 0
    assert (overview.oldest_waiting, overview.jobs, overview.failed_by_stage) == ({}, {}, {})
    assert overview.indexed_per_second == overview.oldest_search == 0.0


def test_it_counts_covers_by_state_and_says_how_long_the_oldest_waits(ledger: Ledger) -> None:
    fill(ledger, 3)
    claimed = ledger.claim("worker", 2, 60.0)
    with ledger._database.write() as connection:  # as if time had passed
        connection.execute(update(cover).values(moved=cover.c.moved - 100.0))
    overview = ledger.overview()
    assert (overview.books, overview.covers[CoverState.QUEUED], overview.covers[CoverState.WORKING]) == (
        3,
        4,
        2,
    )
    assert overview.oldest_waiting.keys() == {CoverState.QUEUED, CoverState.WORKING}
    assert min(overview.oldest_waiting.values()) >= 100.0
    ledger.release("worker")
    assert claimed
    assert ledger.overview().oldest_waiting[CoverState.QUEUED] >= 100.0  # tried covers count too


def test_it_knows_the_rate_of_the_last_minute(ledger: Ledger) -> None:
    fill(ledger, 3)
    index_all(ledger)
    assert ledger.overview().indexed_per_second == pytest.approx(6 / RATE_SECONDS)
    with ledger._database.write() as connection:
        connection.execute(update(cover).values(moved=time.time() - 2 * RATE_SECONDS))
    assert ledger.overview().indexed_per_second == 0.0


def test_it_counts_failures_by_stage(ledger: Ledger) -> None:
    fill(ledger, 2)
    first, second, third = (found.cover_id for found in ledger.claim("worker", 3, 60.0))
    ledger.mark_failed(first, "decode", "It is no image.")
    ledger.mark_failed(second, "decode", "It is no image.")
    ledger.mark_failed(third, "quarantine", "The worker died.")
    assert ledger.overview().failed_by_stage == {"decode": 2, "quarantine": 1}


def test_it_counts_searches_that_nobody_has_answered(ledger: Ledger) -> None:
    photo = [(None, "0" * 32)]
    ledger.create_search(photo, Where(), 10)
    ledger.fail_search(ledger.create_search(photo, Where(), 10), "no")
    assert ledger.overview().searches_waiting == 1
    assert ledger.overview().oldest_search >= 0.0


def test_it_counts_jobs_that_go_on_and_what_they_wait_for(ledger: Ledger) -> None:
    fill(ledger, 2)
    index_all(ledger)
    fill(ledger, 1, first=10)
    listing = ledger.create_job("ingest", "more.csv")
    overview = ledger.overview()
    assert overview.jobs == {("ingest", "running"): 1, ("ingest", "listing"): 1}
    assert overview.items_waiting == {"ingest": 2}
    with ledger._database.write() as connection:  # a command that was killed while it read its source
        connection.execute(update(job).where(job.c.job_id == listing).values(touched=0.0))
    assert ledger.overview().jobs == {("ingest", "running"): 1}


def test_it_counts_the_covers_of_the_version_beside_the_live_one(ledger: Ledger) -> None:
    ledger.set_live_version(Version("live", "encoder"))
    fill(ledger, 2)
    stage_all(ledger)
    assert sum(ledger.overview().other_covers.values()) == 0
