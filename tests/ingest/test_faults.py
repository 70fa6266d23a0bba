"""A fault of a part is no fault of a cover: nothing healthy fails, the reason is true, the work goes on by itself."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import pytest
from tests.ingest.conftest import HEIGHT, SEED, Shelf, jpeg
from tests.ingest.faults import (
    OF_DEVICES,
    OF_MEMORY,
    OF_PARTS,
    OUT_OF_MEMORY,
    assert_all_wait_untried,
    is_poisonous,
    poison,
    running,
)

from recto import features as local
from recto.errors import Unavailable
from recto.images import encode_jpeg
from recto.ingest.pipeline import index_staged, ingest_batch
from recto.records import Book, Cover, CoverState, Side, Where
from recto.runtime import Engine
from recto.search.pipeline import run_search
from recto.settings import Settings
from recto.upkeep.maintenance import delete_books
from recto_lab.synthetic import draw_book

TRIES = 4
"""More than the attempts after which a cover is given up."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for all: each test leaves everything indexed."""
    engine = Engine.open(
        Settings(data_dir=tmp_path_factory.mktemp("faults"), torch_threads=1), with_index=True
    )
    yield engine
    engine.close()


@pytest.fixture
def shelf(engine: Engine) -> Iterator[Shelf]:
    yield Shelf(engine)
    while books := engine.ledger.browse().items:
        for entry in books:
            engine.ledger.delete_book(entry.book.book_id)
    delete_books(engine)


def add(shelf: Shelf, number: int) -> list[str]:
    """Covers with pictures of their own; returns their ids."""
    return [shelf.add(Book(f"healthy-{index}"), Side.FRONT, drawn(index)) for index in range(number)]


