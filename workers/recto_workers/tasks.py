"""The tasks, each as thin as a view: check the arguments, call one function of `recto`, pass on."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from celery import Celery

from recto.comparison import photo_cover as evidence
from recto.errors import Unavailable
from recto.ingest import pipeline as ingest
from recto.ledger import Ledger
from recto.runtime import Engine
from recto.search import pipeline as search
from recto.upkeep import maintenance
from recto_workers import messages
from recto_workers.comparing import Searching
from recto_workers.messages import Producer, Task
from recto_workers.waiting import Waiting

MOST_DEATHS = 3
REST_SECONDS = 3600.0
"""A deletion or rebuild that its process died of so often rests so long: searches are answered meanwhile."""

_DEATHS = "deaths of "
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Worker:
    """What the tasks of a process work with."""

    engine: Engine
    producer: Producer
    name: str
    searching: Searching = field(default_factory=Searching)
    waiting: Waiting = field(default_factory=Waiting)


def register_ingest(app: Celery, worker: Worker) -> None:
    """Give an ingest process its task."""

    def ingest_batch() -> None:
        report = worker.waiting.attempt(lambda: ingest.ingest_batch(worker.engine, worker.name))
        if report is None:
            return  # the sweep wakes this process again
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
            worker.waiting.attempt(lambda: ingest.index_staged(worker.engine, staged_file, worker.name))

    def delete_books() -> None:
        with writing, _counted(worker.engine.ledger, messages.DELETE) as may_try:
            if may_try:
                worker.waiting.attempt(lambda: maintenance.delete_books(worker.engine))

    def rebuild(encoder: str) -> None:
        with writing, _counted(worker.engine.ledger, messages.REBUILD) as may_try:
            if may_try:
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


@contextmanager
def _counted(ledger: Ledger, task: Task) -> Iterator[bool]:
    """Count a step that is asked for again until it is done. False: the process died of it too often of late."""
    deaths, latest = json.loads(ledger.get_value(_DEATHS + task.name) or "[0, 0]")
    if deaths >= MOST_DEATHS and time.time() - latest < REST_SECONDS:
        _log.error("%s stopped this process %d times; it is tried again later", task.name, deaths)
        yield False
        return
    ledger.set_value(_DEATHS + task.name, json.dumps([deaths + 1, time.time()]))
    try:
        yield True
    finally:
        ledger.set_value(_DEATHS + task.name, "")


def forget_deaths(ledger: Ledger) -> None:
    """Begin to count anew: a process that was told to stop did not die of what it did."""
    for task in (messages.DELETE, messages.REBUILD):
        ledger.set_value(_DEATHS + task.name, "")


def _send(send: Callable[[], None]) -> None:
    try:
        send()
    except Unavailable as error:
        _log.warning("%s", error)
