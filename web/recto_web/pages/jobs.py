"""Jobs: how far they are, and what failed with its reason."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import ClassVar

from flask import Blueprint, abort, jsonify, redirect, url_for
from flask.typing import ResponseReturnValue

from recto.ledger import ItemRow, JobRow, Outcome
from recto.records import Book
from recto_web import isbn
from recto_web.adding import wake
from recto_web.paging import Pager, page_number, pager
from recto_web.parts import parts
from recto_web.rendering import render, wants_json

JOBS_PER_PAGE = 20
ITEMS_PER_PAGE = 50
FEW = 12
"""Items of a job that is shown whole, one line each."""

blueprint = Blueprint("jobs", __name__)


@dataclass(frozen=True)
class JobView:
    """A job with what follows from its counts. `rate` is covers a second, `seconds_left` None when unknown."""

    row: JobRow
    rate: float
    seconds_left: float | None
    seconds: float

    @property
    def name(self) -> str:
        """What the job is called: the file or folder that it read, the book that was added, or what it does."""
        if self.row.kind == "rebuild":
            return "Rebuilding the index"
        return self.row.source.rstrip("/").rpartition("/")[2] if self.is_from_a_path else self.row.source

    @property
    def is_from_a_path(self) -> bool:
        """True when the source is a path on the machine, not a title."""
        return self.row.kind == "ingest" and self.row.source.startswith("/")

    @property
    def done(self) -> int:
        """Covers that are settled."""
        return self.row.covers - self.row.waiting

    @property
    def percent(self) -> float:
        """Share of the covers that are settled, in per cent."""
        return 100.0 * self.done / self.row.covers if self.row.covers else 100.0 * (self.row.state == "done")

    @property
    def is_running(self) -> bool:
        """True while something may still change."""
        return self.row.state == "listing" or self.row.waiting > 0


@dataclass(frozen=True)
class JobsPage:
    """Context of `jobs.html`."""

    template: ClassVar[str] = "jobs.html"
    jobs: tuple[JobView, ...]
    pager: Pager
    is_running: bool


@dataclass(frozen=True)
class JobPage:
    """Context of `job.html`. `items` are those of a small job, empty for a large one; `failed` is a page of them."""

    template: ClassVar[str] = "job.html"
    job: JobView
    items: tuple[ItemRow, ...]
    failed: tuple[ItemRow, ...]
    pager: Pager
    book: Book | None  # when the job is about one book
    isbn_warning: str
    can_retry: bool


@blueprint.get("/jobs")
def listing() -> ResponseReturnValue:
    """The jobs, the newest first."""
    page = parts().ledger.jobs(page_number(), JOBS_PER_PAGE)
    views = tuple(view(row) for row in page.items)
    return render(JobsPage(views, pager(page, "jobs.listing", {}), any(each.is_running for each in views)))


@blueprint.get("/jobs/<job_id>")
def show(job_id: str) -> ResponseReturnValue:
    """A job."""
    ledger = parts().ledger
    row = ledger.job(job_id) or abort(404, "There is no such job.")
    if wants_json():
        return jsonify(asdict(row)), 200, {"Vary": "Accept"}
    failed = ledger.job_items(job_id, Outcome.FAILED, page_number(), ITEMS_PER_PAGE)
    items = ledger.job_items(job_id, None, 1, FEW).items if row.covers <= FEW else ()
    ids = {item.book_id for item in items if item.book_id}
    book = ledger.book(next(iter(ids))) if len(ids) == 1 else None
    shown = pager(failed, "jobs.show", {"job_id": job_id})
    can_retry = any(item.cover_id for item in failed.items)
    isbn_warning = isbn.warning(book.isbn) if book else ""
    return render(JobPage(view(row), items, failed.items, shown, book, isbn_warning, can_retry))


@blueprint.post("/jobs/<job_id>/retry")
def retry(job_id: str) -> ResponseReturnValue:
    """Queue the failed covers of a job again."""
    if parts().ledger.job(job_id) is None:
        abort(404, "There is no such job.")
    parts().ledger.requeue(failed_of_job=job_id)
    wake()
    return redirect(url_for("jobs.show", job_id=job_id), 303)


def view(row: JobRow) -> JobView:
    """A job with its rate and the time left, both over its whole life so far."""
    seconds = max((row.finished or time.time()) - row.created, 1e-3)
    rate = (row.indexed + row.failed) / seconds
    known = row.waiting and rate > 0 and row.state == "running"
    return JobView(row, rate, row.waiting / rate if known else None, seconds)
