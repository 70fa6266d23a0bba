"""A part that cannot start: the others run, the pages say what is missing, and it starts once it can."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from tests.workers.running import Up, acknowledge, draw, flush_redis, wait_until
from tests.workers.test_poison import answer_a_search

from recto.ledger import Ledger
from recto.records import CoverState, Side
from recto.settings import Settings
from recto_workers.app import connect
from recto_workers.instance import Instance, redis_url_of, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return Settings(data_dir=data_dir, port=18100, search_seconds=20.0)


def test_pages_are_served_and_say_why_while_workers_cannot_start(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, port=18100, encoder="no_such_network")
    with Up(settings, web=True) as up:
        instance = running(settings)
        assert instance is not None
        status, text = _get(instance, "/readyz")
        assert status == 503
        assert "index worker" in json.loads(text)["missing"]
        status, text = _get(instance, "/health")
        assert (status, json.loads(text)["status"]) == (200, "degraded")
        wait_until(lambda: "index" in _troubles(settings), "the index process is told")
        status, text = _get(instance, "/")
        assert status == 200
        assert "Searching is not available" in text
        assert "no_such_network" in text
        assert up.process.poll() is None
        said = up.output.read_text()
        assert "'index' cannot start" in said
        assert "no_such_network" in said.split("'index' cannot start")[1]  # the end of its log
        assert "The pages are at http" in said
        told = _recto(settings, "status")
        assert "'index' cannot start" in told.stdout
        searched = _recto(settings, "search", str(Path(__file__)))
        assert searched.returncode != 0
        assert "no_such_network" in searched.stderr


@pytest.mark.chaos
def test_an_index_that_another_process_holds_is_opened_once_it_is_free(settings: Settings) -> None:
    with Up(settings):
        pass  # makes the index
    environment = {**os.environ, **settings.environment()}
    program = [sys.executable, "-c", _HOLD]
    with subprocess.Popen(program, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline()
        with Up(settings, web=True) as up:
            instance = running(settings)
            assert instance is not None
            wait_until(lambda: "index" in _troubles(settings), "the index process is told")
            pages = up.pid("web")
            assert _get(instance, "/")[0] == 200
            holder.kill()
            wait_until(lambda: not _troubles(settings), "the index is opened")
            assert up.pid("web") == pages
            assert "Recto is ready" in up.output.read_text()
            ledger = Ledger.open(settings)
            answer_a_search(up, ledger)
            ledger.close()


_HOLD = """
import sys
from recto.index import open_index
from recto.records import CoverState, Side
from recto.settings import Settings
index = open_index(Settings.from_environment())
print("held", flush=True)
sys.stdin.read()
"""


def test_pages_are_served_while_redis_cannot_start(settings: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho no redis today; exit 1\n")
    broken.chmod(0o755)
    waiting = settings.data_dir / "run" / "redis" / "appendonly.aof"
    waiting.parent.mkdir(parents=True)
    waiting.write_text("precious")
    path = f"{tmp_path}:{os.environ['PATH']}"
    with Up(settings, web=True, PATH=path):
        instance = running(settings)
        assert instance is not None
        assert "redis" in instance.troubles
        assert _get(instance, "/readyz")[0] == 503
        assert _get(instance, "/books")[0] == 200
        assert waiting.read_text() == "precious"  # it was not in the way
        shutil.rmtree(waiting.parent)
        broken.unlink()
        wait_until(lambda: not _troubles(settings), "Redis is started")


def test_files_that_redis_cannot_read_are_kept_and_told(settings: Settings) -> None:
    with Up(settings) as up, connect(redis_url_of(settings)) as client:
        client.set("kept", "yes")
    folder = settings.data_dir / "run" / "redis"
    for file in [path for path in folder.rglob("appendonly*") if path.is_file()]:
        file.write_bytes(b"not a command\r\n" * 50)
    with Up(settings) as up:
        [kept] = folder.parent.glob("redis.broken-*")
        assert str(kept) in up.output.read_text()
        assert any(path.is_file() for path in kept.rglob("*"))


@pytest.mark.parametrize("command", ["ingest", "search"])
def test_a_command_with_parts_of_its_own_ends_when_they_cannot_start(data_dir: Path, command: str) -> None:
    settings = Settings(data_dir=data_dir, encoder="no_such_network")
    (data_dir / "a.csv").write_text("book_id,front\n1,a.jpg\n")
    done = _recto(settings, command, str(data_dir / "a.csv"))
    assert done.returncode not in (0, None)
    assert "no_such_network" in done.stderr


def test_a_deletion_that_kills_its_process_again_and_again_leaves_searches_alone(settings: Settings) -> None:
    ledger = Ledger.open(settings)
    ledger.set_value("deaths of recto.delete", json.dumps([3, time.time()]))  # it just died of it three times
    with Up(settings) as up:
        pid = up.pid("index")
        with connect(redis_url_of(settings)) as client:
            from recto_workers.messages import Producer

            producer = Producer(redis_url_of(settings), settings)
            producer.send_delete()
            wait_until(lambda: not client.llen("recto:maintenance"), "the message is taken")
            producer.close()
        answer_a_search(up, ledger)
        assert up.pid("index") == pid
        assert "it is tried again later" in up.said()
        flush_redis(settings)
    ledger.close()


def test_what_an_index_process_died_of_counts_as_tried(settings: Settings) -> None:
    ledger = Ledger.open(settings)
    acknowledge(settings, ledger, {("a", Side.FRONT): draw(1)})
    with Up(settings):
        wait_until(lambda: ledger.queue_counts()[CoverState.INDEXED], "the cover is indexed")
    [cover] = ledger.covers_of("a")
    ledger.requeue([cover.cover_id])
    [claimed] = ledger.claim("ingest", 1, 60.0)
    ledger.stage([claimed.cover_id], "f.npz")
    ledger.take_staged("f.npz", f"index@{socket.gethostname()}", 60.0)  # and here it dies
    with Up(settings):
        wait_until(lambda: ledger.queue_counts()[CoverState.INDEXED], "the cover is indexed")
    assert [cover.attempts for cover in ledger.covers_of("a")] == [2]
    ledger.close()


def _troubles(settings: Settings) -> dict[str, str]:
    instance = running(settings)
    return dict(instance.troubles) if instance else {}


def _get(instance: Instance, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(instance.web_url + path, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _recto(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recto_web.cli", *arguments],
        env={**os.environ, **settings.environment()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
