"""The jobs process: takes documents from the queue, lists bulk jobs, carries out what people want of them.

Light: it loads no network and no engine. It may be killed at any moment: what it did stands in the ledger.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable

from redis import Redis

from recto.errors import RectoError
from recto.intake.bulk.lister import Lister
from recto.ledger import Ledger
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto_workers.app import WORKER_SOCKET_SECONDS, connect
from recto_workers.controls import Controls
from recto_workers.heartbeat import Beating, Heartbeat
from recto_workers.inbox import QUEUE, Inbox
from recto_workers.messages import Producer

ROLE = "jobs"
IDLE_SECONDS = 0.5
"""Pause between two looks into the ledger when there was nothing to do; a look costs two small queries."""

_log = logging.getLogger(__name__)


def serve(settings: Settings, redis_url: str, name: str) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    ledger = Ledger.open(settings)
    ledger.release_listings(name)  # what the former process of this name held when it died
    lister = Lister(settings, ledger, open_blobs(settings), name)
    producer = Producer(redis_url, settings)
    more, stopped = threading.Event(), threading.Event()
    plain = Redis.from_url(redis_url, socket_timeout=WORKER_SOCKET_SECONDS)
    inbox = Inbox(plain, ledger, more.set)
    client = connect(redis_url)
    beating = Beating(client, Heartbeat.of_this_process(ROLE, name, "", (QUEUE,)))

    def on_stop(*_: object) -> None:
        stopped.set()
        lister.stop()
        more.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_stop)
    beating.start()
    inbox.start()
    try:
        _work(lister, Controls(ledger), producer, stopped, more)
    finally:
        inbox.stop()
        beating.stop()
        lister.close()
        producer.close()
        client.close()
        plain.close()
        ledger.close()
    return os.EX_OK


def _work(
    lister: Lister, controls: Controls, producer: Producer, stopped: threading.Event, more: threading.Event
) -> None:
    def wake_ingest() -> None:
        _try(producer.wake_ingest)

    while not stopped.is_set():
        more.clear()
        changed = _try(controls.turn)
        listed = _try(lambda: lister.turn(wake_ingest))
        if changed:
            wake_ingest()
        if not (changed or listed):
            more.wait(IDLE_SECONDS)


def _try(step: Callable[[], bool | None]) -> bool:
    """Do a step; what fails is tried again in the next round."""
    try:
        return bool(step())
    except (RectoError, OSError) as error:
        _log.warning("It is tried again: %s", error)
        return False
