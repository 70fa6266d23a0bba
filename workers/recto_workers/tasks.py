"""The tasks, each as thin as a view: check the arguments, call one function of `recto`, pass on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from celery import Celery

from recto import evidence, ingest, maintenance, search
from recto.engine import Engine
from recto.errors import Unavailable
from recto_workers import messages
from recto_workers.comparing import Searching
from recto_workers.messages import Producer, Task

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Worker:
    """What the tasks of a process work with."""

    engine: Engine
    producer: Producer
    name: str
    searching: Searching = field(default_factory=Searching)


def register_ingest(app: Celery, worker: Worker) -> None:
    """Give an ingest process its task."""

    def ingest_batch() -> None:
        report = ingest.ingest_batch(worker.engine, worker.name)
        # Both messages only save time: what they say stands in the ledger, and the sweep sends them again.
        if report.staged_file:
            _send(lambda: worker.producer.send_index(report.staged_file))
        if report.claimed:
            _send(worker.producer.wake_ingest)

    _register(app, messages.INGEST, ingest_batch, acks_late=True)


def register_index(app: Celery, worker: Worker) -> None:
    """Give the index process its tasks. Writes take turns; a search runs beside them."""
    writing = threading.Lock()

    def run_search(search_id: str) -> None:
        with worker.searching:
            search.run_search(worker.engine, search_id)

    def make_evidence(search_id: str, photo: str, cover_id: str) -> None:
        evidence.run_evidence(worker.engine, search_id, int(photo), cover_id)

    def index_staged(staged_file: str) -> None:
        with writing:
            ingest.index_staged(worker.engine, staged_file, worker.name)

    def delete_books() -> None:
        with writing:
            maintenance.delete_books(worker.engine)

    def rebuild(encoder: str) -> None:
        with writing:
            maintenance.rebuild(worker.engine, encoder or None)
        _send(worker.producer.wake_ingest)

    # A search that died with its worker is not run again: its caller has been told or is gone.
    _register(app, messages.SEARCH, run_search, acks_late=False)
    _register(app, messages.EVIDENCE, make_evidence, acks_late=False)
    _register(app, messages.INDEX, index_staged, acks_late=True)
    _register(app, messages.DELETE, delete_books, acks_late=True)
    _register(app, messages.REBUILD, rebuild, acks_late=True)


def _register(app: Celery, task: Task, function: Callable[..., None], *, acks_late: bool) -> None:
    def run(**arguments: Any) -> None:
        task.check(arguments)
        function(**arguments)

    app.task(run, name=task.name, acks_late=acks_late, ignore_result=True, typing=False)


def _send(send: Callable[[], None]) -> None:
    try:
        send()
    except Unavailable as error:
        _log.warning("%s", error)
