"""The ingest queue: claims, leases, attempts, states."""

from __future__ import annotations

import time

import pytest
from tests.ledger.entries import fill, index_all, put, stage_all

from recto.ledger import Ledger
from recto.records import Cover, CoverState, Side

LONG = 3600.0


def _states(ledger: Ledger) -> dict[str, int]:
    return {state.value: count for state, count in ledger.queue_counts().items() if count}


def _ids(covers: list[Cover]) -> list[str]:
    return [cover.cover_id for cover in covers]


def test_an_empty_queue_gives_nothing(ledger: Ledger) -> None:
    assert ledger.claim("worker", 10, LONG) == []
    assert set(ledger.queue_counts().values()) == {0}


def test_new_covers_are_claimed_together_and_once(ledger: Ledger) -> None:
    fill(ledger, 4)
    first, second = ledger.claim("one", 5, LONG), ledger.claim("two", 5, LONG)
    assert (len(first), len(second)) == (5, 3)
    assert len({*_ids(first), *_ids(second)}) == 8
    assert {(cover.state, cover.attempts) for cover in first} == {(CoverState.WORKING, 1)}
    assert ledger.claim("three", 5, LONG) == []


def test_a_claim_returns_what_the_ledger_holds(ledger: Ledger) -> None:
    fill(ledger, 1)
    for cover in ledger.claim("worker", 5, LONG):
        assert ledger.cover(cover.cover_id) == cover


def test_the_oldest_covers_come_first(ledger: Ledger) -> None:
    covers = [put(ledger, "a", Side.FRONT, str(number)) for number in range(5)]
    assert _ids(ledger.claim("worker", 3, LONG)) == _ids(covers[:3])


def test_covers_of_a_silent_worker_come_one_at_a_time_and_first(ledger: Ledger) -> None:
    fill(ledger, 2)
    lost = ledger.claim("dead", 3, 0.0)
    retried = [ledger.claim("alive", 10, LONG) for _ in range(3)]
    assert [len(covers) for covers in retried] == [1, 1, 1]
    assert {covers[0].cover_id for covers in retried} == set(_ids(lost))
    assert {covers[0].attempts for covers in retried} == {2}
    assert len(ledger.claim("alive", 10, LONG)) == 1  # the new one that was left


def test_a_lease_holds_until_it_runs_out(ledger: Ledger) -> None:
    put(ledger, "a")
    ledger.claim("one", 1, 0.3)
    assert ledger.claim("two", 1, LONG) == []
    time.sleep(0.35)
    assert len(ledger.claim("two", 1, LONG)) == 1


def test_a_worker_that_starts_again_frees_what_it_held(ledger: Ledger) -> None:
    fill(ledger, 2)
    held = ledger.claim("one", 2, LONG)
    ledger.claim("two", 1, LONG)
    assert ledger.release("one") == 2
    assert _states(ledger) == {"queued": 3, "working": 1}
    assert ledger.claim("one", 10, LONG)[0].attempts == 2
    assert ledger.release("nobody") == 0
    assert {ledger.covers_by_id(_ids(held))[id_].attempts for id_ in _ids(held)} == {1, 2}


def test_a_worker_that_stops_cleanly_gives_covers_back_untried(ledger: Ledger) -> None:
    fill(ledger, 2)
    held = ledger.claim("one", 4, LONG)
    ledger.unclaim(_ids(held[:3]))
    again = ledger.claim("two", 10, LONG)
    assert len(again) == 3
    assert {cover.attempts for cover in again} == {1}


def test_giving_back_what_is_not_held_changes_nothing(ledger: Ledger) -> None:
    cover = put(ledger, "a")
    ledger.unclaim([cover.cover_id, "unknown"])
    assert ledger.cover(cover.cover_id) == cover


def test_staged_covers_are_found_by_their_file(ledger: Ledger) -> None:
    fill(ledger, 2)
    one, two = ledger.claim("w", 2, LONG), ledger.claim("w", 2, LONG)
    ledger.stage(_ids(one), "one.npz")
    ledger.stage(_ids(two), "two.npz")
    assert set(_ids(ledger.covers_of_staged("one.npz"))) == set(_ids(one))
    assert ledger.staged_files(0.0) == ["one.npz", "two.npz"]
    assert ledger.staged_files(60.0) == []
    assert ledger.covers_of_staged("") == []


def test_only_covers_that_are_worked_on_are_staged(ledger: Ledger) -> None:
    fill(ledger, 1)
    first = ledger.claim("w", 1, LONG)
    ledger.stage(
        [*_ids(first), *[cover.cover_id for cover in ledger.covers_of("book-0")], "unknown"], "f.npz"
    )
    assert _states(ledger) == {"queued": 1, "staged": 1}


def test_indexed_covers_carry_the_recipe_and_leave_the_queue(ledger: Ledger) -> None:
    fill(ledger, 1)
    ids = stage_all(ledger, "f.npz")
    assert set(ledger.mark_indexed(ids, "1f3a")) == set(ids)
    assert {(cover.state, cover.recipe) for cover in ledger.covers_of("book-0")} == {
        (CoverState.INDEXED, "1f3a")
    }
    assert ledger.staged_files(0.0) == []


def test_marking_twice_moves_nothing_the_second_time(ledger: Ledger) -> None:
    fill(ledger, 1)
    ids = stage_all(ledger)
    ledger.mark_indexed(ids, "a")
    assert ledger.mark_indexed(ids, "b") == []
    assert {cover.recipe for cover in ledger.covers_of("book-0")} == {"a"}


