"""What this process counts and times, for Prometheus. docs/observability.md explains every metric.

Labels take few values, all known beforehand. There are no gauges: what stands at a moment (queues, covers, jobs) is
read from ledger and Redis when somebody asks, so a process that died leaves nothing behind that is no longer true.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from recto.observe import files

files.use_folder_of_part()  # before the first metric

from prometheus_client import Counter, Histogram, disable_created_metrics  # noqa: E402

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nothing asks for

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds in seconds: calls of the engine take from 1 ms, a search is given up after 30 s."""
_LONG = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""The same for batches of covers and tasks: a batch of one takes 0.1 s, one of 32 large photos a minute."""

_OF_FILES = ("missing", "unreadable", "empty", "too_many_bytes", "not_an_image", "unsupported_format")
_OF_IMAGES = ("too_many_pixels", "too_small", "truncated", "damaged", "memory", "timeout", "crashed")
REASONS = frozenset((*_OF_FILES, *_OF_IMAGES))
"""Why images are refused, as docs/images.md lists it. What else a decoding child may say counts as `other`."""

SEARCH = Histogram(
    "recto_search_seconds", "Time that a worker took for a search.", ["verdict"], buckets=_QUICK
)
SEARCH_STAGE = Histogram(
    "recto_search_stage_seconds", "Time that one stage of a search took.", ["stage"], buckets=_QUICK
)
SEARCH_WAIT = Histogram(
    "recto_search_wait_seconds", "Time from the request of a search to its start in a worker.", buckets=_QUICK
)
INGEST_STAGE = Histogram(
    "recto_ingest_stage_seconds", "Time that one stage took for a batch of covers.", ["stage"], buckets=_LONG
)
COVERS_DESCRIBED = Counter("recto_covers_described_total", "Covers that ingest workers described.")
COVERS_INDEXED = Counter("recto_covers_indexed_total", "Covers that became searchable.")
COVERS_FAILED = Counter("recto_covers_failed_total", "Covers that were given up, by stage.", ["stage"])
IMAGES_REFUSED = Counter("recto_images_refused_total", "Images that were not decoded, by reason.", ["reason"])
BARCODES_READ = Counter(
    "recto_barcode_readings_total",
    "Images in which barcodes were looked for, by what became of it.",
    ["outcome"],
)
BARCODE_VOTES = Counter(
    "recto_barcode_votes_total", "Barcodes of searches, by what the answer makes of them.", ["outcome"]
)
INDEX_CALL = Histogram(
    "recto_index_call_seconds", "Time of one call of the vector engine.", ["operation"], buckets=_QUICK
)
INDEX_ERRORS = Counter("recto_index_errors_total", "Calls of the vector engine that raised.", ["operation"])
TASK = Histogram("recto_task_seconds", "Time that a task took.", ["task", "outcome"], buckets=_LONG)
TASK_WAIT = Histogram(
    "recto_task_wait_seconds", "Time that a message waited for a worker.", ["task"], buckets=_LONG
)
MESSAGES_SENT_AGAIN = Counter(
    "recto_messages_sent_again_total", "Messages that the sweep sent because they were lost.", ["task"]
)
MESSAGES_REFUSED = Counter(
    "recto_messages_refused_total", "Messages in Redis that were not Recto's, and were dropped.", ["queue"]
)
HTTP = Histogram(
    "recto_http_request_seconds",
    "Time from the request to the head of its answer.",
    ["method", "route", "status"],
    buckets=_QUICK,
)


@contextmanager
def timed(histogram: Histogram, **labels: str) -> Iterator[None]:
    """Time the block, whether it raises or not."""
    start = time.perf_counter()
    try:
        yield
    finally:
        (histogram.labels(**labels) if labels else histogram).observe(time.perf_counter() - start)


def ingest_stage(stage: str) -> AbstractContextManager[None]:
    """Time a stage of a batch of covers."""
    return timed(INGEST_STAGE, stage=stage)


def observe_search(verdict: str, milliseconds: Mapping[str, float]) -> None:
    """Note a search that was answered, from its own times by stage with their `total`."""
    for stage, value in milliseconds.items():
        if stage == "total":
            SEARCH.labels(verdict=verdict).observe(value / 1000)
        else:
            SEARCH_STAGE.labels(stage=stage).observe(value / 1000)


def count_refusal(reason: str) -> None:
    """Note an image that was refused."""
    IMAGES_REFUSED.labels(reason=reason if reason in REASONS else "other").inc()
