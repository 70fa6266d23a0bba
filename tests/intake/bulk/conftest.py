"""Fixtures of the bulk jobs: a data folder, a real Redis, a ledger, a shelf of small pictures with its manifest."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from tests.intake.bulk.shelf import Shelf

from recto.ledger import Ledger
from recto.settings import Settings
from recto_workers.instance import run_dir
from recto_workers.redis_server import RedisServer


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder of its own, on a path short enough for a Unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="recto-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty shelf in a folder of its own."""
    return Shelf(tmp_path / "shelf")


@pytest.fixture
def settings(data_dir: Path, shelf: Shelf) -> Settings:
    """Settings under which jobs may read the shelf."""
    return Settings(data_dir=data_dir, source_roots=(str(shelf.folder),), ingest_batch=16)


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    """The ledger of that folder."""
    ledger = Ledger.open(settings)
    yield ledger
    ledger.close()


@pytest.fixture
def redis(settings: Settings) -> Iterator[RedisServer]:
    """A running Redis of that folder."""
    folder = run_dir(settings)
    server = RedisServer(folder, folder / "logs" / "redis.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def queue(redis: RedisServer) -> Iterator[Redis]:
    """A plain client, as anybody has one who drops jobs."""
    client = Redis.from_url(redis.url)
    yield client
    client.close()
