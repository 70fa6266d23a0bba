"""A second version beside the live one: building it, writing into both, switching, rolling back, dropping."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.ledger.entries import fill, index_all, put, sha256

from recto.errors import BadInput, Unavailable
from recto.ledger import Ledger
from recto.records import Book, CoverState, Side
from recto.versions import Version

OLD, NEW = Version("aaaa", "recto_small"), Version("bbbb", "vgg16")
LONG = 3600.0


@pytest.fixture
def shelf(ledger: Ledger) -> Ledger:
    """Five books with two indexed covers each, and a live version."""
    ledger.set_live_version(OLD)
    fill(ledger, 5)
    index_all(ledger)
    return ledger


def begin(ledger: Ledger, *, automatic: bool = True) -> str:
    """Ask for a re-index and begin it; returns its job."""
    job_id = ledger.request_reindex("vgg16", automatic=automatic)
    request = ledger.reindex_request()
    assert request is not None
    ledger.begin_version(request, NEW)
    return job_id


def seed(ledger: Ledger, limit: int = 4) -> None:
    while ledger.seed_covers(limit):
        pass


def work(ledger: Ledger, version: Version) -> int:
    """Bring every waiting cover of a version into its index."""
    done = 0
    while claimed := ledger.claim("worker", 100, LONG, version.recipe_id):
        assert {cover.recipe for cover in claimed} == {version.recipe_id}
        ids = [cover.cover_id for cover in claimed]
        ledger.stage(ids, f"{version.recipe_id}-{done}.npz", version.recipe_id)
        done += len(ledger.mark_indexed(ids, version.recipe_id))
    return done


def build(ledger: Ledger, *, automatic: bool = True) -> str:
    """A second version that is ready."""
    job_id = begin(ledger, automatic=automatic)
    seed(ledger)
    work(ledger, NEW)
    ledger.mark_ready(NEW)
    return job_id


def states(ledger: Ledger, version: Version) -> dict[str, int]:
    return {state.value: count for state, count in ledger.queue_counts(version.recipe_id).items() if count}


def test_a_version_is_built_beside_the_live_one_which_stays_as_it_is(shelf: Ledger) -> None:
    job_id = begin(shelf)
    seed(shelf)
    kept = shelf.kept_versions()
    assert (kept.live, kept.other, kept.other_state, kept.job_id) == (OLD, NEW, "building", job_id)
    assert (states(shelf, OLD), states(shelf, NEW)) == ({"indexed": 10}, {"queued": 10})
    assert work(shelf, NEW) == 10
    assert (states(shelf, OLD), states(shelf, NEW)) == ({"indexed": 10}, {"indexed": 10})


def test_rows_come_in_chunks_and_go_on_where_they_stopped(shelf: Ledger) -> None:
    begin(shelf)
    assert shelf.seed_covers(4)
    assert states(shelf, NEW) == {"queued": 4}
    put(shelf, "new")  # its row may lie on either side of where the seeding stands
    seed(shelf)
    assert states(shelf, NEW) == {"queued": 11}
    assert not shelf.seed_covers(4)


def test_new_and_changed_covers_reach_both_versions_and_deleted_ones_leave_both(shelf: Ledger) -> None:
    build(shelf)
    put(shelf, "new")
    shelf.put_book(Book("book-0", "Title 0", year=1700))
    shelf.delete_book("book-1")
    for version in (OLD, NEW):
        assert states(shelf, version) == {"indexed": 6, "queued": 3}


def test_live_work_is_claimed_alone_unless_the_other_version_is_named(shelf: Ledger) -> None:
    begin(shelf)
    seed(shelf)
    assert shelf.claim("worker", 10, LONG) == []
    cover = put(shelf, "new")
    assert [each.cover_id for each in shelf.claim("worker", 10, LONG)] == [cover.cover_id]
    assert shelf.claim("worker", 10, LONG, "cccc") == []


def test_a_worker_that_dies_leaves_covers_of_both_versions_free(shelf: Ledger) -> None:
    begin(shelf)
    seed(shelf)
    put(shelf, "new")
    shelf.claim("worker", 3, LONG)
    shelf.claim("worker", 3, LONG, NEW.recipe_id)
    assert shelf.release("worker") == 4
    assert states(shelf, NEW) == {"queued": 11}


def test_staged_files_of_both_versions_are_known(shelf: Ledger) -> None:
    begin(shelf)
    seed(shelf)
    ids = [cover.cover_id for cover in shelf.claim("worker", 3, LONG, NEW.recipe_id)]
    shelf.stage(ids, "new.npz", NEW.recipe_id)
    assert shelf.staged_files(0.0) == ["new.npz"]
    assert [cover.cover_id for cover in shelf.covers_of_staged("new.npz")] == sorted(ids)
    assert shelf.unstage("new.npz", anew=True) == 3
    assert shelf.staged_files(0.0) == []


def test_the_switch_exchanges_the_versions(shelf: Ledger) -> None:
    job_id = build(shelf)
    assert shelf.switch_versions() == NEW
    kept = shelf.kept_versions()
    assert (kept.live, kept.other, kept.other_state) == (NEW, OLD, "previous")
    job = shelf.job(job_id)
    assert job is not None
    assert (job.state, job.books, job.indexed, job.failed, job.waiting) == ("done", 5, 10, 0, 0)


def test_the_switch_takes_states_along_that_differ(shelf: Ledger) -> None:
    build(shelf)
    job_id = shelf.create_job("ingest", "more")
    added = put(shelf, "new")
    bad = put(shelf, "bad", name="bad")
    shelf.finish_listing(job_id)
    assert work(shelf, NEW) == 2  # searchable in the new version first
    claimed = {cover.cover_id for cover in shelf.claim("other worker", 10, LONG)}
    assert claimed == {added.cover_id, bad.cover_id}
    shelf.switch_versions()
    assert states(shelf, NEW) == {"indexed": 12}
    assert states(shelf, OLD) == {"indexed": 10, "working": 2}
    shelf.stage([added.cover_id], "late.npz", OLD.recipe_id)  # the worker began before the switch
    assert shelf.mark_indexed([added.cover_id], OLD.recipe_id) == [added.cover_id]
    shelf.mark_failed(bad.cover_id, "decode", "no", OLD.recipe_id)
    assert states(shelf, NEW) == {"indexed": 12}
    assert states(shelf, OLD) == {"indexed": 11, "failed": 1}


def test_items_that_wait_for_a_cover_are_settled_by_the_switch(shelf: Ledger) -> None:
    build(shelf)
    job_id = fill(shelf, 1, first=5)
    work(shelf, NEW)
    before = shelf.job(job_id)
    shelf.switch_versions()
    after = shelf.job(job_id)
    assert before is not None
    assert after is not None
    assert (before.waiting, after.waiting, after.indexed) == (2, 0, 2)


def test_the_switch_waits_for_covers_that_searches_find_now(shelf: Ledger) -> None:
    begin(shelf)
    seed(shelf)
    shelf.mark_ready(NEW)
    with pytest.raises(Unavailable, match="10 covers that searches find now are on the way"):
        shelf.switch_versions()
    assert shelf.live_version() == OLD
    assert (shelf.pending_other(100), shelf.pending_other(3)) == (10, 3)


def test_a_cover_that_would_be_lost_stops_the_switch_and_is_listed(shelf: Ledger) -> None:
    job_id = begin(shelf)
    seed(shelf)
    bad = shelf.claim("worker", 1, LONG, NEW.recipe_id)[0]
    shelf.mark_failed(bad.cover_id, "describe", "It has no end.", NEW.recipe_id)
    work(shelf, NEW)
    shelf.mark_ready(NEW)
    with pytest.raises(BadInput, match=r"1 cover .* --allow-failed"):
        shelf.switch_versions()
    count, lost = shelf.lost_covers(10)
    assert (count, [(each.cover.cover_id, each.reason) for each in lost]) == (
        1,
        [(bad.cover_id, "It has no end.")],
    )
    items = shelf.job_items(job_id, "failed").items
    assert [(item.cover_id, item.stage) for item in items] == [(bad.cover_id, "describe")]
    shelf.ask("switch", forced=True)
    assert shelf.switch_versions() == NEW
    assert states(shelf, NEW) == {"failed": 1, "indexed": 9}


def test_failed_covers_of_a_reindex_can_be_tried_again(shelf: Ledger) -> None:
    job_id = begin(shelf)
    seed(shelf)
    bad = shelf.claim("worker", 1, LONG, NEW.recipe_id)[0]
    shelf.mark_failed(bad.cover_id, "describe", "no", NEW.recipe_id)
    work(shelf, NEW)
    shelf.mark_ready(NEW)
    shelf.block_switch(NEW, "One failed.")
    stopped = shelf.job(job_id)
    assert shelf.requeue(failed_of_job=job_id) == 1
    going = shelf.job(job_id)
    assert stopped is not None
    assert going is not None
    assert (stopped.state, stopped.reason, stopped.failed) == ("failed", "One failed.", 1)
    assert (going.state, going.failed, going.waiting) == ("running", 0, 1)
    assert shelf.kept_versions().other_state == "building"


def test_what_failed_before_stays_failed_and_stops_nothing(shelf: Ledger) -> None:
    bad = put(shelf, "bad", name="bad")
    shelf.mark_failed(bad.cover_id, "decode", "no picture")
    job_id = build(shelf)
    assert states(shelf, NEW) == {"failed": 1, "indexed": 10}
    shelf.switch_versions()
    job = shelf.job(job_id)
    assert job is not None
    assert (job.indexed, job.failed, job.unchanged) == (10, 0, 1)
    shelf.add_cover("bad", Side.FRONT, sha256("bad"))
    for version in (OLD, NEW):
        assert states(shelf, version) == {"indexed": 10, "queued": 1}


def test_a_rollback_goes_back_and_keeps_what_came_meanwhile(shelf: Ledger) -> None:
    build(shelf)
    shelf.switch_versions()
    put(shelf, "new")
    assert (work(shelf, NEW), work(shelf, OLD)) == (1, 1)
    shelf.ask("rollback")
    assert shelf.switch_versions() == OLD
    assert (shelf.kept_versions().live, states(shelf, OLD)) == (OLD, {"indexed": 11})
    assert shelf.kept_versions().other_state == "previous"


def test_a_version_is_dropped_in_chunks_and_nothing_is_written_into_it_any_more(shelf: Ledger) -> None:
    build(shelf)
    shelf.switch_versions()
    assert shelf.drop_other(built=True) == OLD
    put(shelf, "new")
    assert shelf.claim("worker", 10, LONG, OLD.recipe_id) == []
    assert shelf.drop_rows(4)
    while shelf.drop_rows(4):
        pass
    shelf.forget_other(OLD)
    kept = shelf.kept_versions()
    assert (kept.live, kept.other, kept.other_state) == (NEW, None, "")
    assert states(shelf, NEW) == {"indexed": 10, "queued": 1}


def test_a_build_can_be_cancelled(shelf: Ledger) -> None:
    job_id = begin(shelf)
    seed(shelf)
    assert shelf.drop_other(built=False) == NEW
    job = shelf.job(job_id)
    assert job is not None
    assert (job.state, job.reason) == ("failed", "The re-index was cancelled; searches go on as before.")


def test_one_reindex_goes_on_at_a_time(shelf: Ledger) -> None:
    shelf.request_reindex("vgg16")
    with pytest.raises(BadInput, match="asked for already"):
        shelf.request_reindex("resnet50")
    assert shelf.cancel_request()
    begin(shelf)
    with pytest.raises(BadInput, match="recto reindex cancel"):
        shelf.request_reindex("resnet50")
    shelf.drop_other(built=False)
    with pytest.raises(BadInput, match="being removed"):
        shelf.request_reindex("resnet50")


@pytest.mark.parametrize("wanted", ["switch", "rollback"])
def test_nothing_is_switched_to_that_is_not_there(shelf: Ledger, wanted: str) -> None:
    with pytest.raises(BadInput, match="No version"):
        shelf.ask(wanted)
    with pytest.raises(BadInput, match="no version"):
        shelf.switch_versions()


def test_a_reindex_that_cannot_begin_says_why_in_its_job(shelf: Ledger) -> None:
    job_id = shelf.request_reindex("vgg16", 64)
    request = shelf.reindex_request()
    assert request is not None
    assert (request.encoder, request.pca) == ("vgg16", 64)
    assert shelf.kept_versions().asked == "begin"
    shelf.refuse_reindex(request, "The disk is too small.")
    job = shelf.job(job_id)
    assert job is not None
    assert (job.state, job.reason, shelf.reindex_request()) == ("failed", "The disk is too small.", None)


def test_a_rebuild_drops_the_other_version(shelf: Ledger) -> None:
    job_id = begin(shelf)
    seed(shelf)
    shelf.begin_rebuild(Version("cccc", "resnet50"))
    job = shelf.job(job_id)
    assert job is not None
    assert (job.state, job.reason) == ("failed", "A rebuild took its place.")
    assert shelf.kept_versions().other is None
    assert states(shelf, Version("cccc", "resnet50")) == {"queued": 10}


def test_indexed_ids_of_the_other_version_come_by_side(shelf: Ledger) -> None:
    build(shelf)
    for side in Side:
        ids = shelf.indexed_cover_ids(side, "", 100, NEW.recipe_id)
        assert ids == shelf.indexed_cover_ids(side, "", 100)
        assert set(shelf.sample_indexed(NEW.recipe_id, side, 3)) <= set(ids)
    assert shelf.queue_counts(NEW.recipe_id)[CoverState.INDEXED] == 10


def test_a_lease_is_held_by_one_and_free_when_it_runs_out(ledger: Ledger) -> None:
    assert ledger.take_lease("upkeep", "one", LONG)
    assert ledger.take_lease("upkeep", "one", LONG)
    assert not ledger.take_lease("upkeep", "two", LONG)
    ledger.end_lease("upkeep", "two")
    assert not ledger.take_lease("upkeep", "two", LONG)
    ledger.end_lease("upkeep", "one")
    assert ledger.take_lease("upkeep", "two", 0.0)
    assert ledger.take_lease("upkeep", "one", LONG)


def _carry_out(step: Callable[[str, int], int | None], job_id: str) -> None:
    after: int | None = 0
    while after is not None:
        after = step(job_id, after)


def test_a_paused_job_is_held_back_in_both_versions_and_resumed_in_both(shelf: Ledger) -> None:
    build(shelf)
    job_id = fill(shelf, 2, first=5)
    shelf.pause_job(job_id)
    _carry_out(shelf.hold_some, job_id)
    for version in (OLD, NEW):
        assert states(shelf, version) == {"held": 4, "indexed": 10}
    assert shelf.switch_versions() == NEW  # what is held back in both is not lost by anybody
    shelf.resume_job(job_id)
    _carry_out(shelf.free_some, job_id)
    for version in (OLD, NEW):
        assert states(shelf, version) == {"indexed": 10, "queued": 4}


def test_covers_of_a_cancelled_job_fail_in_both_versions(shelf: Ledger) -> None:
    build(shelf)
    job_id = fill(shelf, 2, first=5)
    shelf.cancel_job(job_id)
    _carry_out(shelf.give_up_some, job_id)
    for version in (OLD, NEW):
        assert states(shelf, version) == {"failed": 4, "indexed": 10}


def test_failed_covers_are_tried_again_in_both_versions(shelf: Ledger) -> None:
    job_id = fill(shelf, 1, first=5)
    for cover in shelf.claim("worker", 10, LONG):
        shelf.mark_failed(cover.cover_id, "decode", "no")
    build(shelf)
    assert states(shelf, NEW) == {"failed": 2, "indexed": 10}
    assert shelf.retry_items(job_id) == 2
    for version in (OLD, NEW):
        assert states(shelf, version) == {"indexed": 10, "queued": 2}


def test_before_a_switch_work_for_the_other_version_comes_first(shelf: Ledger) -> None:
    assert not shelf.kept_versions().is_switching
    build(shelf)
    assert shelf.kept_versions().is_switching
    shelf.switch_versions()
    assert not shelf.kept_versions().is_switching
    shelf.ask("rollback")
    assert shelf.kept_versions().is_switching