@cache
def drawn(index: int) -> bytes:
    return jpeg(draw_book(index, seed=SEED, height=HEIGHT // 2).front)


def add_poison(shelf: Shelf) -> str:
    return shelf.add(Book("poison"), Side.FRONT, encode_jpeg(poison(), 300))


def cover(shelf: Shelf, cover_id: str) -> Cover:
    found = shelf.engine.ledger.cover(cover_id)
    assert found is not None
    return found


def assert_indexed(shelf: Shelf, cover_ids: list[str]) -> None:
    assert {cover(shelf, cover_id).state for cover_id in cover_ids} == {CoverState.INDEXED}


def work_as_workers_do(shelf: Shelf) -> None:
    """Everything once, whatever fails: what waits in files, then batches as long as there are any."""
    ledger = shelf.engine.ledger
    for staged_file in ledger.staged_files(0):
        try:
            index_staged(shelf.engine, staged_file)
        except Exception:
            continue
    try:
        while ingest_batch(shelf.engine, "worker").claimed:
            pass
    except Exception:
        return


def test_a_batch_that_exhausts_memory_is_done_in_smaller_ones(shelf: Shelf) -> None:
    ids = add(shelf, 4)
    with running(shelf, lambda images: OUT_OF_MEMORY if len(images) > 1 else None) as runner:
        assert shelf.work() == 4
    assert_indexed(shelf, ids)
    assert runner.sizes[:3] == [4, 2, 1]
    assert {cover(shelf, cover_id).attempts for cover_id in ids} == {1}


@pytest.mark.parametrize("error", OF_MEMORY.values(), ids=OF_MEMORY)
def test_covers_wait_untried_while_the_device_is_full(shelf: Shelf, error: Exception) -> None:
    ids = add(shelf, 2)
    with running(shelf, lambda _: error):
        for _ in range(TRIES):
            with pytest.raises(Exception, match="has no memory left"):
                ingest_batch(shelf.engine, "worker")
            assert_all_wait_untried(shelf, 2)
        assert shelf.engine.is_live
    shelf.work()
    assert_indexed(shelf, ids)


@pytest.mark.parametrize("error", OF_DEVICES.values(), ids=OF_DEVICES)
def test_a_device_that_fails_gives_the_covers_back_untried_and_ends_the_process(
    shelf: Shelf, error: Exception
) -> None:
    ids = add(shelf, 2)
    with running(shelf, lambda _: error):
        for _ in range(TRIES):
            with pytest.raises(Exception, match="started again"):
                ingest_batch(shelf.engine, "worker")
            assert_all_wait_untried(shelf, 2)
        assert not shelf.engine.is_live
    shelf.work()
    assert_indexed(shelf, ids)


@pytest.mark.parametrize(
    "part", ["blobs.put_staged", "blobs.put_thumbnail", "ledger.stage", "ledger.put_pictures"]
)
@pytest.mark.parametrize("error", OF_PARTS.values(), ids=OF_PARTS)
def test_whatever_a_part_raises_counts_against_no_cover(
    shelf: Shelf, part: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add(shelf, 2)

    def fail(*_: object) -> None:
        raise error

    owner, method = part.split(".")
    monkeypatch.setattr(getattr(shelf.engine, owner), method, fail)
    for _ in range(TRIES):
        with pytest.raises(type(error)):
            ingest_batch(shelf.engine, "worker")
        assert_all_wait_untried(shelf, 2)
    monkeypatch.undo()
    shelf.work()
    assert_indexed(shelf, ids)


def test_covers_that_cannot_be_given_back_now_are_given_back_untried_later(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add(shelf, 2)

    def away(*_: object, **__: object) -> None:
        raise Unavailable("The ledger does not answer.")

    for method in ("stage", "release"):
        monkeypatch.setattr(shelf.engine.ledger, method, away)
    with pytest.raises(Unavailable):
        ingest_batch(shelf.engine, "worker")
    monkeypatch.undo()
    shelf.work()
    assert_indexed(shelf, ids)
    assert {cover(shelf, cover_id).attempts for cover_id in ids} == {1}


def test_the_one_picture_that_the_network_does_not_stand_fails_with_its_reason(shelf: Shelf) -> None:
    ids = add(shelf, 2)
    bad = add_poison(shelf)
    with running(shelf, lambda images: ValueError("no colours") if is_poisonous(images) else None):
        shelf.work()
    failed = cover(shelf, bad)
    assert (failed.state, failed.stage) == (CoverState.FAILED, "describe")
    assert "ValueError: no colours" in failed.reason
    assert "stopped" not in failed.reason
    assert_indexed(shelf, ids)
    assert shelf.engine.is_live


def test_the_one_picture_without_an_embedding_fails_with_its_reason(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = add_poison(shelf)
    real = shelf.engine.live().encoder._run

    def run(images):  # type: ignore[no-untyped-def]
        return real(images) * (float("nan") if is_poisonous(images) else 1)

    monkeypatch.setattr(run, "batch", 1, raising=False)
    monkeypatch.setattr(shelf.engine.live().encoder, "_run", run)
    shelf.work()
    failed = cover(shelf, bad)
    assert (failed.state, failed.stage) == (CoverState.FAILED, "describe")
    assert "not finite" in failed.reason


def test_the_one_picture_whose_features_cannot_be_described_fails_with_its_reason(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add(shelf, 2)
    bad = add_poison(shelf)
    real = local.describe

    def describe(pixels, *, photo):  # type: ignore[no-untyped-def]
        if pixels.std() < 1:
            raise cv2.error("OpenCV(4) (-215:Assertion failed) !keypoints.empty()")
        return real(pixels, photo=photo)

    monkeypatch.setattr(local, "describe", describe)
    shelf.work()
    assert "Assertion failed" in cover(shelf, bad).reason
    assert "stopped" not in cover(shelf, bad).reason
    assert_indexed(shelf, ids)


@pytest.mark.chaos
def test_a_decoding_child_that_somebody_kills_once_costs_no_cover(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel does when memory is short."""
    ids = add(shelf, 1)
    decoder = shelf.engine.pool._decoders[0]
    running_child = decoder._running
    killed: list[int] = []

    def kill():  # type: ignore[no-untyped-def]
        process = running_child()
        if not killed:
            killed.append(process.pid)
            process.kill()
            process.wait()
        return process

    monkeypatch.setattr(decoder, "_running", kill)
    shelf.work()
    assert killed
    assert_indexed(shelf, ids)


@pytest.mark.parametrize("number", [1, 3])
def test_covers_wait_while_the_volume_of_the_originals_is_away(shelf: Shelf, number: int) -> None:
    """Where one waits, others are searchable whose originals are away too."""
    if number == 1:
        shelf.add_drawn(20)
        shelf.work()
    ids = add(shelf, number)
    originals = shelf.engine.settings.data_dir / "blobs"
    originals.rename(originals.with_name("unmounted"))
    originals.mkdir()
    for _ in range(TRIES):
        with pytest.raises(Unavailable, match="volume"):
            ingest_batch(shelf.engine, "worker")
        assert_all_wait_untried(shelf, number)
    originals.rmdir()
    originals.with_name("unmounted").rename(originals)
    shelf.work()
    assert_indexed(shelf, ids)


def test_one_original_that_is_lost_fails_its_cover_alone(shelf: Shelf) -> None:
    ids = add(shelf, 2)
    (shelf.engine.blobs.source(cover(shelf, ids[0]).sha256)).unlink()  # type: ignore[union-attr]
    shelf.work()
    assert (cover(shelf, ids[0]).state, cover(shelf, ids[0]).stage) == (CoverState.FAILED, "decode")
    assert_indexed(shelf, ids[1:])


@pytest.mark.parametrize("error", [OUT_OF_MEMORY, OF_DEVICES["CUDA"]], ids=["memory", "device"])
def test_a_search_that_meets_the_fault_is_told_to_come_again(shelf: Shelf, error: Exception) -> None:
    name = shelf.engine.blobs.put_incoming(jpeg(draw_book(0, seed=SEED, height=HEIGHT).front))
    search_id = shelf.engine.ledger.create_search([(None, name)], Where(), 5)
    with running(shelf, lambda _: error):
        run_search(shelf.engine, search_id)
    row = shelf.engine.ledger.search(search_id)
    assert row is not None
    assert row.state == "expired"  # it may be sent again
    assert "CUDA" in row.error


def test_a_shard_that_cannot_be_opened_keeps_its_covers_staged(settings: Settings) -> None:
    engine = Engine.open(settings, with_index=True)
    shelf = Shelf(engine)
    ids = add(shelf, 1)
    staged_file = ingest_batch(engine, "worker").staged_file
    shards = [path / "shard" for path in Path(settings.data_dir / "index").glob("recto_*__*")]
    for shard in shards:
        shard.rename(shard.with_name("away"))
    for _ in range(TRIES):
        with pytest.raises(Exception, match="cannot be opened"):
            index_staged(engine, staged_file)
        assert_all_wait_untried(shelf, 1, CoverState.STAGED)
    for shard in shards:
        shard.with_name("away").rename(shard)
    assert index_staged(engine, staged_file) == 1
    assert_indexed(shelf, ids)
    engine.close()


def test_healthy_covers_survive_any_sequence_of_faults_and_the_bad_one_fails_for_what_it_is(
    shelf: Shelf,
) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    ids, bad = [], None
    parts: tuple[str, ...] = (
        "blobs.put_staged",
        "blobs.get_staged",
        "blobs.put_thumbnail",
        "ledger.stage",
        "ledger.mark_indexed",
    )
    parts = (*parts, "ledger.put_pictures", "index._index.upsert", "pool.decode_many")
    errors = [*OF_DEVICES.values(), *OF_MEMORY.values(), *OF_PARTS.values(), Unavailable("It is away.")]

    def of_network(images) -> Exception | None:  # type: ignore[no-untyped-def]
        return ValueError("no colours") if is_poisonous(images) else of_round

    with running(shelf, of_network):
        for turn in range(12):
            ids += [shelf.add(Book(f"{turn}"), Side.FRONT, drawn(turn))]
            bad = bad or (add_poison(shelf) if chance.random() < 0.3 else None)
            error = chance.choice(errors)
            where = chance.choice(["network", "nowhere", *parts])
            of_round = error if where == "network" else None
            with pytest.MonkeyPatch.context() as patch:
                if where in parts:
                    *way, method = where.split(".")
                    owner = shelf.engine
                    for name in way:
                        owner = getattr(owner, name)

                    def fail(*_: object, error: Exception = error, **__: object) -> None:
                        raise error

                    patch.setattr(owner, method, fail)
                for _ in range(chance.randint(1, TRIES)):
                    work_as_workers_do(shelf)
            assert all(cover(shelf, cover_id).state is not CoverState.FAILED for cover_id in ids), (
                turn,
                where,
                error,
            )
        bad = bad or add_poison(shelf)
        of_round = None
        for _ in range(TRIES):
            work_as_workers_do(shelf)
    assert_indexed(shelf, ids)
    assert cover(shelf, bad).state is CoverState.FAILED
    assert "no colours" in cover(shelf, bad).reason
