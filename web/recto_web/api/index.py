"""The index as a whole: its versions, and re-indexing with another encoder while searches go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, abort, jsonify, make_response, url_for
from marshmallow import Schema, fields, validate

from recto.encoders import known_card
from recto.errors import BadInput, NotFound, WrongFormat
from recto.ledger import KeptVersions, Ledger
from recto_web.api.examples import INDEX, JOB
from recto_web.api.fields import Flag, Whole, address, said, text
from recto_web.api.job_schemas import JobSchema, accepted
from recto_web.api.kit import Resource, fails, gives, takes_json
from recto_web.parts import parts
from recto_workers import actions

resource = Resource("index", "Versions of the index, and changing its encoder.")
MAX_PCA = 65_536


class VersionSchema(Schema):
    """The index as one encoder describes it."""

    recipe_id = said(fields.String, "Name of the version.", dump_only=True)
    encoder = said(fields.String, "Its encoder.", dump_only=True)


class IndexSchema(Schema):
    """The versions that are kept: the one that searches use, and at most one beside it."""

    live = fields.Nested(VersionSchema, dump_only=True, allow_none=True)
    other = fields.Nested(VersionSchema, dump_only=True, allow_none=True)
    other_state = said(
        fields.String,
        "`building`, `ready`, `previous` (live before the last switch) or `dropping`; empty without one.",
        dump_only=True,
    )
    automatic = said(
        fields.Boolean, "True when the other becomes live as soon as it is ready.", dump_only=True
    )
    asked = said(
        fields.String, "What was asked for and waits: `begin`, `switch`, `rollback`.", dump_only=True
    )
    trouble = said(fields.String, "Why the other does not become live, as a sentence.", dump_only=True)
    job_url = address("The job that builds the other.", allow_none=True)


class ReindexSchema(Schema):
    """Which encoder to change to."""

    encoder = text(200, "As `recto encoders list` names it.", required=True)
    pca = said(
        Whole,
        "Project its embeddings to so many numbers, learned from this catalogue; 0: keep them whole.",
        load_default=0,
        validate=validate.Range(0, MAX_PCA),
    )
    switch = said(
        Flag,
        "Make it live as soon as it is ready.",
        load_default=True,
    )


class SwitchSchema(Schema):
    """How to switch."""

    allow_failed = said(
        Flag,
        "Also when covers that are searchable now failed in the other version.",
        load_default=False,
    )


@resource.on("GET", "/index")
@gives(200, IndexSchema, "The versions.", example=INDEX)
def get() -> dict[str, Any]:
    """Get the versions of the index"""
    return _show(parts().ledger.kept_versions())


@resource.on("POST", "/index/reindex")
@takes_json(ReindexSchema, {"encoder": "mobilenet_v2", "pca": 256, "switch": True})
@gives(202, JobSchema, "The job that builds the version.", example=JOB, headers=["Location"])
@fails(
    s409="Another version is in the way.", s422="There is no such encoder, or it was not added to this store."
)
def reindex(wanted: dict[str, Any]) -> Response:
    """Build a version with another encoder

    Searches go on in the live version meanwhile, and covers that are added enter both.
    """
    try:
        known_card(wanted["encoder"], parts().blobs)
    except (BadInput, NotFound, WrongFormat) as error:
        abort(422, str(error))
    try:
        return accepted(actions.start_reindex(parts().ledger, parts().blobs, **wanted))
    except BadInput as error:
        abort(409, str(error))


@resource.on("POST", "/index/switch")
@takes_json(SwitchSchema, {"allow_failed": False})
@gives(202, IndexSchema, "It will be done within moments.", example=INDEX)
@fails(s409="No version is ready.")
def switch(how: dict[str, Any]) -> Response:
    """Make the version that is ready live"""
    return _ask(lambda ledger: actions.switch(ledger, **how))


@resource.on("POST", "/index/rollback")
@takes_json(SwitchSchema, {"allow_failed": False})
@gives(202, IndexSchema, "It will be done within moments.", example=INDEX)
@fails(s409="The former version is not kept any more.")
def rollback(how: dict[str, Any]) -> Response:
    """Go back to the version that was live before"""
    return _ask(lambda ledger: actions.rollback(ledger, **how))


@resource.on("POST", "/index/prune")
@gives(202, IndexSchema, "It will be done within moments.", example=INDEX)
@fails(s409="No former version is kept.")
def prune() -> Response:
    """Remove the version that was live before

    There is no way back after that.
    """
    return _ask(actions.prune)


@resource.on("POST", "/index/cancel")
@gives(202, IndexSchema, "It will be done within moments.", example=INDEX)
@fails(s409="Nothing is being built.")
def cancel() -> Response:
    """Give up the version that is being built"""
    return _ask(actions.cancel)


def _ask(action: Callable[[Ledger], None]) -> Response:
    try:
        action(parts().ledger)
    except BadInput as error:
        abort(409, str(error))
    return make_response(jsonify(IndexSchema().dump(_show(parts().ledger.kept_versions()))), 202)


def _show(kept: KeptVersions) -> dict[str, Any]:
    names = ("live", "other", "other_state", "automatic", "asked", "trouble")
    job_url = url_for("api_jobs.get", job_id=kept.job_id) if kept.job_id else None
    return {**{name: getattr(kept, name) for name in names}, "job_url": job_url}
