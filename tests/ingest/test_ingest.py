"""From acknowledged covers to searchable ones, with everything that can go wrong on the way."""

from __future__ import annotations

import dataclasses
import io
import shutil
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image
from tests.ingest.conftest import HEIGHT, SEED, Shelf, jpeg

from recto import features as local
from recto.errors import RecipeMismatch
from recto.index import open_index
from recto.ingest import pipeline as ingest
from recto.ingest.pipeline import index_staged, ingest_batch
from recto.records import Book, CoverState, Side, Where
from recto.runtime import Engine
from recto.settings import Settings
from recto.storage.blobs import Blobs
from recto.storage.staging import DescribedCover, write_staged
from recto.upkeep.maintenance import delete_books, rebuild, reconcile
from recto.versions import Version
from recto_lab.synthetic import draw_book


def state(shelf: Shelf, cover_id: str) -> CoverState:
    cover = shelf.engine.ledger.cover(cover_id)
    assert cover is not None
    return cover.state


def counted(shelf: Shelf) -> dict[Side, int]:
    engine = shelf.engine
    return {side: engine.index.count(engine.version, side, Where()) for side in Side}


def test_both_sides_of_a_book_become_searchable(shelf: Shelf) -> None:
    book = shelf.add_drawn(0)
    assert shelf.work() == 2
    covers = shelf.engine.ledger.covers_of(book.book_id)
    assert {(cover.side, cover.state) for cover in covers} == {
        (Side.FRONT, CoverState.INDEXED),
        (Side.BACK, CoverState.INDEXED),
    }
    assert {cover.recipe for cover in covers} == {shelf.engine.version.recipe_id}
    assert counted(shelf) == {Side.FRONT: 1, Side.BACK: 1}
    assert not list((shelf.engine.settings.data_dir / "staged").iterdir())


def test_adding_the_same_cover_twice_changes_nothing(shelf: Shelf) -> None:
    shelf.add_drawn(0)
    shelf.work()
    shelf.add_drawn(0)
    assert shelf.work() == 0
    assert counted(shelf) == {Side.FRONT: 1, Side.BACK: 1}


def test_an_unreadable_cover_fails_with_its_reason_and_spares_its_neighbours(shelf: Shelf) -> None:
    bad = shelf.add(Book("bad"), Side.FRONT, b"this is no picture at all")
    good = shelf.add(Book("good"), Side.FRONT, jpeg(draw_book(1, seed=SEED, height=HEIGHT).front))
    assert shelf.work() == 1
    failed = shelf.engine.ledger.cover(bad)
    assert failed is not None
    assert (failed.state, failed.stage) == (CoverState.FAILED, "decode")
    assert failed.reason
    assert state(shelf, good) is CoverState.INDEXED


def test_a_cover_without_any_feature_is_still_stored(shelf: Shelf) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((300, 200, 3), 240, np.uint8)).save(buffer, "PNG")
    cover = shelf.add(Book("blank"), Side.FRONT, buffer.getvalue())
    assert shelf.work() == 1
    assert state(shelf, cover) is CoverState.INDEXED


def test_a_staged_file_that_is_indexed_twice_changes_nothing(shelf: Shelf) -> None:
    shelf.add_drawn(0)
    report = ingest_batch(shelf.engine, "worker")
    copy = shelf.engine.settings.data_dir / "staged" / "copy.npz"
    shutil.copy(shelf.engine.settings.data_dir / "staged" / report.staged_file, copy)
    assert index_staged(shelf.engine, report.staged_file) == 2
    copy.rename(shelf.engine.settings.data_dir / "staged" / report.staged_file)
    assert index_staged(shelf.engine, report.staged_file) == 0
    assert counted(shelf) == {Side.FRONT: 1, Side.BACK: 1}


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_covers_of_a_lost_staged_file_are_done_again(shelf: Shelf, damage: str) -> None:
    shelf.add_drawn(0)
    path = shelf.engine.settings.data_dir / "staged" / ingest_batch(shelf.engine, "worker").staged_file
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:1000])
    assert index_staged(shelf.engine, path.name) == 0
    assert shelf.work() == 2


