"""The sweep's pruning, on a real ledger, store and Redis."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from recto.ledger import Ledger
from recto.records import Book, Side
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto_workers.app import connect
from recto_workers.messages import Producer
from recto_workers.redis_server import RedisServer
from recto_workers.sweep import PRUNE_SECONDS, Sweep


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def test_originals_of_deleted_books_go_after_a_grace_time_unless_they_are_named_again(
    settings: Settings,
) -> None:
    run = settings.data_dir / "run"
    run.mkdir()
    redis = RedisServer(run, run / "redis.log")
    redis.start()
    ledger, blobs = Ledger.open(settings), open_blobs(settings)
    producer, client = Producer(redis.url, settings), connect(redis.url)
    old, named, young = (blobs.put(name.encode()) for name in ("old", "named", "young"))
    ledger.put_book(Book("a"))
    ledger.add_cover("a", Side.FRONT, named)
    for sha256 in (old, named, young):
        blobs.discard(sha256)
    before = time.time() - PRUNE_SECONDS - 60
    for sha256 in (old, named):
        os.utime(settings.data_dir / "discarded" / sha256, (before, before))
    try:
        Sweep(settings, ledger, blobs, producer, client).prune()
    finally:
        producer.close()
        client.close()
        ledger.close()
        redis.stop()
    assert [blobs.exists(sha256) for sha256 in (old, named, young)] == [False, True, True]
    assert blobs.discarded(-60) == [young]
