"""Listing jobs: in chunks, in turn, no faster than the covers are worked on, to the end whatever dies."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator

import pytest
from tests.intake.bulk.shelf import JobsProcess, Shelf
from tests.ledger.entries import index_all
from tests.workers.running import wait_until

from recto.intake.bulk.lister import Lister
from recto.intake.bulk.reader import IMAGES_AT_ONCE
from recto.ledger import ItemRow, Ledger, Outcome
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto_workers import bulk
from recto_workers.redis_server import RedisServer

BACKLOG = 100


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A small backlog, so that it is soon reached."""
    return Settings(data_dir=settings.data_dir, source_roots=settings.source_roots, job_backlog=BACKLOG)


@pytest.fixture
def lister(settings: Settings, ledger: Ledger) -> Iterator[Lister]:
    """A lister, to be turned by hand."""
    lister = Lister(settings, ledger, open_blobs(settings), "by hand")
    yield lister
    lister.close()


def _list_all(lister: Lister, ledger: Ledger) -> None:
    index_all(ledger)
    while lister.turn():
        index_all(ledger)


def _items(ledger: Ledger, job_id: str) -> list[ItemRow]:
    return [item for items in ledger.exported_items(job_id) for item in items]


def test_a_manifest_is_listed_to_its_end_and_bad_rows_fail_with_their_line(
    lister: Lister, ledger: Ledger, shelf: Shelf
) -> None:
    shelf.stock(3)
    with shelf.manifest.open("a") as manifest:
        manifest.write("{\n" + json.dumps({"book_id": "gone", "front": "gone.jpg"}) + "\n")
    job_id = bulk.submit(ledger, shelf.document())
    _list_all(lister, ledger)
    job = ledger.job(job_id)
    assert job is not None
    assert (job.state, job.books, job.indexed, job.failed, job.position) == ("done", 4, 3, 2, 5)
    failed = [(item.path, item.stage) for item in ledger.job_items(job_id, Outcome.FAILED).items]
    assert failed == [("line 4", "manifest"), (str(shelf.folder / "gone.jpg"), "read")]


def test_listing_waits_while_enough_covers_are_on_their_way(
    lister: Lister, ledger: Ledger, shelf: Shelf
) -> None:
    shelf.stock(400)
    job_id = bulk.submit(ledger, shelf.document())
    while lister.turn():
        pass
    job = ledger.job(job_id)
    assert job is not None
    assert job.state == "listing"
    assert BACKLOG <= job.waiting < BACKLOG + IMAGES_AT_ONCE
    assert job.rows == 400
    _list_all(lister, ledger)
    job = ledger.job(job_id)
    assert job is not None
    assert (job.state, job.indexed) == ("done", 400)


def test_a_small_job_does_not_wait_for_the_end_of_a_large_one(
    lister: Lister, ledger: Ledger, shelf: Shelf, settings: Settings
) -> None:
    large = bulk.submit(ledger, {"recto": 1, "source": str(shelf.stock(1000))})
    other = Shelf(shelf.folder / "other")
    small = bulk.submit(ledger, {"recto": 1, "source": str(other.stock(10, first=5000))})
    lister.turn()
    lister.turn()
    states = {job.job_id: (job.state, job.covers) for job in ledger.jobs().items}
    assert states[small] == ("running", 10)
    assert states[large][0] == "listing"


def test_a_source_outside_of_the_roots_is_refused(lister: Lister, ledger: Ledger) -> None:
    job_id = bulk.submit(ledger, {"recto": 1, "source": "/etc/manifest.csv"})
    _list_all(lister, ledger)
    job = ledger.job(job_id)
    assert job is not None
    assert job.state == "failed"
    assert "RECTO_SOURCE_ROOTS" in job.reason


def test_a_trusted_source_may_lie_anywhere(ledger: Ledger, settings: Settings, shelf: Shelf) -> None:
    lister = Lister(Settings(data_dir=settings.data_dir), ledger, open_blobs(settings), "by hand")
    shelf.stock(3)
    job_id = bulk.submit(ledger, shelf.document(), trusted=True)
    _list_all(lister, ledger)
    lister.close()
    job = ledger.job(job_id)
    assert job is not None
    assert job.indexed == 3


def test_a_manifest_that_changes_under_way_is_noticed(lister: Lister, ledger: Ledger, shelf: Shelf) -> None:
    shelf.stock(200)
    job_id = bulk.submit(ledger, shelf.document())
    lister.turn()
    shelf.stock(1, first=200)
    _list_all(lister, ledger)
    job = ledger.job(job_id)
    assert job is not None
    assert job.state == "failed"
    assert "changed after its first 64 rows" in job.reason
    assert job.indexed == 64


