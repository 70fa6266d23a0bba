"""Starting, stopping and being killed: nothing is left behind that blocks the next start."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.workers.running import Up, acknowledge, descendants, draw, wait_until

from recto.errors import Unavailable
from recto.ledger import Ledger
from recto.records import CoverState, Side, Where
from recto.settings import Settings
from recto_workers.instance import running, temporary
from recto_workers.messages import Producer
from recto_workers.parts import listen, web_url
from recto_workers.redis_server import RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.mark.chaos
def test_a_supervisor_killed_in_the_middle_of_work_leaves_nothing_that_blocks_the_next_start(
    settings: Settings,
) -> None:
    ledger = Ledger.open(settings)
    with Up(settings) as up:
        acknowledge(settings, ledger, {(f"book-{n}", Side.FRONT): draw(n) for n in range(48)})
        wait_until(lambda: ledger.queue_counts()[CoverState.WORKING], "work has begun", pause=0.01)
        parts = descendants(up.process.pid)
        up.process.kill()
        up.process.wait()
        assert ledger.queue_counts()[CoverState.INDEXED] < 48
        assert _left_of(parts) == []
        assert running(settings) is None
    with temporary(settings) as instance:
        producer = Producer(instance.redis_url, settings)
        assert {beat.role for beat in producer.alive()} == {"index", "ingest", "jobs"}
        producer.close()
        wait_until(lambda: ledger.queue_counts()[CoverState.INDEXED] == 48, "all is indexed")
        parts = descendants(instance.pid)
    ledger.close()
    assert _left_of(parts) == []  # the temporary instance is gone at the end
    assert running(settings) is None
    assert not (settings.data_dir / "run" / "supervisor.json").exists()


def test_a_clean_stop_gives_back_what_would_take_too_long_and_counts_no_attempt(settings: Settings) -> None:
    settings = dataclasses.replace(settings, ingest_batch=64)
    slow = draw(0, width=4000, height=6000)
    ledger = Ledger.open(settings)
    with Up(settings) as up:
        acknowledge(settings, ledger, {(f"book-{n}", Side.FRONT): slow for n in range(64)})
        wait_until(lambda: _decoders(up), "decoding has begun", pause=0.01)
        for decoder in _decoders(up):
            decoder.suspend()  # now the batch takes far longer than a stop may
        assert ledger.queue_counts()[CoverState.WORKING] == 64
        start = time.monotonic()
        up.process.send_signal(signal.SIGINT)  # as Ctrl-C does
        assert up.process.wait(20) == 0
        assert time.monotonic() - start < 12
        assert "was killed" not in up.output.read_text()
    covers = [cover for n in range(64) for cover in ledger.covers_of(f"book-{n}")]
    assert {(cover.state, cover.attempts) for cover in covers} == {(CoverState.QUEUED, 0)}
    ledger.close()


def _decoders(up: Up) -> list[psutil.Process]:
    """The decoding children of the ingest process."""
    ingest = up.pid("ingest-1")
    return (
        [child for child in descendants(ingest) if "recto.images.child" in child.cmdline()] if ingest else []
    )


def test_a_part_that_cannot_start_is_named_with_the_reason(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, encoder="no_such_network")
    with pytest.raises(Unavailable, match="no_such_network"), temporary(settings):
        pass


def test_a_search_that_expired_before_its_worker_came_is_not_run(
    settings: Settings, redis: RedisServer, producer: Producer
) -> None:
    short = Producer(redis.url, Settings(data_dir=settings.data_dir, search_seconds=0.5))
    ledger = Ledger.open(settings)  # here searches wait longer, so that an answer would be seen
    late = ledger.create_search([(None, "0" * 32)], Where(), limit=5)
    short.send_search(late)
    short.close()
    time.sleep(0.6)
    fresh = ledger.create_search([(None, "0" * 32)], Where(), limit=5)
    environment = {**os.environ, **settings.environment(), "RECTO_REDIS_URL": redis.url}
    environment["RECTO_SEARCH_SECONDS"] = "60"
    worker = subprocess.Popen([sys.executable, "-m", "recto_workers.run", "index"], env=environment)
    try:
        wait_until(producer.alive, "the worker is ready")
        elsewhere = running(dataclasses.replace(settings, redis_url=redis.url))
        assert elsewhere is not None  # commands find it by its heartbeat, without any `recto up`
        assert (elsewhere.pid, elsewhere.redis_url) == (0, redis.url)
        Producer(redis.url, Settings(data_dir=settings.data_dir)).send_search(fresh)
        wait_until(lambda: _error(ledger, fresh), "the later search is answered")
        assert _error(ledger, late) == ""
        assert producer.depths()["search"] == 0
    finally:
        worker.send_signal(signal.SIGINT)
        assert worker.wait(20) == 0
        ledger.close()


def test_a_port_that_is_taken_gives_the_next_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with listen("127.0.0.1", port) as listening:
            assert port < listening.getsockname()[1] < port + 50
            assert web_url(listening) == f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_an_address_of_another_machine_is_refused_with_a_sentence() -> None:
    with pytest.raises(Unavailable, match=r"Cannot listen on 192\.0\.2\.1"):
        listen("192.0.2.1", 8000)


def _left_of(parts: list[psutil.Process]) -> list[psutil.Process]:
    """The processes that still run five seconds later."""
    _, left = psutil.wait_procs(parts, timeout=5)
    return list(left)


def _error(ledger: Ledger, search_id: str) -> str:
    row = ledger.search(search_id)
    assert row is not None
    return row.error
