"""Fixtures of the API tests: those of the web tests, keys, and a client that shows one."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.web.pages.conftest import app, blobs, ledger, redis, redis_url, worker
from tests.web.pages.conftest import settings as web_settings
from tests.workers.running import Up
from werkzeug.test import TestResponse

from recto.ledger import Ledger
from recto.ledger.key_tokens import Scope
from recto.settings import Settings
from recto_workers.instance import running

__all__ = ["app", "blobs", "ledger", "redis", "redis_url", "web_settings", "worker"]

ADMIN_KEY = f"recto_boss_{'ab' * 32}"
Asks = Callable[..., TestResponse]


@dataclass(frozen=True)
class Instance:
    """A whole running instance that asks for keys, and a folder that its bulk jobs may read."""

    url: str
    sources: Path


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A running instance; its catalogue is shared by the tests that ask for it."""
    data, sources = tmp_path_factory.mktemp("instance"), tmp_path_factory.mktemp("sources")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(
        data_dir=data,
        port=port,
        torch_threads=1,
        source_roots=(str(sources),),
        require_keys=True,
        admin_key=ADMIN_KEY,
    )
    with Up(settings, web=True):
        started = running(settings)
        assert started is not None
        yield Instance(started.web_url, sources)


@pytest.fixture
def settings(web_settings: Settings, tmp_path: Path) -> Settings:
    """Settings under which every request needs a key; bulk jobs may read one folder."""
    sources = tmp_path / "sources"
    sources.mkdir()
    return dataclasses.replace(
        web_settings, require_keys=True, admin_key=ADMIN_KEY, source_roots=(str(sources),)
    )


@pytest.fixture
def anonymous(app: Flask) -> FlaskClient:
    """A program without a key."""
    return app.test_client(use_cookies=False)


@pytest.fixture
def ask(anonymous: FlaskClient) -> Asks:
    """Sends a request with the key of the administrator: `ask("GET", "/books")`."""
    return _asking(anonymous, ADMIN_KEY)


@pytest.fixture
def ask_as(anonymous: FlaskClient, ledger: Ledger) -> Callable[[Scope], Asks]:
    """Gives what sends requests with a key of one scope."""
    return lambda scope: _asking(anonymous, ledger.create_key(scope.value, [scope])[1])


def _asking(client: FlaskClient, key: str) -> Asks:
    def ask(method: str, path: str, headers: dict[str, str] | None = None, **body: Any) -> TestResponse:
        shown = {"Authorization": f"Bearer {key}", **(headers or {})}
        return client.open(f"/api/v1{path}", method=method, headers=shown, **body)

    return ask
