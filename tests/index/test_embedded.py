"""What is peculiar to the embedded engine: its folder, its lock, and the faults it must survive."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import qdrant_edge as edge
from tests.index.shelves import DIMENSION, SPARSE, make_points

from recto.errors import IndexFault, InUse, NotFound, Unavailable, WrongFormat
from recto.index import LocalSpec, open_index
from recto.index import folder as index_folder
from recto.index.embedded import EmbeddedIndex
from recto.records import Side
from recto.settings import Settings
from recto.versions import Version

FRONT, BACK = Side.FRONT, Side.BACK
VERSION = Version("0123456789ab", "small")


@pytest.fixture
def folder(quick_folder: Path) -> Path:
    return quick_folder / "index"


@pytest.fixture
def index(folder: Path) -> Iterator[EmbeddedIndex]:
    opened = EmbeddedIndex(folder)
    opened.ensure(VERSION, DIMENSION, SPARSE)
    yield opened
    opened.close()


def test_a_second_process_is_told_who_holds_the_folder(index: EmbeddedIndex, quick_folder: Path) -> None:
    code = (
        "from recto.index import open_index; from recto.settings import Settings;"
        "open_index(Settings.from_environment())"
    )
    environment = {**os.environ, "RECTO_DATA_DIR": str(quick_folder)}
    second = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert second.returncode == 1
    last = second.stderr.strip().splitlines()[-1]
    assert last.startswith("recto.errors.InUse:")
    assert f"in use by process {os.getpid()}" in last
    assert "RECTO_DATA_DIR" in last


def test_a_second_index_in_the_same_process_is_refused_until_the_first_is_closed(
    index: EmbeddedIndex, quick_folder: Path
) -> None:
    settings = Settings(data_dir=quick_folder)
    with pytest.raises(InUse):
        open_index(settings)
    index.close()
    open_index(settings).close()


def test_another_version_of_the_engine_is_refused_in_a_sentence(index: EmbeddedIndex, folder: Path) -> None:
    index.close()
    (folder / "engine.json").write_text(json.dumps({"engine": "qdrant-edge-py", "version": "0.8.1"}))
    with pytest.raises(WrongFormat, match=r"written by qdrant-edge-py 0\.8\.1.*recto rebuild"):
        EmbeddedIndex(folder)
    (folder / "engine.json").write_text(json.dumps({"engine": "qdrant-edge-py", "version": "0.9.7"}))
    EmbeddedIndex(folder).close()  # a fix of the same minor version; the refusal above let go of the lock


def test_a_damaged_description_is_named(index: EmbeddedIndex, folder: Path) -> None:
    index.close()
    (folder / VERSION.collection(FRONT) / "collection.json").write_text("{")
    with pytest.raises(WrongFormat, match=r"collection\.json is damaged"):
        EmbeddedIndex(folder)


def test_left_over_temporary_segments_are_deleted_before_opening(index: EmbeddedIndex, folder: Path) -> None:
    index.upsert(VERSION, FRONT, make_points(3))
    index.close()
    left_over = folder / VERSION.collection(FRONT) / "shard" / "temp_segments" / "segment_builder_x"
    left_over.mkdir(parents=True)
    again = EmbeddedIndex(folder)
    assert again.count(VERSION, FRONT) == 3
    assert not left_over.parent.exists()
    again.close()


def test_a_collection_that_was_being_made_is_made_anew(index: EmbeddedIndex, folder: Path) -> None:
    index.close()
    (folder / VERSION.collection(BACK)).rename(folder / f".new__{VERSION.collection(BACK)}")
    again = EmbeddedIndex(folder)
    assert again.versions() == []
    assert not list(folder.glob(".new__*"))
    again.ensure(VERSION, DIMENSION, SPARSE)
    assert again.versions() == [VERSION]
    again.close()


def test_a_drop_that_had_begun_is_finished_at_the_next_start(index: EmbeddedIndex, folder: Path) -> None:
    index.upsert(VERSION, FRONT, make_points(3))
    index.close()
    (folder / f".dropped__{VERSION.recipe_id}").mkdir()  # as a kill between two renames leaves it
    again = EmbeddedIndex(folder)
    assert again.versions() == []
    assert not [path for path in folder.iterdir() if VERSION.recipe_id in path.name]
    again.close()


def test_the_live_pair_is_published_in_a_file_for_other_tools(index: EmbeddedIndex, folder: Path) -> None:
    index.publish(VERSION)
    assert json.loads((folder / "published.json").read_text()) == {
        "recipe_id": VERSION.recipe_id,
        "encoder": "small",
        "recto_front": "recto_front__0123456789ab",
        "recto_back": "recto_back__0123456789ab",
    }


def test_a_panic_inside_the_engine_becomes_an_error_and_the_next_call_works(
    index: EmbeddedIndex, folder: Path
) -> None:
    points = make_points(5)
    index.upsert(VERSION, FRONT, points)
    collection = index._collection(VERSION, FRONT)
    poison: dict[str, object] = {}
    for _ in range(200):  # what the checks keep out: nested deeper than the engine can read back
        poison = {"deeper": poison}
    point = edge.Point(points[0].cover_id, {"embedding": points[0].embedding.tolist()}, poison)
    collection._update(edge.UpdateOperation.upsert_points([point]))
    index.close()
    shutil.rmtree(
        collection.path / "shard" / "wal"
    )  # else the engine fails already when it replays the poison
    index = EmbeddedIndex(folder)
    collection = index._collection(VERSION, FRONT)
    by_unindexed_field = edge.Filter(must=[edge.FieldCondition("title", match=edge.MatchValue("x"))])
    with pytest.raises(IndexFault, match="opens its files again") as fault:
        collection._call(lambda shard: shard.count(edge.CountRequest(filter=by_unindexed_field)))
    assert not fault.value.permanent
    assert index.count(VERSION, FRONT) == 5
    found = index.nearest(VERSION, FRONT, points[3].embedding[None], points[3].local, 2)
    assert found.embedding[0].cover_id == points[3].cover_id
    index.close()


def test_a_refusal_by_the_engine_becomes_an_error(index: EmbeddedIndex) -> None:
    collection = index._collection(VERSION, FRONT)
    with pytest.raises(IndexFault, match="Not existing vector name"):
        collection._call(lambda shard: shard.retrieve([1], False, ["nothing"]) or shard.query(_by("nothing")))
    assert index.count(VERSION, FRONT) == 0


def _by(name: str) -> edge.QueryRequest:
    return edge.QueryRequest(limit=1, query=edge.Query.Nearest([1.0], using=name))


def test_a_shard_that_cannot_be_read_says_what_to_do(index: EmbeddedIndex, folder: Path) -> None:
    index.close()
    (folder / VERSION.collection(FRONT) / "shard" / "edge_config.json").write_text("{")
    again = EmbeddedIndex(folder)
    with pytest.raises(IndexFault, match="recto rebuild"):
        again.count(VERSION, FRONT)
    again.drop(VERSION)
    again.ensure(VERSION, DIMENSION, SPARSE)
    assert again.count(VERSION, FRONT) == 0
    again.close()


def test_a_nearly_full_disk_is_refused_before_anything_is_written(
    index: EmbeddedIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(folder).free
    monkeypatch.setattr(index_folder.check_space, "__defaults__", (free,))  # all that is free must stay free
    with pytest.raises(Unavailable, match="Free some space"):
        index.upsert(VERSION, FRONT, make_points(3))
    monkeypatch.undo()
    assert index.count(VERSION, FRONT) == 0


def test_a_collection_in_use_by_another_thread_does_not_come_back_after_its_drop(
    index: EmbeddedIndex, folder: Path
) -> None:
    held = index._collection(VERSION, FRONT)
    index.drop(VERSION)
    with pytest.raises(NotFound, match="dropped"):
        held.upsert(make_points(1))
    assert not list(folder.glob("*0123456789ab*"))


def test_a_closed_index_says_so(index: EmbeddedIndex) -> None:
    index.close()
    index.close()
    with pytest.raises(Unavailable, match="closed"):
        index.count(VERSION, FRONT)


def test_flattened_features_of_25088_numbers_work(index: EmbeddedIndex) -> None:
    version = Version("vgg16flat000", "vgg16-flat")
    index.ensure(version, 25_088, LocalSpec("sparse"))
    points = make_points(300, dimension=25_088)
    index.upsert(version, FRONT, points)
    views = np.stack([point.embedding for point in points[:8]])
    found = index.nearest(version, FRONT, views, points[0].local, 50)
    assert {hit.cover_id for hit in found.embedding[:8]} == {point.cover_id for point in points[:8]}
    assert found.embedding[7].score == pytest.approx(1.0, abs=1e-4)