def test_going_on_skips_what_is_listed_without_reading_its_images(
    settings: Settings, ledger: Ledger, shelf: Shelf
) -> None:
    shelf.stock(150)
    job_id = bulk.submit(ledger, shelf.document())
    first = Lister(settings, ledger, open_blobs(settings), "first")
    first.turn()
    first.close()
    for number in range(64):
        (shelf.folder / f"{number}.jpg").unlink()
    second = Lister(settings, ledger, open_blobs(settings), "second")
    _list_all(second, ledger)
    second.close()
    job = ledger.job(job_id)
    assert job is not None
    assert (job.state, job.indexed, job.failed) == ("done", 150, 0)


def test_a_job_is_listed_by_one_process_at_a_time(settings: Settings, ledger: Ledger, shelf: Shelf) -> None:
    shelf.stock(200)
    job_id = bulk.submit(ledger, shelf.document())
    first, second = (Lister(settings, ledger, open_blobs(settings), name) for name in ("first", "second"))
    first.turn()
    second.turn()
    job = ledger.job(job_id)
    assert job is not None
    assert job.position == 64
    first.close()
    _list_all(second, ledger)
    second.close()
    assert sorted(item.book_id for item in _items(ledger, job_id)) == sorted(f"b{n}" for n in range(200))


def test_a_dry_run_checks_everything_and_adds_nothing(
    lister: Lister, ledger: Ledger, shelf: Shelf, settings: Settings
) -> None:
    from tests.workers.running import draw

    shelf.stock(2)  # their pictures are no images
    (shelf.folder / "0.jpg").write_bytes(draw(0))
    with shelf.manifest.open("a") as manifest:
        manifest.write(json.dumps({"book_id": "gone", "front": "gone.jpg"}) + "\nnonsense\n")
    job_id = bulk.submit(ledger, shelf.document(options={"dry_run": True}))
    _list_all(lister, ledger)
    job = ledger.job(job_id)
    assert job is not None
    assert (job.state, job.books, job.checked, job.failed) == ("done", 3, 1, 3)
    assert sorted(item.stage for item in ledger.job_items(job_id, "failed").items) == [
        "decode",
        "manifest",
        "read",
    ]
    assert ledger.browse(page=1, page_size=1).total == 0
    assert sum(ledger.queue_counts().values()) == 0


def test_images_that_could_not_be_read_are_read_again_on_demand(
    lister: Lister, ledger: Ledger, shelf: Shelf
) -> None:
    shelf.stock(3)
    picture = (shelf.folder / "1.jpg").read_bytes()
    (shelf.folder / "1.jpg").unlink()
    job_id = bulk.submit(ledger, shelf.document())
    _list_all(lister, ledger)
    assert [item.stage for item in ledger.job_items(job_id, "failed").items] == ["read"]
    (shelf.folder / "1.jpg").write_bytes(picture)
    assert bulk.retry(ledger, job_id, stage="decode") == 0
    assert bulk.retry(ledger, job_id, stage="read") == 1
    _list_all(lister, ledger)
    index_all(ledger)
    job = ledger.job(job_id)
    assert job is not None
    assert (job.state, job.covers, job.indexed) == ("done", 3, 3)


def test_a_source_that_was_not_there_is_read_after_a_retry(
    lister: Lister, ledger: Ledger, shelf: Shelf
) -> None:
    job_id = bulk.submit(ledger, shelf.document())
    _list_all(lister, ledger)
    job = ledger.job(job_id)
    assert job is not None
    assert job.state == "failed"
    shelf.stock(2)
    bulk.retry(ledger, job_id)
    _list_all(lister, ledger)
    job = ledger.job(job_id)
    assert job is not None
    assert (job.state, job.indexed, job.reason) == ("done", 2, "")


@pytest.mark.slow
@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(2))
def test_kills_at_any_moment_list_every_row_once(
    settings: Settings, redis: RedisServer, ledger: Ledger, shelf: Shelf, seed: int
) -> None:
    chance = random.Random(seed)
    shelf.stock(1500)
    job_id = bulk.submit(ledger, shelf.document())
    jobs = JobsProcess(settings, redis.url)
    positions = []
    for _ in range(4):
        jobs.start()
        time.sleep(chance.uniform(0.0, 0.3))  # the moment of the kill is what the test is about
        jobs.kill()
        index_all(ledger)
        job = ledger.job(job_id)
        assert job is not None
        positions.append(job.position)
    with jobs:
        wait_until(lambda: _is_done(ledger, job_id), f"listed after kills at {positions}")
    found = sorted(item.book_id for item in _items(ledger, job_id))
    assert found == sorted(f"b{number}" for number in range(1500)), (positions, jobs.said())


def _is_done(ledger: Ledger, job_id: str) -> bool:
    index_all(ledger)
    job = ledger.job(job_id)
    return job is not None and job.state == "done"
