"""Fixtures of the web tests: an application on a real ledger and blob store, with a real Redis where it sends."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from recto.ledger import Ledger
from recto.settings import Settings
from recto.storage.blobs import Blobs
from recto_web.app import create_app
from recto_web.parts import EXTENSION, Parts
from recto_workers.app import connect
from recto_workers.heartbeat import Beating, Heartbeat
from recto_workers.redis_server import RedisServer


class BufferedClient(FlaskClient):
    """A client that reads every answer to its end, so that the server closes the files it sends."""

    def open(self, *args: Any, **keywords: Any) -> TestResponse:
        """Send a request."""
        return super().open(*args, **{"buffered": True, **keywords})


@pytest.fixture
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings of an empty data folder; images of at most 100 kB. Redis runs only for tests that use it."""
    has_redis = "redis" in request.fixturenames
    redis_url = request.getfixturevalue("redis_url") if has_redis else f"unix://{tmp_path}/no-redis.sock"
    return Settings(data_dir=tmp_path / "data", redis_url=redis_url, max_image_bytes=100_000)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A running Redis, on a path short enough for a Unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="recto-web-"))
    server = RedisServer(folder, folder / "redis.log")
    server.start()
    yield server.url
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """An empty Redis."""
    with connect(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def worker(redis: Redis, redis_url: str) -> Iterator[None]:
    """The heartbeat of an index worker, so that searches are accepted; nobody answers them."""
    beating = Beating(
        connect(redis_url), Heartbeat.of_this_process("index", "index-1", "recto_small", ("search",))
    )
    beating.start()
    while not redis.keys("*worker*"):
        time.sleep(0.01)
    yield
    beating.stop()


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application."""
    app = create_app(settings)
    app.test_client_class = BufferedClient
    yield app
    parts = _parts(app)
    parts.ledger.close()
    parts.producer.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A program that asks the application: it sends neither cookies nor an origin."""
    return app.test_client(use_cookies=False)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A client that keeps cookies, as browsers do."""
    return app.test_client()


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    """The ledger of the application."""
    return _parts(app).ledger


@pytest.fixture
def blobs(app: Flask) -> Blobs:
    """The blob store of the application."""
    return _parts(app).blobs


def _parts(app: Flask) -> Parts:
    parts = app.extensions[EXTENSION]
    assert isinstance(parts, Parts)
    return parts
