"""Fixtures of the worker tests: data folders on short paths, real Redis servers, real instances."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from recto.settings import Settings
from recto_workers.instance import run_dir
from recto_workers.messages import Producer
from recto_workers.redis_server import RedisServer


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder of its own, on a path short enough for a Unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="recto-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    """Settings of that folder; small batches, so that kills land between and within them."""
    return Settings(data_dir=data_dir, ingest_batch=16, search_seconds=5.0)


@pytest.fixture
def redis(settings: Settings) -> Iterator[RedisServer]:
    """A running Redis of that folder."""
    folder = run_dir(settings)
    server = RedisServer(folder, folder / "logs" / "redis.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def producer(redis: RedisServer, settings: Settings) -> Iterator[Producer]:
    """A producer on that Redis."""
    producer = Producer(redis.url, settings)
    yield producer
    producer.close()
