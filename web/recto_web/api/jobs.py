"""Jobs: begin, list, follow, pause, resume, cancel, try again, export; failures of all jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, abort, request

from recto.errors import BadInput
from recto.intake.bulk import SCHEMA, parse_document
from recto.ledger import JobRow, Ledger
from recto_web.api.examples import JOB
from recto_web.api.job_schemas import (
    ExportQuery,
    FailureQuery,
    ItemQuery,
    ItemSchema,
    JobSchema,
    RetrySchema,
    accepted,
    show_item,
    show_job,
)
from recto_web.api.kit import Resource, described, fails, gives, takes_document, takes_json, takes_query
from recto_web.api.paging import Answer, PageQuery, answer_page, page_of
from recto_web.parts import parts
from recto_web.usecases.adding import wake
from recto_workers import bulk

resource = Resource("jobs", "What was asked for, and what became of each item.")
NO_JOB = "There is no job with this id."
DOCUMENT = {
    "recto": 1,
    "source": "/srv/covers/manifest.csv",
    "id": "spring-2026",
    "options": {"dry_run": True},
}
CSV = "text/csv"


@resource.on("GET", "/jobs")
@takes_query(PageQuery)
@gives(200, page_of(JobSchema), "A page of jobs, the newest first.", headers=["Link"])
def listing(query: dict[str, Any]) -> Answer:
    """List jobs"""
    return answer_page(parts().ledger.jobs(**query), show_job)


@resource.on("POST", "/jobs")
@takes_document({name: rule for name, rule in SCHEMA.items() if name != "$schema"}, DOCUMENT)
@gives(202, JobSchema, "The job.", example=JOB, headers=["Location"])
@fails(s409="Its `id` belongs to another document.", s422="The document cannot be used.")
def submit() -> Response:
    """Begin a bulk job

    The document names a manifest, a folder or an `s3://` prefix, in a place that `RECTO_SOURCE_ROOTS` allows. Sent
    again with the same `id`, it is still one job.
    """
    try:
        document = parse_document(request.get_data())
    except BadInput as error:
        abort(422, str(error))
    try:
        return accepted(bulk.submit(parts().ledger, document.to_json()))
    except BadInput as error:
        abort(409, str(error))


@resource.on("GET", "/jobs/<job_id>")
@gives(200, JobSchema, "The job with live counts.", example=JOB)
@fails(s404=NO_JOB)
def get(job_id: str) -> dict[str, Any]:
    """Get a job"""
    row, found = _job(job_id), parts().ledger.alike_in_job(job_id)
    return show_job(row, None if row.waiting or found.is_comparing else found.covers)


@resource.on("GET", "/jobs/<job_id>/items")
@takes_query(ItemQuery)
@gives(200, page_of(ItemSchema), "A page of items, in the order of the source.", headers=["Link"])
@fails(s404=NO_JOB)
def items(query: dict[str, Any], job_id: str) -> Answer:
    """List the items of a job"""
    _job(job_id)
    return answer_page(parts().ledger.job_items(job_id, **query), show_item)


@resource.on("GET", "/jobs/<job_id>/export")
@takes_query(ExportQuery)
@described(
    responses={
        "200": {"description": "The items, one a line.", "content": {CSV: {"schema": {"type": "string"}}}}
    }
)
@fails(s404=NO_JOB)
def export(query: dict[str, Any], job_id: str) -> Response:
    """Export the items of a job as CSV"""
    lines = bulk.export(parts().ledger, job_id, query["outcome"])
    response = Response(lines, mimetype=CSV)
    response.headers["Content-Disposition"] = f'attachment; filename="{job_id}.csv"'
    return response


@resource.on("POST", "/jobs/<job_id>/pause")
@gives(202, JobSchema, "The job; what workers hold is finished first.", example=JOB, headers=["Location"])
@fails(s404=NO_JOB, s409="The job cannot be paused.")
def pause(job_id: str) -> Response:
    """Pause a bulk job"""
    return _control(bulk.pause, job_id)


@resource.on("POST", "/jobs/<job_id>/resume")
@gives(202, JobSchema, "The job.", example=JOB, headers=["Location"])
@fails(s404=NO_JOB, s409="The job is not paused.")
def resume(job_id: str) -> Response:
    """Go on with a paused job"""
    return _control(bulk.resume, job_id)


@resource.on("POST", "/jobs/<job_id>/cancel")
@gives(202, JobSchema, "The job.", example=JOB, headers=["Location"])
@fails(s404=NO_JOB, s409="The job is over, or cannot be cancelled.")
def cancel(job_id: str) -> Response:
    """Give a bulk job up

    What is searchable already stays so.
    """
    return _control(bulk.cancel, job_id)


@resource.on("POST", "/jobs/<job_id>/retry")
@takes_json(RetrySchema, {"stage": "decode"})
@gives(202, JobSchema, "The job, running again where something failed.", example=JOB, headers=["Location"])
@fails(s404=NO_JOB, s409="The job cannot be tried again.")
def retry(which: dict[str, Any], job_id: str) -> Response:
    """Try failed items of a job again

    With an empty object `{}` all of them.
    """
    return _control(lambda ledger, job: bulk.retry(ledger, job, **which), job_id)


@resource.on("GET", "/failures")
@takes_query(FailureQuery)
@gives(200, page_of(ItemSchema), "A page of failed items of all jobs, the latest first.", headers=["Link"])
def failures(query: dict[str, Any]) -> Answer:
    """List what failed"""
    return answer_page(parts().ledger.failed_items(**query), show_item)


def _job(job_id: str) -> JobRow:
    return parts().ledger.job(job_id) or abort(404, NO_JOB)


def _control(change: Callable[[Ledger, str], object], job_id: str) -> Response:
    _job(job_id)
    try:
        change(parts().ledger, job_id)
    except BadInput as error:
        abort(409, str(error))
    wake()
    return accepted(job_id)
