"""`kill -9` at random moments of writing: nothing acknowledged is lost, nothing is half-written, deleted stays deleted.

The writer's log says in which stage each kill landed.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import REPOSITORY
from tests.index.writer import DELETED, MAIN, SPARE, SPARE_COVERS, YEARS, batch_points

from recto.index import CoverPoint
from recto.index.embedded import EmbeddedIndex
from recto.records import Side

pytestmark = pytest.mark.slow

FRONT, BACK = Side.FRONT, Side.BACK
PLAN = ["upsert", "flush"] * 8 + ["rewrite", "delete", "ensure", "drop", "delete", "publish"]
MUST_COVER = {"upsert", "flush in upsert"}
FIRST_STAGE = {"upsert": "upsert", "flush": "upsert", "rewrite": "rewrite", "delete": "delete"}
MOST_KILLS = 40
Content = int | None
"""Year of a cover's book as stored, or None where the cover is not there."""


@dataclass
class Expected:
    """What the log allows to be found: per cover, version and published pair every state that may hold."""

    covers: dict[str, set[Content]] = field(default_factory=lambda: defaultdict(lambda: {None}))
    deleting: set[str] = field(default_factory=set)
    spare: set[bool] = field(default_factory=lambda: {False})
    published: set[str] = field(default_factory=lambda: {""})
    stack: list[str] = field(default_factory=list)
    next_batch: int = 0

    def read(self, line: str) -> None:
        """Follow one line of the log: a beginning allows the new state, an end forbids every other."""
        _, what, stage, number = line.split()
        if what == "begin":
            self.stack.append(stage)
        else:
            assert self.stack.pop() == stage
        batch = int(number)
        for cover, content in self._changes(stage, batch):
            self.covers[cover] = {content} | (self.covers[cover] if what == "begin" else set())
            if content is None:
                (self.deleting.add if what == "begin" else self.deleting.discard)(cover)
        if stage in ("ensure", "drop"):
            self.spare = {stage == "ensure"} | (self.spare if what == "begin" else set())
        if stage.startswith("publish_"):
            self.published = {stage[8:]} | (self.published if what == "begin" else set())
        if stage == "upsert":
            self.next_batch = batch + 1

    def landed(self) -> str:
        """The stage in which the log ends, innermost first; then forget it."""
        place = " in ".join(reversed(self.stack)) or "between stages"
        self.stack.clear()
        return place

    def _changes(self, stage: str, batch: int) -> list[tuple[str, Content]]:
        ids = [point.cover_id for point in batch_points(batch)]
        if stage in ("upsert", "rewrite"):
            return [(cover, YEARS[stage == "rewrite"]) for cover in ids]
        if stage == "delete":
            return [(cover, None) for cover in ids[:DELETED]]
        return [(ids[DELETED], None)] if stage == "delete_book" else []


class Log:
    """The writer's log, followed while it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._rest = ""
        self.durations: dict[str, list[float]] = defaultdict(list)
        self._begun: list[float] = []

    def lines(self) -> list[str]:
        """The lines since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        *whole, self._rest = (self._rest + new.decode()).split("\n")
        for line in whole:
            moment, what, stage, _ = line.split()
            if what == "begin":
                self._begun.append(float(moment))
            else:
                self.durations[stage].append(float(moment) - self._begun.pop())
        return whole

    def forget_unfinished(self) -> None:
        """The writer is dead: what it had begun has no end."""
        self._begun.clear()

    def usual(self, stage: str) -> float:
        """Median duration of a stage so far in seconds; a guess before the first."""
        return float(np.median(self.durations[stage] or [0.01]))


@pytest.mark.chaos
def test_twenty_kills_lose_nothing_that_was_acknowledged(disk_folder: Path) -> None:
    rng = random.Random(11)
    log, expected, landed = Log(disk_folder / "log"), Expected(), Counter[str]()
    EmbeddedIndex(disk_folder / "index").close()
    kills = 0
    while kills < len(PLAN) or (not landed.keys() >= MUST_COVER and kills < MOST_KILLS):
        target = PLAN[kills % len(PLAN)]
        kill_writer(disk_folder, log, expected, target, rng)
        landed[expected.landed()] += 1
        check(disk_folder / "index", expected, rng)
        kills += 1
    print("kills by stage:", dict(landed))
    assert kills >= 20
    assert landed.keys() >= MUST_COVER
    assert landed["between stages"] <= kills // 4
    check_every_vector(disk_folder / "index", expected)


