"""A whole re-index with real processes: searched without pause, written to, killed, switched, rolled back, pruned."""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import psutil
import pytest
from PIL import Image
from tests.workers.running import Up, acknowledge, draw, indexed_ids, wait_until

from recto.index import open_index
from recto.ledger import Ledger
from recto.records import CoverState, Side, Where
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto.versions import Version
from recto_lab.synthetic import EASY, draw_book, photograph
from recto_workers import actions
from recto_workers.instance import redis_url_of
from recto_workers.messages import Producer

pytestmark = pytest.mark.slow

SEED, HEIGHT = 31, 420
STABLE = 5
"""Books that are searched all the time; others come and go."""
COVERS = 44
SEARCHERS = 3
PCA = 12
VICTIMS = ("ingest-1", "ingest-1", "index", "ingest-1")


@dataclass(frozen=True)
class Asked:
    """One search: when it began and ended, what was asked and what came back."""

    began: float
    ended: float
    book_id: str
    state: str
    verdict: str
    found: str
    recipe: str


@dataclass(frozen=True)
class Kill:
    """One event of the log: what was killed when, and how far the new version was just before."""

    victim: str
    at: float
    state: str
    indexed: int


@dataclass
class Visitors:
    """Threads that search without pause."""

    settings: Settings
    photos: dict[str, bytes]
    producer: Producer
    answers: list[Asked] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Visitors:
        self.threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(SEARCHERS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _visit(self, number: int) -> None:
        chance = random.Random(number)
        ledger, blobs = Ledger.open(self.settings), open_blobs(self.settings)
        while not self.stopping.is_set():
            book_id = chance.choice(sorted(self.photos))
            began = time.time()
            search_id = ledger.create_search([(None, blobs.put_incoming(self.photos[book_id]))], Where(), 3)
            self.producer.send_search(search_id)
            row = ledger.search(search_id)
            while row is not None and row.state == "pending":
                time.sleep(0.02)
                row = ledger.search(search_id)
            assert row is not None
            result = row.result or {"verdict": row.error, "books": [], "recipe": ""}
            found = result["books"][0]["book_id"] if result["books"] else ""
            self.answers.append(
                Asked(began, time.time(), book_id, row.state, result["verdict"], found, result["recipe"])
            )
        ledger.close()

    def since(self, moment: float, until: float = float("inf")) -> list[Asked]:
        """Answers of searches that began after a moment and ended before another."""
        within = [asked for asked in list(self.answers) if asked.began > moment and asked.ended < until]
        return [asked for asked in within if asked.state == "done"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Small batches, so that kills land between them; patience, since a killed index process takes long to start."""
    return Settings(data_dir=settings.data_dir, ingest_batch=4, search_seconds=90.0, torch_threads=1)


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_a_reindex_loses_no_search_and_no_book_whatever_is_killed(settings: Settings) -> None:
    ledger = Ledger.open(settings)
    with Up(settings) as up:
        producer = Producer(redis_url_of(settings), settings)
        acknowledge(settings, ledger, covers_of(range(COVERS // 2)))
        wait_until(lambda: ledger.queue_counts()[CoverState.INDEXED] == COVERS, "all covers are indexed")
        old = live(ledger)
        with (
            Visitors(settings, {book_id(n): photo_of(n) for n in range(STABLE)}, producer) as visitors,
            comings(settings, ledger),
        ):
            wait_until(lambda: visitors.answers, "a first answer")
            actions.start_reindex(ledger, open_blobs(settings), "recto_small", pca=PCA)
            log = rage(up, ledger, random.Random(7))
            wait_until(lambda: live(ledger) != old, f"the switch\n{log}", seconds=300)
            new, switched = live(ledger), time.time()
            wait_until(lambda: len(visitors.since(switched)) > 4, "answers of the new version")
            acknowledge(settings, ledger, covers_of([500]))  # after the switch: into both versions
            wait_until(
                lambda: is_in(ledger, 500, old) and is_in(ledger, 500, new), "a late book is in both versions"
            )
            undone = time.time()
            actions.rollback(ledger)
            wait_until(lambda: live(ledger) == old, "the rollback")
            back = time.time()
            wait_until(lambda: len(visitors.since(back)) > 4, "answers of the old version")
            assert finds(settings, ledger, producer, 500) == old.recipe_id
            redone = time.time()
            actions.rollback(ledger)
            wait_until(lambda: live(ledger) == new, "the way forward again")
            actions.prune(ledger)
            wait_until(lambda: ledger.kept_versions().other is None, "the old version is gone")
            gone = time.time()
            wait_until(lambda: len(visitors.since(gone)) > 4, "answers after the end of the old version")
        assert {kill.state for kill in log} == {"building"}, log
        assert all(kill.indexed < COVERS for kill in log), log
        assert [kill.victim for kill in log] == list(VICTIMS)
        check(visitors.answers, log, old, new)
        assert {asked.recipe for asked in visitors.since(switched, undone)} == {new.recipe_id}
        assert {asked.recipe for asked in visitors.since(back, redone)} == {old.recipe_id}
        assert {asked.recipe for asked in visitors.since(gone)} == {new.recipe_id}
        wait_until(lambda: not ledger.deleted_books(1), "the index forgot what was deleted")
        wait_until(
            lambda: ledger.queue_counts()[CoverState.INDEXED] == sum(ledger.queue_counts().values()),
            "no work",
        )
    producer.close()
    ids = indexed_ids(settings)
    known = [id_ for side in Side for id_ in ledger.indexed_cover_ids(side, "", 10_000)]
    assert sorted(ids) == sorted(known)
    ledger.close()
    assert kept_in_index(settings) == {new.recipe_id}


def check(answers: list[Asked], log: list[Kill], old: Version, new: Version) -> None:
    """Every search was answered rightly by one version, but for those in the hands of a killed index process."""
    kills = [kill.at for kill in log if kill.victim == "index"]
    lost = [asked for asked in answers if asked.state != "done"]
    assert all(any(asked.began - 1 < kill < asked.ended for kill in kills) for asked in lost), lost
    assert len(lost) <= SEARCHERS * len(kills), lost
    answered = [asked for asked in answers if asked.state == "done"]
    assert len(answered) > 30
    assert {(asked.verdict, asked.found == asked.book_id) for asked in answered} == {("found", True)}
    assert {asked.recipe for asked in answered} == {old.recipe_id, new.recipe_id}


def rage(up: Up, ledger: Ledger, chance: random.Random) -> list[Kill]:
    """Kill workers while the version is built, each a moment after the build went on from the last time."""
    log: list[Kill] = []
    done = -1
    for victim in VICTIMS:
        wait_until(lambda reached=done: progress(ledger) > reached, f"the build goes on\n{log}", pause=0.01)  # type: ignore[misc]
        wait_until(lambda name=victim: up.pid(name), f"{victim} is back")  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, 0.2))
        pid = up.pid(victim)
        assert pid is not None
        log.append(Kill(victim, time.time(), ledger.kept_versions().other_state, done := progress(ledger)))
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    return log


@contextmanager
def comings(settings: Settings, ledger: Ledger) -> Iterator[None]:
    """Books that come and go meanwhile, one every second."""
    stopping = threading.Event()

    def come_and_go() -> None:
        own = Ledger.open(settings)
        number = 100
        while not stopping.wait(1.0):
            acknowledge(settings, own, covers_of([number]))
            if number % 2:
                own.delete_book(book_id(number - 1))
            number += 1
        own.close()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def live(ledger: Ledger) -> Version:
    version = ledger.live_version()
    assert version is not None
    return version


def progress(ledger: Ledger) -> int:
    """Covers that the version beside the live one holds; -1 before it is begun."""
    other = ledger.kept_versions().other
    return ledger.queue_counts(other.recipe_id)[CoverState.INDEXED] if other else -1


def is_in(ledger: Ledger, number: int, version: Version) -> bool:
    """Whether both covers of a book are in the index of a version."""
    wanted = {cover.cover_id for cover in ledger.covers_of(book_id(number))}
    indexed = {id_ for side in Side for id_ in ledger.indexed_cover_ids(side, "", 10_000, version.recipe_id)}
    return wanted <= indexed


def finds(settings: Settings, ledger: Ledger, producer: Producer, number: int) -> str:
    """Search a book; returns the recipe of the answer that found it."""
    name = open_blobs(settings).put_incoming(photo_of(number))
    search_id = ledger.create_search([(None, name)], Where(), 3)
    producer.send_search(search_id)
    wait_until(lambda: (row := ledger.search(search_id)) is None or row.state != "pending", "an answer")
    row = ledger.search(search_id)
    assert row is not None
    assert row.result is not None
    assert row.result["books"][0]["book_id"] == book_id(number)
    return str(row.result["recipe"])


def book_id(number: int) -> str:
    return draw_book(number, seed=SEED, height=64).book_id


def covers_of(numbers: Iterable[int]) -> dict[tuple[str, Side], bytes]:
    """Both covers of drawn books."""
    images: dict[tuple[str, Side], bytes] = {}
    for number in numbers:
        drawn = draw_book(number, seed=SEED, height=HEIGHT)
        images[drawn.book_id, Side.FRONT] = jpeg(drawn.front)
        images[drawn.book_id, Side.BACK] = jpeg(drawn.back)
    return images


def photo_of(number: int) -> bytes:
    front = draw_book(number, seed=SEED, height=HEIGHT).front
    return jpeg(photograph(front, np.random.default_rng(number), options=EASY, size=700).image)


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_a_reindex_goes_on_after_everything_was_killed_and_redis_was_lost(settings: Settings) -> None:
    ledger = Ledger.open(settings)
    images = {(f"book-{number:02}", Side.FRONT): draw(number) for number in range(40)}
    with Up(settings) as up:
        acknowledge(settings, ledger, images)
        wait_until(lambda: ledger.queue_counts()[CoverState.INDEXED] == 40, "all covers are indexed")
        old = live(ledger)
        job_id = actions.start_reindex(ledger, open_blobs(settings), "recto_small", pca=PCA)
        wait_until(lambda: progress(ledger) >= 4, "the build goes on", pause=0.01)
        parts = psutil.Process(up.process.pid).children(recursive=True)
        up.process.kill()
        psutil.wait_procs(parts, timeout=10)
    assert ledger.kept_versions().other_state == "building", "it was killed too late"
    assert progress(ledger) < 40
    shutil.rmtree(settings.data_dir / "run" / "redis")
    with Up(settings):
        wait_until(lambda: live(ledger) != old, "the switch", seconds=240)
        new = live(ledger)
        job = ledger.job(job_id)
        assert job is not None
        assert (job.state, job.indexed, job.failed) == ("done", 40, 0)
    ids = indexed_ids(settings)
    assert sorted(ids) == sorted(ledger.indexed_cover_ids(Side.FRONT, "", 100))
    assert len(ids) == 40
    assert {version.recipe_id for version in (old, new)} == kept_in_index(settings)
    ledger.close()


def kept_in_index(settings: Settings) -> set[str]:
    """Recipes of the versions in the index of a folder on which nothing runs."""
    index = open_index(settings)
    try:
        return {version.recipe_id for version in index.versions()}
    finally:
        index.close()
