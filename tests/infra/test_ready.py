"""The health check of the containers, against real parts."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.pages.live import live

from recto.python import module_command
from recto.settings import Settings
from recto_workers.app import connect
from recto_workers.heartbeat import Beating, Heartbeat
from recto_workers.redis_server import RedisServer


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with an outside Redis, as in a container."""
    folder = tmp_path_factory.mktemp("ready")
    redis = RedisServer(folder, folder / "redis.log")
    redis.start()
    yield Settings(data_dir=folder, redis_url=redis.url)
    redis.stop()


def test_a_worker_is_ready_while_its_heart_beats_on_this_host(settings: Settings) -> None:
    assert _check("index", settings) == 1
    with connect(settings.redis_url) as client:
        beating = Beating(client, Heartbeat.of_this_process("index", "one", "recto_small", ("search",)))
        beating.start()
        try:
            while not client.keys("*worker*"):
                pass
            assert _check("index", settings) == 0
            assert _check("ingest", settings) == 1
        finally:
            beating.stop()
    assert _check("index", settings) == 1


def test_a_worker_on_another_host_does_not_make_this_one_ready(settings: Settings) -> None:
    with connect(settings.redis_url) as client:
        beat = Heartbeat.of_this_process("index", "one", "recto_small", ("search",))
        beating = Beating(client, dataclasses.replace(beat, host="elsewhere"))
        beating.start()
        try:
            while not client.keys("*worker*"):
                pass
            assert _check("index", settings) == 1
        finally:
            beating.stop()


def test_without_redis_a_worker_is_not_ready(tmp_path: Path) -> None:
    assert _check("index", Settings(data_dir=tmp_path, redis_url=f"unix://{tmp_path}/none.sock")) == 1


def test_the_web_server_is_ready_when_it_answers(settings: Settings) -> None:
    with live(settings) as server:
        port = int(server.url.rpartition(":")[2])
        assert _check("web", dataclasses.replace(settings, port=port)) == 0
        assert _check("web", dataclasses.replace(settings, port=port, host="0.0.0.0")) == 0
    assert _check("web", dataclasses.replace(settings, port=port)) == 1


def test_it_loads_little() -> None:
    heavy = ("celery", "sqlalchemy", "flask")
    code = f"import sys, recto_workers.ready; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _check(role: str, settings: Settings) -> int:
    command = module_command("recto_workers.ready", role)
    environment = {**os.environ, **settings.environment()}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode
