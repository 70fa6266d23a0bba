"""Jobs: items, their outcomes, counts and states."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.ledger.entries import entry, fill, index_all, put, sha256, stage_all

from recto.errors import BadInput, NotFound
from recto.ledger import Entry, EntryItem, JobRow, Ledger, NewItem, Outcome
from recto.ledger.jobs import SILENT_SECONDS
from recto.records import Book, CoverState, Side


def _job(ledger: Ledger, job_id: str) -> JobRow:
    job = ledger.job(job_id)
    assert job is not None
    return job


def _counts(ledger: Ledger, job_id: str) -> dict[str, int]:
    job = _job(ledger, job_id)
    names = ("indexed", "unchanged", "failed", "waiting")
    assert job.covers == sum(getattr(job, name) for name in names)
    return {name: getattr(job, name) for name in names if getattr(job, name)}


def test_there_is_no_job_of_an_unknown_id(ledger: Ledger) -> None:
    assert ledger.job("x") is None
    assert ledger.job_items("x").items == ()
    with pytest.raises(NotFound):
        ledger.finish_listing("x")
    with pytest.raises(NotFound):
        ledger.acknowledge("x", [entry(1)])
    assert ledger.browse().total == 0


def test_a_job_lists_then_runs_then_is_done(ledger: Ledger) -> None:
    job_id = ledger.create_job("ingest", "shelf.csv")
    assert _job(ledger, job_id).state == "listing"
    ledger.acknowledge(job_id, [entry(1), entry(2)])
    assert (_job(ledger, job_id).state, _counts(ledger, job_id)) == ("listing", {"waiting": 4})
    ledger.finish_listing(job_id)
    assert _job(ledger, job_id).state == "running"
    index_all(ledger)
    job = _job(ledger, job_id)
    assert (job.state, job.books, job.covers, job.indexed) == ("done", 2, 4, 4)
    assert job.finished is not None
    assert job.finished >= job.created
    assert (job.kind, job.source) == ("ingest", "shelf.csv")


def test_a_finished_job_reads_the_same_again(ledger: Ledger) -> None:
    job_id = fill(ledger, 2)
    index_all(ledger)
    assert ledger.job(job_id) == ledger.job(job_id) == ledger.jobs().items[0]


def test_a_job_whose_items_all_settled_is_not_done_before_its_listing_ends(ledger: Ledger) -> None:
    job_id = ledger.create_job("ingest", "s")
    ledger.acknowledge(job_id, [entry(1)])
    index_all(ledger)
    assert _job(ledger, job_id).state == "listing"


def test_a_job_without_items_is_done(ledger: Ledger) -> None:
    job_id = fill(ledger, 0)
    job = _job(ledger, job_id)
    assert (job.state, job.covers, job.books) == ("done", 0, 0)
    assert job.finished is not None


def test_nothing_is_added_after_the_end_of_the_listing(ledger: Ledger) -> None:
    job_id = fill(ledger, 1)
    ledger.finish_listing(job_id)
    with pytest.raises(BadInput, match="finished"):
        ledger.acknowledge(job_id, [entry(2)])
    assert ledger.book("book-2") is None


def test_identical_covers_are_unchanged_the_second_time(ledger: Ledger) -> None:
    fill(ledger, 2)
    index_all(ledger)
    again = fill(ledger, 3)
    assert _counts(ledger, again) == {"unchanged": 4, "waiting": 2}
    index_all(ledger)
    assert _counts(ledger, again) == {"unchanged": 4, "indexed": 2}


def test_a_cover_that_is_on_its_way_counts_in_both_jobs(ledger: Ledger) -> None:
    jobs = [fill(ledger, 1), fill(ledger, 1)]
    assert [_counts(ledger, job_id) for job_id in jobs] == [{"waiting": 2}] * 2
    index_all(ledger)
    assert [_counts(ledger, job_id) for job_id in jobs] == [{"indexed": 2}] * 2


def test_a_failure_counts_in_both_jobs_with_its_reason(ledger: Ledger) -> None:
    jobs = [fill(ledger, 1), fill(ledger, 1)]
    cover = ledger.claim("w", 1, 60.0)[0]
    ledger.mark_failed(cover.cover_id, "decode", "It is broken.")
    for job_id in jobs:
        assert _counts(ledger, job_id) == {"waiting": 1, "failed": 1}
        item = ledger.job_items(job_id, "failed").items[0]
        assert (item.stage, item.reason, item.cover_id) == ("decode", "It is broken.", cover.cover_id)


def test_what_happens_to_a_cover_later_leaves_a_finished_job_alone(ledger: Ledger) -> None:
    job_id = fill(ledger, 1)
    index_all(ledger)
    done = ledger.job(job_id)
    ledger.requeue(all=True)
    ledger.delete_book("book-0")
    assert ledger.job(job_id) == done


def test_an_image_that_could_not_be_read_is_a_failed_item(ledger: Ledger) -> None:
    job_id = ledger.create_job("ingest", "bad \udc80 name")
    bad = EntryItem(Side.BACK, "b\udc80.jpg", "", "read", "The file does not exist.")
    ledger.acknowledge(job_id, [Entry(Book("a"), (EntryItem(Side.FRONT, "a.jpg", sha256("a")), bad))])
    item = ledger.job_items(job_id, "failed").items[0]
    assert (item.book_id, item.side, item.path) == ("a", Side.BACK, "b?.jpg")
    assert (item.stage, item.reason) == ("read", "The file does not exist.")
    assert _counts(ledger, job_id) == {"waiting": 1, "failed": 1}


def test_a_row_without_a_book_is_a_failed_item(ledger: Ledger) -> None:
    job_id = ledger.create_job("ingest", "s")
    ledger.acknowledge(
        job_id, [Entry(None, (EntryItem(None, "line 7", "", "manifest", "no book_id"),)), entry(1)]
    )
    job = _job(ledger, job_id)
    assert (job.books, job.failed, job.waiting) == (1, 1, 2)
    assert ledger.job_items(job_id).items[0].side is None


def test_a_book_that_is_refused_fails_its_items_and_no_others(ledger: Ledger) -> None:
    job_id = ledger.create_job("ingest", "s")
    good = entry(1)
    assert good.book is not None
    bad = replace(good, book=replace(good.book, book_id="b\n", year=1))
    ledger.acknowledge(job_id, [bad, entry(2), Entry(Book("c", year=5000), ())])
    assert _counts(ledger, job_id) == {"waiting": 2, "failed": 3}
    failed = ledger.job_items(job_id, "failed").items
    assert {item.stage for item in failed} == {"manifest"}
    assert "control characters" in failed[0].reason
    assert "year" in failed[2].reason


def test_a_cover_listed_twice_is_two_items_of_one_cover(ledger: Ledger) -> None:
    job_id = ledger.create_job("ingest", "s")
    ledger.acknowledge(job_id, [entry(1), entry(1)])
    ledger.finish_listing(job_id)
    assert len(index_all(ledger)) == 2
    assert (_counts(ledger, job_id), _job(ledger, job_id).books) == ({"indexed": 4}, 1)


def test_the_last_of_two_rows_of_a_book_wins(ledger: Ledger) -> None:
    job_id = ledger.create_job("ingest", "s")
    ledger.acknowledge(job_id, [Entry(Book("a", "old"), ()), Entry(Book("a", "new"), ())])
    assert ledger.book("a") == Book("a", "new")


def test_items_added_by_hand_take_the_state_of_their_cover(ledger: Ledger) -> None:
    failed, ready, waiting = (put(ledger, "a", Side.FRONT, name) for name in ("failed", "ready", "waiting"))
    ledger.mark_failed(failed.cover_id, "decode", "broken")
    ledger.claim("w", 1, 60.0)
    ledger.stage([ready.cover_id], "f")
    ledger.mark_indexed([ready.cover_id], "r")
    job_id = ledger.create_job("ingest", "s")
    new = [NewItem("a", Side.FRONT, "p", cover.cover_id) for cover in (failed, ready, waiting)]
    new += [replace(new[1], unchanged=True), NewItem("a", None, "p", None, stage="read", reason="gone")]
    ledger.add_items(job_id, [*new, NewItem("b", Side.BACK, "p", "no such cover")])
    outcomes = [(item.outcome.value, item.stage) for item in ledger.job_items(job_id).items]
    assert outcomes == [
        ("failed", "decode"),
        ("indexed", ""),
        ("waiting", ""),
        ("unchanged", ""),
        ("failed", "read"),
        ("failed", "deleted"),
    ]


def test_failed_items_of_a_job_can_be_tried_again(ledger: Ledger) -> None:
    job_id = fill(ledger, 2)
    ids = stage_all(ledger)
    for id_ in ids[:2]:
        ledger.mark_failed(id_, "index", "no")
    ledger.mark_indexed(ids[2:], "r")
    assert _job(ledger, job_id).state == "done"
    assert ledger.requeue(failed_of_job=job_id) == 2
    assert (_job(ledger, job_id).state, _counts(ledger, job_id)) == ("running", {"indexed": 2, "waiting": 2})
    index_all(ledger)
    job = _job(ledger, job_id)
    assert (job.state, job.indexed, job.failed) == ("done", 4, 0)
    assert ledger.requeue(failed_of_job=job_id) == 0
    assert _job(ledger, job_id) == job


def test_items_without_a_cover_stay_failed_when_a_job_is_tried_again(ledger: Ledger) -> None:
    job_id = ledger.create_job("ingest", "s")
    ledger.acknowledge(job_id, [Entry(Book("a"), (EntryItem(Side.FRONT, "x", "", "read", "gone"),))])
    ledger.finish_listing(job_id)
    assert ledger.requeue(failed_of_job=job_id) == 0
    assert _job(ledger, job_id).failed == 1


def test_a_cover_queued_anew_keeps_its_items_waiting(ledger: Ledger) -> None:
    job_id = fill(ledger, 1)
    ledger.requeue(stage_all(ledger))
    assert _counts(ledger, job_id) == {"waiting": 2}


def test_a_job_whose_source_broke_has_failed_with_a_reason(ledger: Ledger) -> None:
    job_id = ledger.create_job("ingest", "s")
    ledger.acknowledge(job_id, [entry(1)])
    ledger.fail_job(job_id, "Line 3 is no CSV.")
    index_all(ledger)
    job = _job(ledger, job_id)
    assert (job.state, job.reason, job.indexed) == ("failed", "Line 3 is no CSV.", 2)


def test_a_listing_that_fell_silent_has_failed(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = ledger.create_job("ingest", "s")
    ledger.acknowledge(job_id, [entry(1)])
    index_all(ledger)
    monkeypatch.setattr("recto.ledger.jobs.SILENT_SECONDS", -1.0)
    job = _job(ledger, job_id)
    assert (job.state, job.finished) == ("failed", None)
    assert "start it again" in job.reason
    monkeypatch.setattr("recto.ledger.jobs.SILENT_SECONDS", SILENT_SECONDS)
    ledger.acknowledge(job_id, [entry(2)])
    assert (_job(ledger, job_id).state, _counts(ledger, job_id)) == ("listing", {"indexed": 2, "waiting": 2})


def test_jobs_are_listed_by_page_the_newest_first(ledger: Ledger) -> None:
    ids = [fill(ledger, 1, first=number) for number in range(5)]
    first, last = ledger.jobs(1, 3), ledger.jobs(2, 3)
    assert [job.job_id for job in (*first.items, *last.items)] == ids[::-1]
    assert (first.total, last.total, first.pages) == (5, 5, 2)


def test_items_are_listed_by_page_and_outcome_in_order(ledger: Ledger) -> None:
    job_id = fill(ledger, 5)
    cover = ledger.claim("w", 1, 60.0)[0]
    ledger.mark_failed(cover.cover_id, "decode", "no")
    pages = [ledger.job_items(job_id, None, page, 4) for page in (1, 2, 3)]
    paths = [item.path for page in pages for item in page.items]
    assert paths == [f"{number}-{side}.jpg" for number in range(5) for side in ("front", "back")]
    assert ledger.job_items(job_id, Outcome.WAITING, 2, 6).total == 9
    assert [item.cover_id for item in ledger.job_items(job_id, "failed").items] == [cover.cover_id]
    with pytest.raises(BadInput, match="waiting, indexed, unchanged, checked, failed"):
        ledger.job_items(job_id, "lost")


def test_a_changed_year_is_ingested_again_with_its_job(ledger: Ledger) -> None:
    fill(ledger, 1)
    index_all(ledger)
    changed = entry(0)
    assert changed.book is not None
    job_id = ledger.create_job("ingest", "s")
    ledger.acknowledge(job_id, [replace(changed, book=replace(changed.book, year=1850))])
    assert _counts(ledger, job_id) == {"waiting": 2}
    assert ledger.queue_counts()[CoverState.QUEUED] == 2
