"""Staged covers among several index workers: leases, and what the index should not hold."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.ledger.entries import fill, put, stage_all

from recto.ledger import Ledger
from recto.records import CoverState

LONG = 60.0


def test_a_staged_file_has_one_worker_while_its_lease_lasts(ledger: Ledger) -> None:
    fill(ledger, 2)
    ids = stage_all(ledger, "f.npz")
    assert [cover.cover_id for cover in ledger.take_staged("f.npz", "one", LONG)] == sorted(ids)
    assert ledger.take_staged("f.npz", "other", LONG) == []
    assert ledger.staged_files(0.0) == []
    assert len(ledger.covers_of_staged("f.npz")) == 4


def test_of_many_workers_that_are_told_at_once_one_gets_the_file(ledger: Ledger) -> None:
    fill(ledger, 20)
    stage_all(ledger, "f.npz")
    with ThreadPoolExecutor(8) as threads:
        taken = threads.map(lambda number: ledger.take_staged("f.npz", f"worker-{number}", LONG), range(8))
        assert sorted(len(covers) for covers in taken) == [0] * 7 + [40]


def test_a_lease_that_ran_out_or_was_ended_leaves_the_file_to_others(ledger: Ledger) -> None:
    fill(ledger, 1)
    stage_all(ledger, "f.npz")
    assert len(ledger.take_staged("f.npz", "one", 0.0)) == 2
    assert len(ledger.take_staged("f.npz", "two", LONG)) == 2
    ledger.free_staged("one")
    assert ledger.take_staged("f.npz", "three", LONG) == []
    ledger.free_staged("two")
    assert ledger.staged_files(0.0) == ["f.npz"]
    assert len(ledger.take_staged("f.npz", "three", LONG)) == 2


def test_what_a_worker_held_when_it_died_is_tried_alone_and_counted(ledger: Ledger) -> None:
    fill(ledger, 2)
    stage_all(ledger, "f.npz")
    ledger.take_staged("f.npz", "one", LONG)
    assert ledger.requeue_staged("other") == 0
    assert ledger.requeue_staged("one") == 4
    assert ledger.staged_files(0.0) == []
    assert [cover.attempts for cover in ledger.claim("ingest", 10, LONG)] == [2]


def test_nothing_is_taken_from_an_unknown_file_or_none(ledger: Ledger) -> None:
    fill(ledger, 1)
    assert ledger.take_staged("unknown.npz", "one", LONG) == []
    assert ledger.take_staged("", "one", LONG) == []


def test_a_cover_that_waits_in_a_newer_file_is_not_marked_by_the_older(ledger: Ledger) -> None:
    fill(ledger, 1)
    ids = stage_all(ledger, "old.npz")
    ledger.requeue(ids)
    stage_all(ledger, "new.npz")
    assert ledger.mark_indexed(ids, "recipe", "old.npz") == []
    assert sorted(ledger.mark_indexed(ids, "recipe", "new.npz")) == sorted(ids)


def test_the_index_should_not_hold_covers_that_are_gone_or_failed(ledger: Ledger) -> None:
    failed, waiting, gone = (put(ledger, name, name=name) for name in ("failed", "waiting", "gone"))
    ledger.mark_failed(failed.cover_id, "decode", "It is damaged.")
    ledger.delete_book("gone")
    ids = [failed.cover_id, waiting.cover_id, gone.cover_id]
    assert ledger.unwanted(ids, "") == [failed.cover_id, gone.cover_id]


def test_only_what_the_index_holds_or_is_about_to_is_queued_again(ledger: Ledger) -> None:
    fill(ledger, 1)
    staged = stage_all(ledger, "f.npz")
    working = put(ledger, "working")
    ledger.claim("w", 1, LONG)
    assert ledger.index_again([*staged, working.cover_id, "unknown"], "") == 2
    counts = ledger.queue_counts()
    assert (counts[CoverState.QUEUED], counts[CoverState.WORKING]) == (2, 1)


def test_processes_that_take_and_end_a_lease_at_once_never_both_have_it(ledger: Ledger) -> None:
    holders: list[str] = []

    def take(holder: str) -> None:
        for _ in range(20):
            if ledger.take_lease("upkeep", holder, LONG):
                holders.append(holder)
                assert set(holders) == {holder}
                holders.remove(holder)
                ledger.end_lease("upkeep", holder)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(take, ["one", "two", "three", "four"]))
