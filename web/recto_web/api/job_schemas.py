"""JSON of jobs and their items."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, jsonify, make_response, url_for
from marshmallow import Schema, fields, validate

from recto.ledger import ItemRow, JobRow, Outcome
from recto.records import Side
from recto_web.api.fields import Whole, address, moment, said, text
from recto_web.api.paging import PageQuery
from recto_web.parts import parts
from recto_web.presenters.job import JobView

COUNTS = ("books", "covers", "indexed", "unchanged", "failed", "waiting", "checked")
SOURCE = ("position", "rows", "trouble")


class JobSchema(Schema):
    """Something that was asked for, and how far it is."""

    job_id = said(fields.String, "Id of the job.", dump_only=True)
    kind = said(fields.String, "`ingest`, `rebuild` or `reindex`.", dump_only=True)
    source = said(fields.String, "What it reads, or what it is about.", dump_only=True)
    state = said(
        fields.String,
        "`listing` while its source is read, `running`, `paused`, `done`, `failed`, `cancelling` or `cancelled`.",
        dump_only=True,
    )
    created = moment("When it began.")
    finished = moment("When it ended.", allow_none=True)
    reason = said(fields.String, "Why it failed, as a sentence.", dump_only=True)
    books = said(fields.Integer, "Books of its covers.", dump_only=True)
    covers = said(fields.Integer, "Covers, those below together.", dump_only=True)
    indexed = said(fields.Integer, "Covers that can be found.", dump_only=True)
    unchanged = said(fields.Integer, "Covers that could be found before.", dump_only=True)
    failed = said(fields.Integer, "Covers that failed.", dump_only=True)
    waiting = said(fields.Integer, "Covers that are on their way.", dump_only=True)
    checked = said(fields.Integer, "Covers that a dry run found fit.", dump_only=True)
    changed = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        dump_only=True,
        metadata={
            "description": "Books of the catalogue that it changed, or that a dry run would change, by field; `extra`: "
            "other columns. Books that it entered are not counted."
        },
    )
    position = said(fields.Integer, "Rows of its source that are read, of a bulk job.", dump_only=True)
    rows = said(
        fields.Integer, "Rows of its source, about, where that is known.", dump_only=True, allow_none=True
    )
    trouble = said(
        fields.String, "Why its source cannot be read at present; it is tried again.", dump_only=True
    )
    rate = said(fields.Float, "Covers a second, lately.", dump_only=True)
    seconds_left = said(fields.Float, "Time left, where that can be said.", dump_only=True, allow_none=True)
    alike = said(
        fields.Integer,
        "Its covers that look like others; null in lists, and while some are still to be compared.",
        dump_only=True,
        allow_none=True,
    )
    url = address("This job.")
    items_url = address("Its items.")
    duplicates_url = address("What they look like.")
    page_url = address("Its page for people.")


class ItemSchema(Schema):
    """One cover of a job, or a row of its source that could not be read."""

    item_id = said(fields.Integer, "Id of the item.", dump_only=True)
    job_id = said(fields.String, "Its job.", dump_only=True)
    book_id = said(fields.String, "Its book; empty where none could be read.", dump_only=True)
    side = said(fields.Enum, "Side of the book.", enum=Side, by_value=True, dump_only=True, allow_none=True)
    path = said(fields.String, "Where the image came from.", dump_only=True)
    cover_id = said(fields.UUID, "Its cover; null where there is none.", dump_only=True, allow_none=True)
    outcome = said(fields.Enum, "What became of it.", enum=Outcome, by_value=True, dump_only=True)
    stage = said(fields.String, "Where it failed.", dump_only=True)
    reason = said(fields.String, "Why it failed, as a sentence.", dump_only=True)
    attempts = said(fields.Integer, "How often its cover was tried.", dump_only=True)
    job_url = address("Its job.")
    cover_url = address("Its cover.", allow_none=True)


class ItemQuery(PageQuery):
    """Which items of a job to list."""

    outcome = said(fields.Enum, "Those with one outcome.", enum=Outcome, by_value=True, load_default=None)


class FailureQuery(PageQuery):
    """Which failures to list."""

    stage = text(40, "Those of one stage, such as `decode`.", load_default="")


class ExportQuery(Schema):
    """Which items of a job to export."""

    outcome = said(fields.Enum, "Those with one outcome.", enum=Outcome, by_value=True, load_default=None)


class RetrySchema(Schema):
    """Which failed items to try again; all, where nothing is said."""

    item_ids = fields.List(
        Whole(validate=validate.Range(1, 2**63 - 1)),
        load_default=[],
        validate=validate.Length(max=1000),
        metadata={"description": "These items."},
    )
    stage = text(40, "Those that failed in this stage.", load_default="")


def show_job(row: JobRow, alike: int | None = None) -> dict[str, Any]:
    """A job as JSON."""
    seen = JobView(row)
    names = ("job_id", "kind", "source", "state", "reason", "changed", *COUNTS, *SOURCE)
    return {
        **{name: getattr(row, name) for name in names},
        "created": row.created,
        "finished": row.finished,
        "rate": round(seen.rate, 3),
        "seconds_left": round(seen.seconds_left, 1) if seen.seconds_left is not None else None,
        "alike": alike,
        "url": url_for("api_jobs.get", job_id=row.job_id),
        "items_url": url_for("api_jobs.items", job_id=row.job_id),
        "duplicates_url": url_for("api_duplicates.listing", job_id=row.job_id),
        "page_url": url_for("jobs.show", job_id=row.job_id),
    }


def show_item(row: ItemRow) -> dict[str, Any]:
    """An item as JSON."""
    return {
        **asdict(row),
        "job_url": url_for("api_jobs.get", job_id=row.job_id),
        "cover_url": url_for("api_covers.get", cover_id=row.cover_id) if row.cover_id else None,
    }


def accepted(job_id: str) -> Response:
    """202 with a job, and where to follow it."""
    row = parts().ledger.job(job_id)
    assert row is not None, "a job that was just created"
    response = make_response(jsonify(JobSchema().dump(show_job(row))), 202)
    response.headers["Location"] = url_for("api_jobs.get", job_id=job_id)
    return response
