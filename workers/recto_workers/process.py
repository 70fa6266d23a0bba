"""A worker process from start to end: load the models once, register the tasks, serve, give back."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery, signals
from celery.exceptions import SecurityWarning
from redis import Redis

from recto.runtime import Engine
from recto.settings import Settings
from recto.upkeep import maintenance
from recto.versions import Version
from recto_workers import messages, tasks, tracing
from recto_workers.app import WORKER_SOCKET_SECONDS, connect, make_app
from recto_workers.comparing import Comparing
from recto_workers.heartbeat import Beating, Heartbeat, alive
from recto_workers.messages import Producer
from recto_workers.sweep import Sweep
from recto_workers.upkeep import LEASE, Upkeep, leased

STOP_SECONDS = 5.0
"""A stopping process finishes the task in hand; after this time it gives its covers back and ends."""

INDEX_THREADS = 2
"""One search beside one write. More gain nothing: the engine holds the interpreter inside each call."""

_log = logging.getLogger(__name__)


def serve(settings: Settings, redis_url: str, role: str, name: str) -> int:
    """Serve the queues of the role until told to stop; returns the exit code."""
    tracing.watch_tasks()
    engine = Engine.open(settings, with_index=role == "index")
    producer = Producer(redis_url, settings)
    app = make_app(redis_url, socket_seconds=WORKER_SOCKET_SECONDS)
    worker = tasks.Worker(engine, producer, name)
    # What the former process of this name held when it died is tried again, its attempt counted.
    if role == "ingest":
        engine.ledger.release(name)
        tasks.register_ingest(app, worker)
    else:
        engine.ledger.requeue_staged(name)
        with leased(engine, LEASE, name) as mine:
            # Of several index processes on a server one does it; the embedded index has no other.
            if mine or not settings.qdrant_url:
                maintenance.reconcile(engine)
        engine.warm_up()
        tasks.register_index(app, worker)
    try:
        with _companions(settings, redis_url, role, worker):
            code = _consume(app, role, name)
            return os.EX_TEMPFAIL if engine.lanes.is_broken else code
    finally:
        producer.close()
        engine.close()


def _consume(app: Celery, role: str, name: str) -> int:
    """Take messages until a signal; the task in hand is finished first."""
    # Celery warns of root because of pickled messages; these are JSON only, and containers run as root.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    celery_worker = app.Worker(
        # Neither CUDA nor an open index survives fork, so there is no prefork pool.
        pool="solo" if role == "ingest" else "threads",
        concurrency=1 if role == "ingest" else INDEX_THREADS,
        queues=list(messages.INGEST_QUEUES if role == "ingest" else messages.INDEX_QUEUES),
        hostname=name,
        loglevel="INFO",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    celery_worker.start()
    return int(celery_worker.exitcode or 0)


@contextmanager
def _companions(settings: Settings, redis_url: str, role: str, worker: tasks.Worker) -> Iterator[None]:
    """The threads beside the tasks: heartbeat, upkeep of the versions, sweep and comparison (index process only)."""
    client = connect(redis_url)
    queues = messages.INGEST_QUEUES if role == "ingest" else messages.INDEX_QUEUES
    beating = Beating(
        client,
        Heartbeat.of_this_process(role, worker.name, worker.engine.version.encoder, queues),
        lambda: worker.waiting.reason,
    )
    upkeep = Upkeep(
        worker.engine,
        worker.name,
        steps=role == "index",
        served=lambda version: _is_served(client, version),
        loaded=lambda versions: beating.serves(
            worker.engine.version.encoder, [version.recipe_id for version in versions]
        ),
    )
    sweep = Sweep(settings, worker.engine.ledger, worker.engine.blobs, worker.producer, client)
    comparing = Comparing(worker.engine, worker.name, worker.searching)

    def on_ready(**_: Any) -> None:
        # Celery takes SIGINT for a cold shutdown; for a person at a terminal both mean: finish and end.
        signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))
        beating.start()
        upkeep.start()
        if role == "index":
            sweep.start()
            comparing.start()

    def on_stopping(**_: Any) -> None:
        threading.Thread(target=_give_back_late, args=(worker,), daemon=True).start()

    signals.worker_ready.connect(on_ready, weak=False)
    signals.worker_shutting_down.connect(on_stopping, weak=False)
    try:
        yield
    finally:
        for thread in (upkeep, comparing, sweep, beating):
            if thread.is_alive():
                thread.stop()
        client.close()


def _is_served(client: Redis, version: Version) -> bool:
    """True when every index process that is ready has loaded a version."""
    return all(version.recipe_id in beat.recipes for beat in alive(client) if beat.role == "index")


def _give_back_late(worker: tasks.Worker) -> None:
    """End a process that does not finish its task in time; what it held is free at once."""
    time.sleep(STOP_SECONDS)
    _log.warning("The task in hand takes too long to wait for; its covers are given back")
    worker.engine.ledger.release(worker.name, untried=True)
    worker.engine.ledger.free_staged(worker.name)
    tasks.forget_deaths(worker.engine.ledger)
    os._exit(os.EX_OK)
