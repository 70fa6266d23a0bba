"""A worker that runs alone, as in a container, shows its metrics on a port of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workers.running import wait_until

from recto.settings import Settings
from recto_workers.redis_server import RedisServer


@pytest.fixture
def settings() -> Iterator[Settings]:
    """Settings that name a running Redis, and a free port for metrics."""
    with tempfile.TemporaryDirectory(prefix="recto-test-") as name, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        folder = Path(name)
        server = RedisServer(folder, folder / "redis.log")
        server.start()
        yield Settings(data_dir=folder / "data", redis_url=server.url, metrics_port=port)
        server.stop()


def start(settings: Settings) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "recto_workers.run", "jobs", "--name", "jobs-1"]
    environment = {**os.environ, **settings.environment()}
    return subprocess.Popen(program, env=environment, stderr=subprocess.PIPE, text=True)


def shown(settings: Settings) -> str:
    """What Prometheus would read; empty while the worker does not answer."""
    try:
        url = f"http://127.0.0.1:{settings.metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return ""


def test_a_worker_alone_shows_its_own_metrics(settings: Settings) -> None:
    worker = start(settings)
    try:
        wait_until(lambda: shown(settings) or worker.poll() is not None, "the worker shows metrics")
        text = shown(settings)
        assert "recto_covers_indexed_total 0.0" in text
        assert "process_resident_memory_bytes" in text
    finally:
        worker.terminate()
        worker.communicate(timeout=60)


def test_a_port_that_is_taken_is_said(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.metrics_port)):
        worker = start(settings)
        _, said = worker.communicate(timeout=120)
    assert worker.returncode == os.EX_TEMPFAIL
    assert f"port {settings.metrics_port}" in said
    assert "RECTO_METRICS_PORT" in said