def kill_writer(folder: Path, log: Log, expected: Expected, target: str, rng: random.Random) -> None:
    """Start a writer and kill it at a random moment of the stage `target`."""
    first = FIRST_STAGE.get(target, "spare")
    command = [sys.executable, "-m", "tests.index.writer", str(folder / "index"), str(folder / "log")]
    arguments = [str(expected.next_batch), first, "few" if target in ("upsert", "delete") else "each"]
    with subprocess.Popen(
        [*command, *arguments], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
    ) as writer:
        deadline, met = time.monotonic() + 60, False
        while not met:
            if writer.poll() is not None or time.monotonic() > deadline:
                writer.kill()
                pytest.fail(f"the writer did not reach {target}: {writer.communicate()[1]}")
            for line in log.lines():
                expected.read(line)
                met = met or line.split()[1:3] == ["begin", target] or f"begin {target}_" in line
            time.sleep(0.0002)
        time.sleep(rng.uniform(0, 0.9) * log.usual(target))
        writer.kill()
        writer.wait()
    for line in log.lines():
        expected.read(line)
    log.forget_unfinished()


def check(folder: Path, expected: Expected, rng: random.Random) -> None:
    """Open the index and compare it with what the log allows; from then on what was found must stay."""
    index = EmbeddedIndex(folder)
    try:
        found = stored_years(index)
        assert found.keys() <= expected.covers.keys()
        for cover, allowed in expected.covers.items():
            assert found.get(cover) in allowed, (cover, found.get(cover), allowed)
            expected.covers[cover] = {found.get(cover)}
        assert index.count(MAIN, FRONT) == len(found)
        batches = {rng.randrange(expected.next_batch) for _ in range(3)} | {expected.next_batch - 1}
        for batch in batches if expected.next_batch else ():
            check_batch(index, [point for point in batch_points(batch) if point.cover_id in found], expected)
        check_versions(index, expected)
    finally:
        index.close()


def stored_years(index: EmbeddedIndex) -> dict[str, int]:
    """Every cover that is stored, with the year of its book."""
    years: dict[str, int] = {}
    after: str | None = None
    while True:
        page, after = index.scroll(MAIN, FRONT, 5000, after)
        for cover in page:
            year = cover.fields["year"]
            assert isinstance(year, int)
            years[cover.cover_id] = year
        if after is None:
            return years


def check_batch(index: EmbeddedIndex, points: list[CoverPoint], expected: Expected) -> None:
    """Vectors and features are whole, and a cover finds itself by both witnesses."""
    ids = [point.cover_id for point in points]
    vectors = {cover.cover_id: cover.embedding for cover in index.get(MAIN, FRONT, ids)}
    features = index.features(MAIN, FRONT, ids)
    for point in points:
        vector = vectors[point.cover_id]
        assert vector is not None
        np.testing.assert_allclose(vector, point.embedding, atol=1e-5)
        # A delete that was not acknowledged may have removed the features; it is asked for again.
        assert features.get(point.cover_id) == point.features or point.cover_id in expected.deleting
    for point in points[::50]:
        hits = index.nearest(MAIN, FRONT, point.embedding[None], point.local, 1)
        assert hits.embedding[0].cover_id == hits.local[0].cover_id == point.cover_id


def check_versions(index: EmbeddedIndex, expected: Expected) -> None:
    """The spare version is there whole or not at all, and the published pair is one that was published."""
    versions = index.versions()
    assert MAIN in versions
    assert (SPARE in versions) in expected.spare
    expected.spare = {SPARE in versions}
    if SPARE in versions:
        assert index.count(SPARE, BACK) in range(SPARE_COVERS + 1)
    published = index.published()
    assert (published.recipe_id if published else "") in expected.published
    expected.published = {published.recipe_id if published else ""}


def check_every_vector(folder: Path, expected: Expected) -> None:
    """At the end, every cover of every batch."""
    index = EmbeddedIndex(folder)
    for batch in range(expected.next_batch):
        present = [point for point in batch_points(batch) if expected.covers[point.cover_id] != {None}]
        check_batch(index, present, expected)
    index.close()
