"""The live version, rebuilds, and small facts."""

from __future__ import annotations

from tests.ledger.entries import fill, index_all, stage_all

from recto.ledger import Ledger
from recto.records import CoverState
from recto.versions import Version

OLD, NEW = Version("aaaa", "recto_small"), Version("bbbb", "vgg16")


def test_a_new_ledger_has_no_live_version(ledger: Ledger) -> None:
    assert ledger.live_version() is None


def test_the_version_that_was_set_last_is_live(ledger: Ledger) -> None:
    ledger.set_live_version(OLD)
    ledger.set_live_version(NEW)
    assert ledger.live_version() == NEW


def test_facts_are_kept_by_key_apart_from_the_version(ledger: Ledger) -> None:
    ledger.set_live_version(OLD)
    for text in ("one", "two"):
        ledger.set_value("live_version", text)
    assert (ledger.get_value("live_version"), ledger.get_value("other")) == ("two", None)
    assert ledger.live_version() == OLD


def test_a_rebuild_queues_every_cover_and_follows_it(ledger: Ledger) -> None:
    fill(ledger, 3)
    ids = index_all(ledger)
    fill(ledger, 1, first=3)
    ledger.mark_failed(stage_all(ledger)[0], "decode", "no")
    ledger.delete_book("book-0")
    job_id = ledger.begin_rebuild(NEW)
    assert ledger.live_version() == NEW
    assert ledger.queue_counts()[CoverState.QUEUED] == 6
    job = ledger.job(job_id)
    assert job is not None
    assert (job.kind, job.state, job.books, job.covers, job.waiting) == ("rebuild", "running", 3, 6, 6)
    assert {cover.attempts for cover in ledger.covers_by_id(ids).values()} == {0}
    index_all(ledger)
    job = ledger.job(job_id)
    assert job is not None
    assert (job.state, job.indexed) == ("done", 6)


def test_a_rebuild_of_an_empty_catalogue_is_done(ledger: Ledger) -> None:
    job = ledger.job(ledger.begin_rebuild(NEW))
    assert job is not None
    assert (job.state, job.covers) == ("done", 0)


def test_what_was_staged_for_the_old_version_is_not_indexed_after_a_rebuild_began(ledger: Ledger) -> None:
    fill(ledger, 1)
    ids = stage_all(ledger)
    ledger.begin_rebuild(NEW)
    assert ledger.mark_indexed(ids, OLD.recipe_id) == []
