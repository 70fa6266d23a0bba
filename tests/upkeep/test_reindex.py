"""Re-indexing in one process: every step from the request to a switch, back, and to the end of a version."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.ingest.conftest import Shelf
from tests.search.test_search import ask, shoot

from recto.errors import WeightsMissing
from recto.index import CoverPoint
from recto.index.space import space_of
from recto.ledger import JobRow, KeptVersions
from recto.records import Book, CoverState, Side
from recto.runtime import Engine
from recto.settings import Settings
from recto.upkeep.maintenance import rebuild, reconcile
from recto.upkeep.reindex import advance, is_due
from recto.versions import Version

pytestmark = pytest.mark.slow

PCA = 8
"""Numbers of the second version's embeddings: a projection needs no download, and 24 covers to learn from suffice."""


@pytest.fixture(scope="module")
def eight_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with eight books; copying it is faster than indexing them for every test."""
    folder = tmp_path_factory.mktemp("eight_books")
    engine = Engine.open(Settings(data_dir=folder, torch_threads=1), with_index=True)
    shelf = Shelf(engine)
    for index in range(8):
        shelf.add_drawn(index)
    assert shelf.work() == 16
    engine.close()
    return folder


@pytest.fixture
def full(settings: Settings, eight_books: Path) -> Iterator[Shelf]:
    """A shelf of its own with eight books."""
    shutil.copytree(eight_books, settings.data_dir, dirs_exist_ok=True)
    engine = Engine.open(settings, with_index=True)
    yield Shelf(engine)
    engine.close()


def step(shelf: Shelf, *, served: bool = True) -> KeptVersions:
    """Take steps until something must be waited for."""
    while advance(shelf.engine, lambda _: served):
        pass
    return shelf.engine.ledger.kept_versions()


def start(shelf: Shelf, *, automatic: bool = True) -> tuple[str, Version]:
    """Begin a re-index; returns its job and its version."""
    job_id = shelf.engine.ledger.request_reindex("recto_small", PCA, automatic=automatic)
    other = step(shelf).other
    assert other is not None
    return job_id, other


def job(shelf: Shelf, job_id: str) -> JobRow:
    row = shelf.engine.ledger.job(job_id)
    assert row is not None
    return row


def counts(shelf: Shelf, version: Version) -> dict[Side, int]:
    return {side: shelf.engine.index.count(version, side) for side in Side}


def test_a_second_version_is_built_while_the_first_answers_and_becomes_live_by_itself(full: Shelf) -> None:
    old = full.engine.version
    photo = shoot(5, Side.FRONT, easy=True)[0]
    job_id, new = start(full)
    assert new.encoder.startswith("recto_small+pca8-")
    assert (job(full, job_id).state, job(full, job_id).waiting) == ("running", 16)
    assert full.work() == 16
    assert ask(full, (None, photo))["recipe"] == old.recipe_id
    kept = step(full)
    assert (kept.live, kept.other, kept.other_state) == (new, old, "previous")
    answer = ask(full, (None, photo))
    assert (answer["recipe"], answer["verdict"]) == (new.recipe_id, "found")
    assert counts(full, new) == counts(full, old) == {Side.FRONT: 8, Side.BACK: 8}
    assert (job(full, job_id).state, job(full, job_id).indexed) == ("done", 16)
    assert full.engine.index.published() == new
    assert not is_due(kept)


def test_what_is_added_changed_and_deleted_reaches_both_versions_before_and_after_the_switch(
    full: Shelf,
) -> None:
    old = full.engine.version
    _, new = start(full)
    full.add_drawn(20)
    full.engine.ledger.delete_book(full.engine.ledger.browse().items[0].book.book_id)
    full.work()
    step(full)
    assert full.engine.version == new
    changed = full.engine.ledger.browse().items[0].book
    full.engine.ledger.put_book(dataclasses.replace(changed, year=1234))
    full.add_drawn(21)
    full.work()
    for version in (old, new):
        indexed = full.engine.ledger.queue_counts(version.recipe_id)[CoverState.INDEXED]
        assert indexed == sum(counts(full, version).values()) - stale(full, version)


def stale(shelf: Shelf, version: Version) -> int:
    """Points of books whose deletion has not reached the index."""
    from recto.upkeep.maintenance import delete_books

    before = sum(counts(shelf, version).values())
    delete_books(shelf.engine)
    return before - sum(counts(shelf, version).values())


def test_a_rollback_loses_nothing_that_came_after_the_switch(full: Shelf) -> None:
    old = full.engine.version
    _, new = start(full)
    full.work()
    step(full)
    full.add_drawn(9)
    full.work()
    full.engine.ledger.ask("rollback")
    kept = step(full)
    assert (kept.live, kept.other, kept.other_state) == (old, new, "previous")
    answer = ask(full, (None, shoot(9, Side.FRONT, easy=True)[0]))
    assert (answer["recipe"], answer["verdict"]) == (old.recipe_id, "found")


def test_a_pruned_version_leaves_nothing_behind(full: Shelf) -> None:
    old = full.engine.version
    _, new = start(full)
    full.work()
    step(full)
    full.engine.ledger.drop_other(built=True)
    assert step(full).other is None
    assert full.engine.index.versions() == [new]
    assert sum(full.engine.ledger.queue_counts(old.recipe_id).values()) == 0


def test_a_search_whose_version_is_dropped_meanwhile_is_answered_by_the_live_one(
    full: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, new = start(full)
    full.work()
    step(full)
    full.engine.ledger.ask("rollback")
    old = step(full).live
    begun = full.engine.live
    lanes = [full.engine.lanes.get(version) for version in full.engine.ledger.kept_versions().written]

    def late(_: Engine) -> object:
        """The first look is from before the switch and the drop."""
        monkeypatch.setattr(Engine, "live", lambda _: begun())
        full.engine.ledger.ask("rollback")
        step(full)
        full.engine.ledger.drop_other(built=True)
        step(full)
        return lanes[0]

    assert lanes[0].version == old
    monkeypatch.setattr(Engine, "live", late)
    answer = ask(full, (None, shoot(5, Side.FRONT, easy=True)[0]))
    assert (answer["recipe"], answer["verdict"]) == (new.recipe_id, "found")


def test_without_automatic_switch_it_waits_to_be_told(full: Shelf) -> None:
    job_id, new = start(full, automatic=False)
    full.work()
    kept = step(full)
    assert (kept.other, kept.other_state, job(full, job_id).state) == (new, "ready", "done")
    assert not is_due(kept)
    full.engine.ledger.ask("switch")
    assert step(full).live == new


def test_it_waits_for_index_workers_that_have_not_loaded_the_encoder(full: Shelf) -> None:
    _, new = start(full)
    full.work()
    kept = step(full, served=False)
    assert (kept.other_state, kept.trouble) == ("ready", "An index worker has not loaded its encoder yet.")
    assert step(full).live == new


def test_a_cover_that_fails_only_in_the_new_version_stops_the_switch_until_somebody_allows_it(
    full: Shelf,
) -> None:
    job_id, new = start(full)
    ledger = full.engine.ledger
    bad = ledger.claim("worker", 1, 60, new.recipe_id)[0]
    ledger.mark_failed(bad.cover_id, "describe", "It has no end.", new.recipe_id)
    full.work()
    kept = step(full)
    assert (kept.other_state, is_due(kept)) == ("ready", False)
    assert "1 cover that searches find now failed" in kept.trouble
    assert (job(full, job_id).state, job(full, job_id).failed) == ("failed", 1)
    ledger.ask("switch", forced=True)
    assert step(full).live == new
    assert (job(full, job_id).state, job(full, job_id).failed) == ("done", 1)


def test_vectors_that_do_not_find_their_own_originals_are_not_made_live(full: Shelf) -> None:
    _, new = start(full)
    full.work()
    index = full.engine.index
    for side in Side:
        stored = index.get(new, side, full.engine.ledger.indexed_cover_ids(side, "", 100, new.recipe_id))
        features = index.features(new, side, [cover.cover_id for cover in stored])
        rolled = [*stored[1:], stored[0]]
        index.upsert(
            new,
            side,
            [
                CoverPoint(
                    cover.cover_id,
                    np.asarray(other.embedding),
                    cover.local,
                    features[cover.cover_id],
                    cover.fields,
                )
                for cover, other in zip(stored, rolled, strict=True)
            ],
        )
    kept = step(full)
    assert kept.live != new
    assert "not found" in kept.trouble


def test_points_that_the_new_version_lost_are_made_again_before_the_switch(full: Shelf) -> None:
    _, new = start(full)
    full.work()
    some = full.engine.ledger.indexed_cover_ids(Side.FRONT, "", 3, new.recipe_id)
    full.engine.index.delete_covers(new, Side.FRONT, some)
    assert "3 were missing" in step(full).trouble
    assert full.work() == 3
    assert step(full).live == new


def test_a_lost_index_folder_is_filled_again_for_both_versions(settings: Settings, full: Shelf) -> None:
    old = full.engine.version
    _, new = start(full)
    full.work()
    step(full)
    full.engine.close()
    shutil.rmtree(settings.data_dir / "index")
    engine = Engine.open(settings, with_index=True)
    shelf = Shelf(engine)
    reconcile(engine)
    assert shelf.work() == 32
    assert counts(shelf, old) == counts(shelf, new) == {Side.FRONT: 8, Side.BACK: 8}
    engine.close()


def test_the_encoder_that_is_in_use_is_refused(full: Shelf) -> None:
    encoder = full.engine.version.encoder
    job_id = full.engine.ledger.request_reindex(encoder)
    assert step(full).other is None
    assert f"indexed with {encoder} already" in job(full, job_id).reason


def test_a_projection_that_cannot_be_learned_is_refused(full: Shelf) -> None:
    job_id = full.engine.ledger.request_reindex("recto_small", 200)
    step(full)
    assert "needs 400 covers" in job(full, job_id).reason


def test_a_disk_without_room_for_a_second_index_is_refused_with_numbers(
    full: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = space_of(full.engine.settings, full.engine.version)
    assert before is not None
    assert before.used > 0
    monkeypatch.setattr(
        "recto.index.space.shutil.disk_usage",
        lambda _: SimpleNamespace(free=before.reserve + before.used // 2),
    )
    job_id = full.engine.ledger.request_reindex("recto_small", PCA)
    assert step(full).other is None
    assert "A second index of 16 covers takes about" in job(full, job_id).reason
    assert full.engine.index.versions() == [full.engine.version]


def test_a_cancelled_build_leaves_the_live_version_as_it_was(full: Shelf) -> None:
    old = full.engine.version
    job_id, _ = start(full)
    full.engine.ledger.drop_other(built=False)
    assert step(full).other is None
    assert full.engine.index.versions() == [old]
    assert job(full, job_id).state == "failed"
    assert full.work() == 0


def test_a_book_without_covers_changes_nothing(full: Shelf) -> None:
    full.engine.ledger.put_book(Book("empty"))
    _, new = start(full)
    full.work()
    assert step(full).live == new


def test_a_rebuild_drops_the_version_beside_the_live_one(full: Shelf) -> None:
    live = full.engine.version
    job_id, _ = start(full)
    full.work()
    rebuild(full.engine, None)
    assert full.engine.index.versions() == [live]
    assert full.work() == 16
    assert job(full, job_id).reason == "A rebuild took its place."


def test_a_process_that_cannot_load_the_new_encoder_goes_on_with_the_live_one(
    full: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(full)
    full.engine.lanes.keep_only([full.engine.version])

    def missing(*_: object) -> None:
        raise WeightsMissing("There are no weights.")

    monkeypatch.setattr("recto.encoders.registry.load_encoder", missing)
    full.add_drawn(20)
    assert full.work() == 2
    assert "cannot describe covers" in full.engine.ledger.kept_versions().trouble


def test_a_version_is_built_switched_to_and_dropped_on_a_server(
    settings: Settings, eight_books: Path, qdrant_settings: dict[str, Any]
) -> None:
    shutil.copytree(eight_books, settings.data_dir, dirs_exist_ok=True)
    engine = Engine.open(dataclasses.replace(settings, **qdrant_settings), with_index=True)
    shelf = Shelf(engine)
    reconcile(engine)
    assert shelf.work() == 16
    old = engine.version
    _, new = start(shelf)
    assert shelf.work() == 16
    assert step(shelf).live == new
    answer = ask(shelf, (None, shoot(5, Side.FRONT, easy=True)[0]))
    assert (answer["recipe"], answer["verdict"]) == (new.recipe_id, "found")
    engine.ledger.ask("rollback")
    assert step(shelf).live == old
    engine.ledger.ask("rollback")
    step(shelf)
    engine.ledger.drop_other(built=True)
    assert step(shelf).other is None
    assert engine.index.versions() == [new]
    assert engine.index.published() == new
    engine.close()