def test_covers_that_are_not_staged_are_not_marked(ledger: Ledger) -> None:
    fill(ledger, 1)
    ids = _ids(ledger.claim("w", 2, LONG))
    assert ledger.mark_indexed(ids, "a") == []


def test_a_failed_cover_keeps_stage_and_reason_and_is_not_claimed(ledger: Ledger) -> None:
    cover = put(ledger, "a")
    ledger.claim("w", 1, 0.0)
    ledger.mark_failed(cover.cover_id, "decode", "It is a text file \udc80\x00.")
    failed = ledger.cover(cover.cover_id)
    assert failed is not None
    assert (failed.state, failed.stage, failed.reason) == (
        CoverState.FAILED,
        "decode",
        "It is a text file ?.",
    )
    assert ledger.claim("w", 1, LONG) == []


def test_a_failure_that_comes_too_late_leaves_an_indexed_cover(ledger: Ledger) -> None:
    cover = put(ledger, "a")
    index_all(ledger)
    ledger.mark_failed(cover.cover_id, "decode", "too late")
    kept = ledger.cover(cover.cover_id)
    assert kept is not None
    assert (kept.state, kept.reason) == (CoverState.INDEXED, "")


@pytest.mark.parametrize("reached", ["working", "staged", "indexed", "failed"])
def test_a_cover_in_any_state_can_be_queued_anew(ledger: Ledger, reached: str) -> None:
    cover = put(ledger, "a")
    ledger.claim("w", 1, LONG)
    if reached in ("staged", "indexed"):
        ledger.stage([cover.cover_id], "f.npz")
    if reached == "indexed":
        ledger.mark_indexed([cover.cover_id], "r")
    if reached == "failed":
        ledger.mark_failed(cover.cover_id, "decode", "no")
    assert ledger.requeue([cover.cover_id, "unknown"]) == 1
    again = ledger.cover(cover.cover_id)
    assert again is not None
    assert (again.state, again.attempts, again.stage, again.reason) == (CoverState.QUEUED, 0, "", "")
    assert ledger.staged_files(0.0) == []


def test_all_covers_can_be_queued_anew(ledger: Ledger) -> None:
    fill(ledger, 3)
    index_all(ledger)
    assert ledger.requeue(all=True) == 6
    assert _states(ledger) == {"queued": 6}


def test_counts_name_every_state(ledger: Ledger) -> None:
    fill(ledger, 3)
    ids = _ids(ledger.claim("w", 4, LONG))
    ledger.stage(ids[:3], "f.npz")
    ledger.mark_indexed(ids[:1], "r")
    ledger.mark_failed(ids[1], "index", "no")
    assert ledger.queue_counts() == {
        CoverState.QUEUED: 2,
        CoverState.HELD: 0,
        CoverState.WORKING: 1,
        CoverState.STAGED: 1,
        CoverState.INDEXED: 1,
        CoverState.FAILED: 1,
    }


def test_indexed_ids_come_in_order_page_by_page(ledger: Ledger) -> None:
    fill(ledger, 7)
    index_all(ledger)
    put(ledger, "waiting")
    seen: list[str] = []
    while page := ledger.indexed_cover_ids(Side.FRONT, seen[-1] if seen else "", 3):
        assert len(page) <= 3
        seen += page
    fronts = [cover.cover_id for number in range(7) for cover in ledger.covers_of(f"book-{number}")[:1]]
    assert seen == sorted(fronts)


def test_a_worker_that_ends_before_it_is_done_can_give_everything_back_untried(ledger: Ledger) -> None:
    fill(ledger, 2)
    held = ledger.claim("one", 4, LONG)
    assert ledger.release("one", untried=True) == 4
    assert {ledger.covers_by_id(_ids(held))[id_].attempts for id_ in _ids(held)} == {0}


def test_a_cover_that_failed_for_a_reason_of_its_own_is_queued_with_it_and_loses_it_when_indexed(
    ledger: Ledger,
) -> None:
    fill(ledger, 2)
    held = _ids(ledger.claim("one", 3, LONG))
    ledger.try_again(held[:1], "describe", "It has no colours.")
    ledger.stage(held, "batch.npz")
    ledger.try_again(held[1:], "", "It has no length.", staged_file="another.npz")
    assert [cover.cover_id for cover in ledger.covers_of_staged("batch.npz")] == sorted(held[1:])
    again = ledger.claim("one", 3, LONG)
    assert [(cover.cover_id, cover.attempts, cover.stage, cover.reason) for cover in again] == [
        (held[0], 2, "describe", "It has no colours.")
    ]
    ledger.stage(held[:1], "later.npz")
    recipe = again[0].recipe
    ledger.mark_indexed(held[:1], recipe)
    assert ledger.covers_by_id(held)[held[0]].reason == ""


def test_covers_of_a_file_that_cannot_be_indexed_are_queued_again_with_their_attempts(ledger: Ledger) -> None:
    fill(ledger, 2)
    held = ledger.claim("one", 3, LONG)
    ledger.stage(_ids(held), "batch.npz")
    assert ledger.unstage("other.npz") == 0
    assert ledger.unstage("batch.npz") == 3
    assert ledger.covers_of_staged("batch.npz") == []
    assert {ledger.covers_by_id(_ids(held))[id_].attempts for id_ in _ids(held)} == {1}
    assert _states(ledger) == {"queued": 4}
