"""The overview as gauges for Prometheus: read when somebody asks, so they are right also when all workers are down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from recto.ledger import KeptVersions, LedgerOverview
from recto_workers.heartbeat import Heartbeat
from recto_workers.overview import Overview


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
            yield _each("recto_queue_messages", "Messages that wait, by queue.", "queue", overview.queues)
        if overview.documents is not None:
            sentence = "Documents of bulk jobs in Redis, by list."
            yield _each("recto_job_documents", sentence, "list", overview.documents)
        if overview.disk is not None:
            yield _one(
                "recto_data_free_bytes", "Free space on the disk of the data folder.", overview.disk.free
            )
            yield _one(
                "recto_data_capacity_bytes", "Size of the disk of the data folder.", overview.disk.total
            )


def _of_ledger(ledger: LedgerOverview) -> Iterator[GaugeMetricFamily]:
    covers = [(("live", state.value), count) for state, count in ledger.covers.items()]
    covers += [(("other", state.value), count) for state, count in ledger.other_covers.items()]
    oldest = {state.value: age for state, age in ledger.oldest_waiting.items()}
    yield _one("recto_books", "Books of the catalogue.", ledger.books)
    yield _many("recto_covers", "Covers by version of the index and state.", ("version", "state"), covers)
    yield _each(
        "recto_oldest_waiting_seconds", "Age of the cover that is longest in a state.", "state", oldest
    )
    yield _each("recto_failed_covers", "Covers that failed, by stage.", "stage", ledger.failed_by_stage)
    yield _one("recto_searches_waiting", "Searches without an answer.", ledger.searches_waiting)
    yield _one("recto_oldest_search_seconds", "Age of the oldest of them.", ledger.oldest_search)
    jobs = ledger.jobs.items()
    yield _many("recto_jobs", "Unfinished jobs by kind and state.", ("kind", "state"), jobs)
    sentence = "Items that unfinished jobs wait for."
    yield _each("recto_job_items_waiting", sentence, "kind", ledger.items_waiting)


def _of_versions(versions: KeptVersions) -> GaugeMetricFamily:
    kept = [
        ((version.recipe_id, version.encoder, state), 1.0)
        for version, state in ((versions.live, "live"), (versions.other, versions.other_state))
        if version is not None
    ]
    sentence = "Versions of the index that are kept."
    return _many("recto_index_version_info", sentence, ("recipe", "encoder", "state"), kept)


def _of_workers(workers: tuple[Heartbeat, ...]) -> Iterator[GaugeMetricFamily]:
    count = {"index": 0, "ingest": 0, "jobs": 0}
    waiting = dict.fromkeys(count, 0)
    latest: dict[str, float] = {}
    for beat in workers:
        count[beat.role] = count.get(beat.role, 0) + 1
        waiting[beat.role] = waiting.get(beat.role, 0) + bool(beat.waits)
        latest[beat.role] = max(latest.get(beat.role, 0.0), beat.since)
    yield _each("recto_workers", "Workers that are ready, by role.", "role", count)
    sentence = "Workers whose work waits because a part fails, by role."
    yield _each("recto_workers_waiting", sentence, "role", waiting)
    sentence = "When the youngest ready worker of a role became ready, in seconds since 1970."
    yield _each("recto_worker_latest_start_timestamp_seconds", sentence, "role", latest)


def _one(name: str, sentence: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, sentence, value=value)


def _each(name: str, sentence: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    return _many(name, sentence, (label,), (((of_label,), value) for of_label, value in values.items()))


def _many(
    name: str, sentence: str, labels: Sequence[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, sentence, labels=labels)
    for of_labels, value in values:
        family.add_metric(of_labels, value)
    return family
