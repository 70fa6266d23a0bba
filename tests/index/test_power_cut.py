"""What a power cut leaves: the log as it was synced, and of all other files any mixture of old and new.

Simulated on copies of the engine's files; the real thing cannot be had in a test.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.index.shelves import DIMENSION, SPARSE, make_points

from recto.index import CoverPoint, collection
from recto.index.collection import Collection
from recto.index.embedded import EmbeddedIndex
from recto.index.folder import sync_files
from recto.records import Side
from recto.versions import Version

pytestmark = pytest.mark.slow

FRONT = Side.FRONT
PAGE = 4096
VERSION = Version("0123456789ab", "small")


def keep_old(old: bytes, new: bytes, rng: random.Random) -> bytes:
    return old


def keep_either(old: bytes, new: bytes, rng: random.Random) -> bytes:
    return rng.choice((old, new))


def keep_pages(old: bytes, new: bytes, rng: random.Random) -> bytes:
    """Each page of the file for itself, as the kernel writes them back in no order."""
    size = len(rng.choice((old, new)))
    old, new = old.ljust(size, b"\0"), new.ljust(size, b"\0")
    return b"".join(rng.choice((old, new))[at : min(at + PAGE, size)] for at in range(0, size, PAGE))


def cut_power(shard: Path, before: Path, keep: Callable[..., bytes], rng: random.Random) -> None:
    """Mix the files of a shard with those `before`; the log was synced and is kept."""
    changed = 0
    for path in sorted(path for path in shard.rglob("*") if path.is_file()):
        relative = path.relative_to(shard)
        if relative.parts[0] == "wal":
            continue
        old = (before / relative).read_bytes() if (before / relative).exists() else b""
        new = path.read_bytes()
        mixed = keep(old, new, rng)
        changed += mixed != new
        path.write_bytes(mixed)
    assert changed


@pytest.mark.parametrize(
    ("keep", "seed"), [(keep_old, 1), (keep_either, 2), (keep_either, 3), (keep_pages, 4), (keep_pages, 5)]
)
def test_what_was_acknowledged_survives_a_power_cut(
    quick_folder: Path, keep: Callable[..., bytes], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_points(200, seed=seed), make_points(150, seed=seed + 10, prefix="second")
    index = EmbeddedIndex(quick_folder / "index")
    index.ensure(VERSION, DIMENSION, SPARSE)
    index.upsert(VERSION, FRONT, first)
    index._collection(VERSION, FRONT).flush()
    shard = index._collection(VERSION, FRONT).path / "shard"
    shutil.copytree(shard, quick_folder / "before")
    monkeypatch.setattr(Collection, "flush", lambda flushed: pytest.fail("this much must not flush"))
    synced = quick_folder / "log as synced"

    def sync_and_copy(log: Path) -> None:
        sync_files(log)
        shutil.copytree(log, synced, dirs_exist_ok=True)

    monkeypatch.setattr(collection, "sync_files", sync_and_copy)
    index.upsert(VERSION, FRONT, second[:100])
    index.upsert(VERSION, FRONT, [of_year_one(point) for point in first[:50]])
    index.delete_covers(VERSION, FRONT, [point.cover_id for point in first[150:]])
    index.upsert(VERSION, FRONT, second[100:])
    shutil.copytree(shard, quick_folder / "after")
    monkeypatch.undo()
    index.close()
    shutil.rmtree(shard)
    shutil.move(quick_folder / "after", shard)
    shutil.rmtree(shard / "wal")
    shutil.move(synced, shard / "wal")

    cut_power(shard, quick_folder / "before", keep, random.Random(seed))

    index = EmbeddedIndex(quick_folder / "index")
    check(index, [of_year_one(point) for point in first[:50]] + first[50:150] + second)
    index.close()


def of_year_one(point: CoverPoint) -> CoverPoint:
    return replace(point, fields={**point.fields, "year": 1})


def check(index: EmbeddedIndex, points: list[CoverPoint]) -> None:
    """These covers are there, whole and found by both witnesses, and no others."""
    stored, _ = index.scroll(VERSION, FRONT, 1000)
    assert {cover.cover_id: cover.fields for cover in stored} == {p.cover_id: p.fields for p in points}
    assert len(index.features(VERSION, FRONT, [point.cover_id for point in points])) == len(points)
    vectors = {cover.cover_id: cover for cover in index.get(VERSION, FRONT, [p.cover_id for p in points])}
    for point in points:
        embedding = vectors[point.cover_id].embedding
        assert embedding is not None
        np.testing.assert_allclose(embedding, point.embedding, atol=1e-5)
        found = index.nearest(VERSION, FRONT, point.embedding[None], point.local, 1)
        assert found.embedding[0].cover_id == found.local[0].cover_id == point.cover_id
