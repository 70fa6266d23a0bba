"""Whether the parts are alive, for supervisors and load balancers."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from recto.errors import RectoError, Unavailable
from recto_web.parts import parts

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> ResponseReturnValue:
    """200 while the pages can be served; `status` is `ok` when searches are answered too, else `degraded`."""
    ledger = _ledger_answers()
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
    return jsonify(body), 200 if ledger else 503, {"Cache-Control": "no-store"}


def _ledger_answers() -> bool:
    try:
        parts().ledger.queue_counts()
    except RectoError:
        return False
    return True
