"""Jobs: how far they are, what failed with its reason; pause, resume, cancel, try again, export."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import ClassVar

from flask import Blueprint, Response, abort, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from recto.errors import BadInput
from recto.ledger import ItemRow, JobRow, Ledger, Outcome
from recto.records import Book
from recto_web.forms import isbn
from recto_web.pages import duplicates
from recto_web.parts import parts
from recto_web.presenters.job import JobView
from recto_web.presenters.paging import Pager, page_number, pager
from recto_web.rendering import render, wants_json
from recto_web.usecases.adding import wake
from recto_workers import bulk

JOBS_PER_PAGE = 20
ITEMS_PER_PAGE = 50
FEW = 12
"""Items of a job that is shown whole, one line each."""
NO_JOB = "There is no such job."

blueprint = Blueprint("jobs", __name__)


@dataclass(frozen=True)
class JobsPage:
    """Context of `jobs.html`."""

    template: ClassVar[str] = "jobs.html"
    jobs: tuple[JobView, ...]
    pager: Pager
    is_running: bool


@dataclass(frozen=True)
class JobPage:
    """Context of `job.html`. `items` are all of a small job, else a page of those whose outcome is `shown`."""

    template: ClassVar[str] = "job.html"
    job: JobView
    is_small: bool
    shown: str  # an outcome, or "all"; empty: no items are listed
    counts: dict[str, int]  # of the outcomes that there are
    items: tuple[ItemRow, ...]
    pager: Pager
    stages: dict[str, int]  # failed items that can be tried again, by stage
    book: Book | None  # when the job is about one book
    isbn_warning: str
    alikes: duplicates.AlikesOfJob


@blueprint.get("/jobs")
def listing() -> ResponseReturnValue:
    """The jobs, the newest first."""
    page = parts().ledger.jobs(page_number(), JOBS_PER_PAGE)
    views = tuple(JobView(row) for row in page.items)
    return render(JobsPage(views, pager(page, "jobs.listing", {}), any(each.is_running for each in views)))


@blueprint.get("/jobs/<job_id>")
def show(job_id: str) -> ResponseReturnValue:
    """A job."""
    ledger = parts().ledger
    row = ledger.job(job_id) or abort(404, NO_JOB)
    if wants_json():
        return jsonify(asdict(row)), 200, {"Vary": "Accept"}
    counts = {
        outcome.value: getattr(row, outcome.value) for outcome in Outcome if getattr(row, outcome.value)
    }
    is_small = row.covers <= FEW and row.kind == "ingest"
    shown = "all" if is_small else _shown(row)
    outcome = None if shown == "all" else shown
    page = ledger.job_items(job_id, outcome or (None if shown else "failed"), page_number(), ITEMS_PER_PAGE)
    items = page.items if shown else ()
    ids = {item.book_id for item in items if item.book_id}
    book = ledger.book(next(iter(ids))) if is_small and len(ids) == 1 else None
    shown_pages = pager(page, "jobs.show", {"job_id": job_id, "show": shown})
    stages = _stages(ledger, row)
    warning = isbn.warning(book.isbn) if book else ""
    alikes = (
        duplicates.of_job(job_id, is_small=is_small) if row.kind == "ingest" else duplicates.AlikesOfJob()
    )
    return render(
        JobPage(JobView(row), is_small, shown, counts, items, shown_pages, stages, book, warning, alikes)
    )


@blueprint.get("/jobs/<job_id>/export.csv")
def export(job_id: str) -> ResponseReturnValue:
    """The items of a job as CSV, all or those of one outcome, sent as they are read."""
    outcome = request.args.get("outcome", "")
    chosen = Outcome(outcome) if outcome in list(Outcome) else None
    lines = bulk.export(parts().ledger, job_id, chosen)
    response = Response(lines, mimetype="text/csv")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="job-{job_id}{outcome and "-"}{outcome}.csv"'
    )
    return response


@blueprint.post("/jobs/<job_id>/pause")
def pause(job_id: str) -> ResponseReturnValue:
    """Pause a job."""
    return _control(bulk.pause, job_id)


@blueprint.post("/jobs/<job_id>/resume")
def resume(job_id: str) -> ResponseReturnValue:
    """Go on with a paused job."""
    return _control(bulk.resume, job_id)


@blueprint.post("/jobs/<job_id>/cancel")
def cancel(job_id: str) -> ResponseReturnValue:
    """Give a job up."""
    return _control(bulk.cancel, job_id)


@blueprint.post("/jobs/<job_id>/retry")
def retry(job_id: str) -> ResponseReturnValue:
    """Try failed items again: all, those of a stage, or one."""
    item, stage = request.form.get("item", ""), request.form.get("stage", "")
    item_ids = [int(item)] if item.isascii() and item.isdigit() and len(item) < 19 else []
    bulk.retry(parts().ledger, job_id, item_ids=item_ids, stage=stage)
    wake()
    return _to_job(job_id)


def _shown(row: JobRow) -> str:
    """The items that the address asks for; else those that failed, if there are any."""
    asked = request.args.get("show", "")
    return asked if asked in ("all", *Outcome) else "failed" * bool(row.failed)


def _stages(ledger: Ledger, row: JobRow) -> dict[str, int]:
    """Failed items by stage, without those that trying again does not help: rows that cannot be understood."""
    if not row.failed or row.kind == "rebuild":
        return {}
    if row.kind == "reindex" and ledger.kept_versions().job_id != row.job_id:
        return {}  # its version is gone
    hopeless = {"manifest", "deleted"} | (set() if row.document else {"read"})
    return {
        stage: count for stage, count in ledger.failed_stages(row.job_id).items() if stage not in hopeless
    }


def _control(change: Callable[[Ledger, str], None], job_id: str) -> ResponseReturnValue:
    with contextlib.suppress(BadInput):  # it ended in the meantime, as its page says
        change(parts().ledger, job_id)
    return _to_job(job_id)


def _to_job(job_id: str) -> ResponseReturnValue:
    return redirect(url_for("jobs.show", job_id=job_id), 303)