def test_vectors_of_another_recipe_never_reach_the_index(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.add_drawn(0)
    monkeypatch.setattr(
        ingest, "write_staged", lambda blobs, _, covers: write_staged(blobs, "0123456789ab", covers)
    )
    report = ingest_batch(shelf.engine, "worker")
    monkeypatch.undo()
    assert index_staged(shelf.engine, report.staged_file) == 0
    assert counted(shelf) == {Side.FRONT: 0, Side.BACK: 0}
    assert shelf.work() == 2


def test_a_book_deleted_while_its_vectors_wait_is_not_indexed(shelf: Shelf) -> None:
    book = shelf.add_drawn(0)
    report = ingest_batch(shelf.engine, "worker")
    shelf.engine.ledger.delete_book(book.book_id)
    assert index_staged(shelf.engine, report.staged_file) == 0
    assert delete_books(shelf.engine) == 1
    assert counted(shelf) == {Side.FRONT: 0, Side.BACK: 0}


def test_deleting_a_book_removes_points_and_images_but_not_what_others_share(shelf: Shelf) -> None:
    picture = jpeg(draw_book(3, seed=SEED, height=HEIGHT).front)
    shelf.add(Book("a"), Side.FRONT, picture)
    shelf.add(Book("b"), Side.FRONT, picture)
    gone = shelf.add_drawn(4)
    hashes = [cover.sha256 for cover in shelf.engine.ledger.covers_of(gone.book_id)]
    shelf.work()
    for book_id in ("a", gone.book_id):
        assert shelf.engine.ledger.delete_book(book_id)
    assert delete_books(shelf.engine) == 2
    assert counted(shelf) == {Side.FRONT: 1, Side.BACK: 0}
    shared = shelf.engine.ledger.covers_of("b")[0].sha256
    assert shelf.engine.blobs.discarded(-60) == sorted(hashes)
    assert shelf.engine.blobs.exists(shared)


def test_a_worker_that_stops_on_a_cover_again_and_again_leaves_it_in_quarantine(shelf: Shelf) -> None:
    cover = shelf.add(Book("a"), Side.FRONT, jpeg(draw_book(0, seed=SEED, height=HEIGHT).front))
    for _ in range(shelf.engine.settings.ingest_attempts):
        assert shelf.engine.ledger.claim("worker", 8, 60)
        shelf.engine.ledger.release("worker")
    ingest_batch(shelf.engine, "worker")
    failed = shelf.engine.ledger.cover(cover)
    assert failed is not None
    assert (failed.state, failed.stage) == (CoverState.FAILED, "quarantine")
    assert failed.reason.startswith("The worker stopped 3 times")
    assert shelf.engine.ledger.requeue([cover]) == 1
    assert shelf.work() == 1


def test_a_cover_whose_vector_the_index_refuses_ends_in_quarantine_and_spares_its_neighbours(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = shelf.add(Book("bad"), Side.FRONT, jpeg(draw_book(0, seed=SEED, height=HEIGHT).front))
    good = shelf.add(Book("good"), Side.FRONT, jpeg(draw_book(1, seed=SEED, height=HEIGHT).front))

    def spoil(blobs: Blobs, recipe_id: str, covers: Sequence[DescribedCover]) -> str:
        spoilt = [
            dataclasses.replace(cover, embedding=cover.embedding * np.nan) if cover.cover_id == bad else cover
            for cover in covers
        ]
        return write_staged(blobs, recipe_id, spoilt)

    monkeypatch.setattr(ingest, "write_staged", spoil)
    assert shelf.work() == 1
    assert state(shelf, good) is CoverState.INDEXED
    failed = shelf.engine.ledger.cover(bad)
    assert failed is not None
    assert (failed.state, failed.stage) == (CoverState.FAILED, "quarantine")
    assert "NaN" in failed.reason
    assert "stopped" not in failed.reason


def test_what_fails_inside_gives_the_covers_back(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.add_drawn(0)

    def full(*_: object) -> str:
        raise OSError("No space left on device")

    monkeypatch.setattr(ingest, "write_staged", full)
    with pytest.raises(OSError, match="No space"):
        ingest_batch(shelf.engine, "worker")
    monkeypatch.undo()
    assert shelf.work() == 2


def test_changed_filter_fields_reach_the_index(shelf: Shelf) -> None:
    book = shelf.add_drawn(0)
    shelf.work()
    shelf.engine.ledger.put_book(Book(book.book_id, book.title, book.authors, year=1234))
    shelf.work()
    where = Where(year_from=1234, year_to=1234)
    assert shelf.engine.index.count(shelf.engine.version, Side.FRONT, where) == 1


def test_a_lost_index_is_filled_again_from_ledger_and_originals(settings: Settings) -> None:
    engine = Engine.open(settings, with_index=True)
    shelf = Shelf(engine)
    shelf.add_drawn(0)
    shelf.work()
    engine.close()
    shutil.rmtree(settings.data_dir / "index")
    engine = Engine.open(settings, with_index=True)
    shelf = Shelf(engine)
    reconcile(engine)
    assert shelf.work() == 2
    assert counted(shelf) == {Side.FRONT: 1, Side.BACK: 1}
    engine.close()


def test_points_that_the_ledger_does_not_know_are_deleted(shelf: Shelf) -> None:
    gone = shelf.add_drawn(0)
    shelf.add_drawn(1)
    shelf.work()
    shelf.engine.ledger.delete_book(gone.book_id)
    shelf.engine.ledger.purge_deleted(gone.book_id)
    reconcile(shelf.engine)
    assert counted(shelf) == {Side.FRONT: 1, Side.BACK: 1}


def test_points_of_covers_on_their_way_stay_searchable(shelf: Shelf) -> None:
    shelf.add_drawn(0)
    shelf.work()
    shelf.engine.ledger.requeue(shelf.engine.ledger.indexed_cover_ids(Side.FRONT, "", 10))
    reconcile(shelf.engine)
    assert counted(shelf) == {Side.FRONT: 1, Side.BACK: 1}


def test_a_rebuild_does_every_cover_again_and_loses_none(shelf: Shelf) -> None:
    shelf.add_drawn(0)
    shelf.add_drawn(1)
    shelf.work()
    job_id = rebuild(shelf.engine, None)
    assert counted(shelf) == {Side.FRONT: 0, Side.BACK: 0}
    assert shelf.work() == 4
    job = shelf.engine.ledger.job(job_id)
    assert job is not None
    assert (job.state, job.indexed, job.failed) == ("done", 4, 0)


def test_a_process_with_other_code_or_weights_refuses_the_catalogue(settings: Settings) -> None:
    engine = Engine.open(settings, with_index=False)
    engine.ledger.set_live_version(Version("0123456789ab", engine.version.encoder))
    assert not engine.is_live
    engine.close()
    with pytest.raises(RecipeMismatch, match="recto rebuild"):
        Engine.open(settings, with_index=False)


def test_versions_that_are_not_live_are_dropped(shelf: Shelf) -> None:
    old = Version("0123456789ab", "recto_small")
    shelf.engine.index.ensure(old, 64, local.LOCAL)
    reconcile(shelf.engine)
    assert shelf.engine.index.versions() == [shelf.engine.version]


def test_the_index_is_closed_with_the_engine(settings: Settings) -> None:
    Engine.open(settings, with_index=True).close()
    open_index(settings).close()
