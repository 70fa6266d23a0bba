"""How it is: parts, queues, covers by state."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields

from recto import __version__
from recto.errors import Unavailable
from recto_web.api.fields import moment, said
from recto_web.api.kit import Resource, gives
from recto_web.parts import parts

resource = Resource("status", "How it is.")


class WorkerSchema(Schema):
    """A worker process that is ready."""

    role = said(fields.String, "`index`, `ingest` or `jobs`.", dump_only=True)
    name = said(fields.String, "Name under which it holds its leases.", dump_only=True)
    host = said(fields.String, "Machine.", dump_only=True)
    since = moment("Since when it is ready.")
    waits = said(fields.String, "Why its work waits, as a sentence; empty when none does.", dump_only=True)


class StatusSchema(Schema):
    """State of the parts."""

    version = said(fields.String, "Version of Recto.", dump_only=True)
    searchable = said(fields.Boolean, "True when searches are answered.", dump_only=True)
    redis = said(fields.Boolean, "True when the message queue answers.", dump_only=True)
    workers = fields.List(fields.Nested(WorkerSchema), dump_only=True)
    queues = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        dump_only=True,
        metadata={"description": "Messages that wait, by queue."},
    )
    covers = fields.Dict(
        keys=fields.String(), values=fields.Integer(), dump_only=True, metadata={"description": "By state."}
    )
    encoder = said(fields.String, "Network in use; empty before the first cover.", dump_only=True)


@resource.on("GET", "/status")
@gives(200, StatusSchema, "State of the parts.")
def get() -> dict[str, Any]:
    """Get the state of the parts"""
    live = parts().ledger.live_version()
    covers = {state.value: count for state, count in parts().ledger.queue_counts().items()}
    return {"version": __version__, "covers": covers, "encoder": live.encoder if live else "", **_messages()}


def _messages() -> dict[str, Any]:
    try:
        beats, queues = parts().producer.alive(), parts().producer.depths()
    except Unavailable:
        return {"redis": False, "searchable": False, "workers": [], "queues": {}}
    searchable = any(beat.role == "index" for beat in beats)
    workers = [asdict(beat) for beat in beats]
    return {"redis": True, "searchable": searchable, "workers": workers, "queues": queues}
