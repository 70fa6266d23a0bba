"""Fixtures of the scaling tests: settings as every container of a deployment has them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.postgres import database, programs_of_postgres
from tests.support.qdrant import qdrant_settings, qdrant_url, shared_qdrant
from tests.workers.conftest import data_dir, producer, redis

from recto.ledger import Ledger
from recto.settings import Settings
from recto_workers.redis_server import RedisServer

__all__ = ["data_dir", "producer", "qdrant_settings", "qdrant_url", "redis", "shared_qdrant"]


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the ledger is; tests that take it run on both databases."""
    if request.param == "sqlite":
        yield ""
    else:
        with database(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
def settings(data_dir: Path, qdrant_settings: dict[str, Any]) -> Settings:
    """A data folder of its own and the Qdrant server; one thread each, as two cores are shared by four workers."""
    return dataclasses.replace(
        Settings(data_dir=data_dir, ingest_batch=8, torch_threads=1, search_seconds=120.0), **qdrant_settings
    )


@pytest.fixture
def deployed(settings: Settings, redis: RedisServer, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """The same with the Redis that all processes share, and PostgreSQL where it is installed."""
    shared = dataclasses.replace(settings, redis_url=redis.url)
    if programs_of_postgres() is None:
        yield shared
    else:
        with database(request.getfixturevalue("postgres_server")) as url:
            yield dataclasses.replace(shared, ledger_url=url)


@pytest.fixture
def ledger(deployed: Settings) -> Iterator[Ledger]:
    """The ledger that all processes share."""
    opened = Ledger.open(deployed)
    yield opened
    opened.close()
