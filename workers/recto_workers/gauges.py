"""The overview as gauges for Prometheus: read when somebody asks, so they are right also when all workers are down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from recto.ledger import KeptVersions, LedgerOverview
from recto_workers.heartbeat import Heartbeat
from recto_workers.overview import Overview

Values = Mapping[tuple[str, ...], float]
"""Values by the values of the labels."""


class OverviewCollector(Collector):
    """Gauges of an overview. What does not answer has none, except `recto_ledger_up` and `recto_redis_up`."""

    def __init__(self, overview: Callable[[], Overview]) -> None:
        self._overview = overview

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look, and tell."""
        overview = self._overview()
        yield _one("recto_ledger_up", "1 when the ledger answers.", overview.ledger is not None)
        yield _one("recto_redis_up", "1 when Redis answers.", overview.workers is not None)
        if overview.ledger is not None:
            yield from _of_ledger(overview.ledger)
        if overview.versions is not None:
            yield _of_versions(overview.versions)
        if overview.workers is not None:
            yield from _of_workers(overview.workers)
        if overview.queues is not None:
            queues = {(name,): length for name, length in overview.queues.items()}
            yield _many("recto_queue_messages", "Messages that wait, by queue.", ("queue",), queues)
        if overview.documents is not None:
            lists = {(name,): length for name, length in overview.documents.items()}
            yield _many("recto_job_documents", "Documents of bulk jobs in Redis, by list.", ("list",), lists)
        if overview.disk is not None:
            yield _one(
                "recto_data_free_bytes", "Free space on the disk of the data folder.", overview.disk.free
            )
            yield _one(
                "recto_data_capacity_bytes", "Size of the disk of the data folder.", overview.disk.total
            )


def _of_ledger(ledger: LedgerOverview) -> Iterator[GaugeMetricFamily]:
    covers = {("live", state.value): count for state, count in ledger.covers.items()}
    covers |= {("other", state.value): count for state, count in ledger.other_covers.items()}
    oldest = {(state.value,): age for state, age in ledger.oldest_waiting.items()}
    failed = {(stage,): count for stage, count in ledger.failed_by_stage.items()}
    items = {(kind,): count for kind, count in ledger.items_waiting.items()}
    yield _one("recto_books", "Books of the catalogue.", ledger.books)
    yield _many("recto_covers", "Covers by version of the index and state.", ("version", "state"), covers)
    yield _many(
        "recto_oldest_waiting_seconds", "Age of the cover that is longest in a state.", ("state",), oldest
    )
    yield _many("recto_failed_covers", "Covers that failed, by stage.", ("stage",), failed)
    yield _one("recto_searches_waiting", "Searches without an answer.", ledger.searches_waiting)
    yield _one("recto_oldest_search_seconds", "Age of the oldest of them.", ledger.oldest_search)
    yield _many("recto_jobs", "Unfinished jobs by kind and state.", ("kind", "state"), ledger.jobs)
    yield _many("recto_job_items_waiting", "Items that unfinished jobs wait for.", ("kind",), items)


def _of_versions(versions: KeptVersions) -> GaugeMetricFamily:
    kept: dict[tuple[str, ...], float] = {}
    for version, state in ((versions.live, "live"), (versions.other, versions.other_state)):
        if version is not None:
            kept[version.recipe_id, version.encoder, state] = 1
    sentence = "Versions of the index that are kept."
    return _many("recto_index_version_info", sentence, ("recipe", "encoder", "state"), kept)


def _of_workers(workers: tuple[Heartbeat, ...]) -> Iterator[GaugeMetricFamily]:
    count = {(role,): 0.0 for role in ("index", "ingest")}
    latest: dict[tuple[str, ...], float] = {}
    for beat in workers:
        count[beat.role,] = count.get((beat.role,), 0.0) + 1
        latest[beat.role,] = max(latest.get((beat.role,), 0.0), beat.since)
    yield _many("recto_workers", "Workers that are ready, by role.", ("role",), count)
    sentence = "When the youngest ready worker of a role became ready, in seconds since 1970."
    yield _many("recto_worker_latest_start_timestamp_seconds", sentence, ("role",), latest)


def _one(name: str, sentence: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, sentence, value=value)


def _many(name: str, sentence: str, labels: tuple[str, ...], values: Values) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, sentence, labels=labels)
    for of_labels, value in values.items():
        family.add_metric(of_labels, value)
    return family
