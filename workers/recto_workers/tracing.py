"""What a worker notes of each task: the context of its log lines, and its times."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from celery import signals

from recto.observe import context, metrics
from recto_workers.messages import REQUEST_ID, SENT

_STARTED = "recto_started"
"""Where a task's request keeps the moment at which it began."""


def watch_tasks() -> None:
    """Let this process note every task: the log lines of a task carry its name and the ids that belong to it."""
    signals.setup_logging.connect(_keep_our_logs, weak=False)
    signals.task_prerun.connect(_begin, weak=False)
    signals.task_postrun.connect(_end, weak=False)
    # "Received", outside of any task: the line that ends each task says all of it.
    logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)


def _keep_our_logs(**_: Any) -> None:
    """Celery sets up no logs of its own where somebody listens to this signal."""


def _begin(task: Any, kwargs: Mapping[str, str] | None = None, **_: Any) -> None:
    request, arguments = task.request, kwargs or {}
    context.clear()
    context.bind(
        request_id=context.request_id(str(request.get(REQUEST_ID) or "")),
        task=task.name,
        search_id=arguments.get("search_id", ""),
        job_id=arguments.get("job_id", ""),
    )
    request.update({_STARTED: time.perf_counter()})
    sent = request.get(SENT)
    if isinstance(sent, float):  # 0 where the clock of the sender is ahead
        metrics.TASK_WAIT.labels(task=task.name).observe(max(0.0, time.time() - sent))


def _end(task: Any, state: str | None = None, **_: Any) -> None:
    outcome = "done" if state == "SUCCESS" else "failed"
    seconds = time.perf_counter() - task.request.get(_STARTED, time.perf_counter())
    metrics.TASK.labels(task=task.name, outcome=outcome).observe(seconds)
    context.clear()
