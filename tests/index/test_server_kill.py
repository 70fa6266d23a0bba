"""`kill -9` of the Qdrant server, and of single nodes of a cluster, while covers are written and deleted.

They need a real server: RECTO_TEST_QDRANT_BINARY names its program.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import models
from tests.index.shelves import DIMENSION, SPARSE, make_points
from tests.support.qdrant_server import QdrantCluster, QdrantServer, needs_binary

from recto.errors import Unavailable
from recto.index import CoverPoint, Index, open_index
from recto.index.server import ServerIndex
from recto.records import Side
from recto.settings import Settings
from recto.versions import Version

pytestmark = [pytest.mark.slow, needs_binary, pytest.mark.chaos, pytest.mark.timeout(900)]
VERSION, FRONT = Version("aaaaaaaaaaaa", "small"), Side.FRONT
BATCH, KILLS, PATIENCE_SECONDS = 20, 8, 120.0
PAUSE_SECONDS = 0.02  # between batches, so that there are not thousands to look at in the end
WHOLE = 60
"""Batches that are compared number by number; of the others the ids."""


class Writer(threading.Thread):
    """Writes batch after batch, deletes each third one again, and notes what was acknowledged.

    What ends with `Unavailable` is done again, as the ledger does; any other error ends the thread.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(daemon=True)
        self._index = index
        self._stopped = threading.Event()
        self.written: list[int] = []
        self.deleted: list[int] = []
        self.outages = 0
        self.fault: BaseException | None = None

    def run(self) -> None:
        """Go on until told to stop."""
        try:
            number = 0
            while not self._stopped.is_set():
                self._insist(partial(self._index.upsert, VERSION, FRONT, points_of(number)))
                self.written.append(number)
                if number % 3 == 2:
                    ids = [point.cover_id for point in points_of(number - 1)]
                    self._insist(partial(self._index.delete_covers, VERSION, FRONT, ids))
                    self.deleted.append(number - 1)
                number += 1
                self._stopped.wait(PAUSE_SECONDS)
        except BaseException as error:  # handed to the thread that judges
            self.fault = error

    def stop(self) -> None:
        """Stop after the batch under way."""
        self._stopped.set()
        self.join()
        if self.fault:
            raise self.fault

    def wait_for_progress(self) -> None:
        """Wait until another batch was acknowledged."""
        before = len(self.written)
        wait_until(lambda: len(self.written) > before or not self.is_alive(), "a batch is acknowledged")
        assert self.is_alive(), self.fault

    def _insist(self, call: Callable[[], None]) -> None:
        while True:
            try:
                return call()
            except Unavailable:
                self.outages += 1


def points_of(batch: int) -> list[CoverPoint]:
    return make_points(BATCH, seed=batch, prefix=f"batch {batch}")


def wait_until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s: {what}"
        time.sleep(0.02)


def check(index: Index, writer: Writer) -> None:
    """All that was acknowledged is there, whole; all that was deleted is gone; and nothing else is there."""
    present = sorted(set(writer.written) - set(writer.deleted))
    expected = {point.cover_id for number in present for point in points_of(number)}
    assert stored_ids(index) == expected
    assert index.count(VERSION, FRONT) == len(expected)
    for number in random.Random(1).sample(present, min(WHOLE, len(present))):
        check_batch(index, points_of(number))


def stored_ids(index: Index) -> set[str]:
    """Ids of all covers, page by page."""
    ids: list[str] = []
    after: str | None = None
    while not ids or after:
        page, after = index.scroll(VERSION, FRONT, 1000, after)
        ids += [cover.cover_id for cover in page]
    assert ids == sorted(set(ids))
    return set(ids)


def check_batch(index: Index, points: list[CoverPoint]) -> None:
    """Vectors and features are whole, and a cover finds itself by both witnesses."""
    ids = [point.cover_id for point in points]
    stored = {cover.cover_id: cover for cover in index.get(VERSION, FRONT, ids)}
    assert index.features(VERSION, FRONT, ids) == {point.cover_id: point.features for point in points}
    for point in points:
        embedding = stored[point.cover_id].embedding
        assert embedding is not None
        np.testing.assert_allclose(embedding, point.embedding, atol=1e-5)
    found = index.nearest(VERSION, FRONT, points[0].embedding[None], points[0].local, 1)
    assert found.embedding[0].cover_id == found.local[0].cover_id == points[0].cover_id


@pytest.mark.parametrize("grpc", [True, False], ids=["grpc", "http"])
def test_killing_the_server_loses_nothing_that_was_acknowledged(quick_folder: Path, grpc: bool) -> None:
    rng = random.Random(7)
    with QdrantServer(quick_folder) as server:
        settings = Settings(qdrant_url=server.url, qdrant_grpc=grpc, qdrant_grpc_port=server.grpc_port)
        index = open_index(settings)
        index.ensure(VERSION, DIMENSION, SPARSE)
        writer = Writer(index)
        writer.start()
        for _ in range(KILLS):
            writer.wait_for_progress()
            time.sleep(rng.uniform(0, 0.1))
            server.kill()
            server.start()
        server.kill()
        wait_until(lambda: writer.outages > 0 or not writer.is_alive(), "the outage is noticed")
        server.start()
        writer.wait_for_progress()
        writer.stop()
        check(index, writer)
        index.close()


@pytest.mark.parametrize("grpc", [True, False], ids=["grpc", "http"])
def test_a_cluster_goes_on_while_a_node_is_away_and_loses_nothing(quick_folder: Path, grpc: bool) -> None:
    with QdrantCluster(quick_folder) as cluster:
        settings = Settings(
            qdrant_url=cluster.urls,
            qdrant_grpc=grpc,
            qdrant_grpc_port=cluster.grpc_port,
            qdrant_shards=3,
            qdrant_replicas=2,
        )
        index = ServerIndex.open(settings)
        index.ensure(VERSION, DIMENSION, SPARSE)
        writer = Writer(index)
        writer.start()
        first, made = points_of(0)[0], []
        for number, node in enumerate(cluster.nodes):
            writer.wait_for_progress()
            node.kill()
            for _ in range(5):
                writer.wait_for_progress()
                found = index.nearest(VERSION, FRONT, first.embedding[None], first.local, 1)
                assert found.embedding[0].cover_id == found.local[0].cover_id == first.cover_id
            made.append(Version(f"{number:012x}", "small"))  # versions come and go meanwhile, too
            index.ensure(made[-1], DIMENSION, SPARSE)
            index.upsert(made[-1], FRONT, make_points(20))
            index.publish(made[-1])
            node.start()
            wait_until(lambda: all_active(index, writer), "all replicas are whole again")
        index.publish(VERSION)
        writer.stop()
        index.close()
        for node in cluster.nodes:  # each node gives the same answers
            single = ServerIndex.open(
                Settings(qdrant_url=node.url, qdrant_grpc=grpc, qdrant_grpc_port=cluster.grpc_port)
            )
            check(single, writer)
            assert single.published() == VERSION
            assert [single.count(version, FRONT) for version in made] == [20, 20, 20]
            single.close()


def all_active(index: ServerIndex, writer: Writer) -> bool:
    """True when no replica of the collection is missing or being filled."""
    assert writer.is_alive(), writer.fault
    name = VERSION.collection(FRONT)
    state = index._connection.call(lambda client: client.collection_cluster_info(name))
    states = [local.state for local in state.local_shards] + [remote.state for remote in state.remote_shards]
    return not state.shard_transfers and set(states) == {models.ReplicaState.ACTIVE}
