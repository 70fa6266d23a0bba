"""What a Qdrant server refuses or has lost during an ingest waits in its staged files and goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ingest.conftest import Shelf
from tests.ingest.faults import assert_all_wait_untried
from tests.support.qdrant import Bridge, remove_collections
from tests.workers.running import draw

from recto import features as local
from recto.ingest.pipeline import index_staged, ingest_batch
from recto.records import Book, CoverState, Side, Where
from recto.runtime import Engine
from recto.search.pipeline import run_search
from recto.settings import Settings

TRIES = 5
"""More than the attempts after which a cover is given up."""
COVERS = 6


@contextmanager
def opened(settings: Settings, bridge: Bridge, key: str = "") -> Iterator[Shelf]:
    """A shelf on the server, with covers of which one batch is indexed and the others are staged."""
    own = replace(settings, qdrant_url=bridge.url, qdrant_api_key=key, qdrant_grpc=False, ingest_batch=2)
    engine = Engine.open(own, with_index=True)
    shelf = Shelf(engine)
    for number in range(COVERS):
        shelf.add(Book(f"book-{number}"), Side.FRONT, draw(number))
    assert index_staged(engine, ingest_batch(engine, "worker").staged_file) == 2
    while ingest_batch(engine, "worker").claimed:
        pass
    yield shelf
    engine.close()


def assert_staged_whatever_is_tried(shelf: Shelf, sentence: str) -> None:
    for _ in range(TRIES):
        for staged_file in shelf.engine.ledger.staged_files(0):
            with pytest.raises(Exception, match=sentence):
                index_staged(shelf.engine, staged_file)
        ingest_batch(shelf.engine, "worker")
        assert_all_wait_untried(shelf, COVERS - 2, CoverState.STAGED)


def assert_all_get_indexed(shelf: Shelf) -> None:
    for staged_file in shelf.engine.ledger.staged_files(0):
        assert index_staged(shelf.engine, staged_file) == 2
    assert shelf.engine.ledger.queue_counts()[CoverState.INDEXED] == COVERS


@pytest.mark.chaos
def test_a_key_that_is_refused_for_a_while_costs_no_cover(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "qdrant"
    with Bridge(api_key="right", folder=folder) as bridge, opened(settings, bridge, "right") as shelf:
        bridge.kill()
        with Bridge(api_key="another", folder=folder, port=bridge.port):
            assert_staged_whatever_is_tried(shelf, "RECTO_QDRANT_API_KEY")
        with Bridge(api_key="right", folder=folder, port=bridge.port):
            assert_all_get_indexed(shelf)


def test_collections_that_the_server_has_lost_cost_no_cover(settings: Settings) -> None:
    with Bridge() as bridge, opened(settings, bridge) as shelf:
        remove_collections(bridge.url)
        assert_staged_whatever_is_tried(shelf, "has no collection")
        assert shelf.engine.index.versions() == []
        shelf.engine.index.ensure(
            shelf.engine.version, shelf.engine.live().encoder.card.dimension, local.LOCAL
        )
        assert_all_get_indexed(shelf)


def test_a_search_that_meets_lost_collections_is_told_to_come_again(settings: Settings) -> None:
    with Bridge() as bridge, opened(settings, bridge) as shelf:
        remove_collections(bridge.url)
        search_id = shelf.engine.ledger.create_search(
            [(None, shelf.engine.blobs.put_incoming(draw(0)))], Where(), 5
        )
        run_search(shelf.engine, search_id)
        row = shelf.engine.ledger.search(search_id)
        assert row is not None
        assert (row.state, "has no collection" in row.error) == ("expired", True)
