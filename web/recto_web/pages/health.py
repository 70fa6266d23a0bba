"""Whether the parts are alive and ready, and the metrics: for supervisors, load balancers and Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from recto.errors import RectoError, Unavailable
from recto.observe.exposition import exposition
from recto_web.parts import parts
from recto_workers.gauges import OverviewCollector
from recto_workers.overview import LEAST_FREE_BYTES, disk

blueprint = Blueprint("health", __name__)

NEVER_KEPT = {"Cache-Control": "no-store"}


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 while this process answers at all; whoever watches it starts it again when it does not."""
    return jsonify(status="ok"), NEVER_KEPT


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200 when everything that a search needs answers, else 503 and what is missing, as a sentence each."""
    missing = dict(_missing())
    body = {"status": "not ready" if missing else "ready", "missing": missing}
    return jsonify(body), 503 if missing else 200, NEVER_KEPT


@blueprint.get("/metrics")
def metrics() -> Response:
    """The metrics of all processes of this machine, or of this one, and the state of the catalogue."""
    body, kind = exposition(request.headers.get("Accept", ""), OverviewCollector(parts().watch.overview))
    return Response(body, content_type=kind, headers=NEVER_KEPT)


@blueprint.get("/health")
def health() -> ResponseReturnValue:
    """200 while the pages can be served; `status` is `ok` when searches are answered too, else `degraded`."""
    ledger = _answers(parts().ledger.live_version)
    try:
        workers: dict[str, int] | None = dict(Counter(beat.role for beat in parts().producer.alive()))
    except Unavailable:
        workers = None
    ready = ledger and bool(workers) and {"index", "ingest"} <= set(workers or {})
    body = {
        "status": "ok" if ready else "degraded" if ledger else "down",
        "web": True,
        "ledger": ledger,
        "redis": workers is not None,
        "workers": {"index": 0, "ingest": 0} | (workers or {}),
    }
    return jsonify(body), 200 if ledger else 503, NEVER_KEPT


def _missing() -> Iterator[tuple[str, str]]:
    """What is missing for a search, by part. No address and no folder is named: this page asks for no key."""
    if not _answers(parts().ledger.live_version):
        yield "ledger", "The ledger does not answer."
    try:
        if all(beat.role != "index" for beat in parts().producer.alive()):
            yield "index worker", "No index worker is ready."
    except Unavailable:
        yield "redis", "Redis does not answer."
    space = disk(parts().settings)
    if space is None or space.free < LEAST_FREE_BYTES:
        yield "disk", "The disk of the data folder is full or cannot be read."
    if not _answers(parts().blobs.check):
        yield "images", "The image store does not answer."


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except RectoError:
        return False
    return True
