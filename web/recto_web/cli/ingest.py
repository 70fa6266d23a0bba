"""`recto ingest`: covers of a manifest or a folder into the catalogue."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recto.settings import Settings
from recto.storage.s3 import is_s3
from recto_web.cli.duplicates import told
from recto_web.cli.progress import Progress
from recto_web.cli.session import connect
from recto_web.presenters.words import changes

if TYPE_CHECKING:
    from recto.ledger import AlikeInJob, BarcodeConflict, JobRow, Ledger, Page

EXIT_SOME_FAILED = 3
POLL_SECONDS = 0.3
COMPARE_SECONDS = 20.0
"""Longest wait, after the last cover is searchable, for what is said of its likeness to others; moments, usually."""
FAILURES_SHOWN = 20


@click.command()
@click.argument("source", callback=lambda context, parameter, value: _checked(value))
@click.option("--json", "as_json", is_flag=True, help="End with one line of JSON.")
@click.option(
    "--no-wait", is_flag=True, help="Only hand the covers over; a running `recto up` does the work."
)
@click.option("--dry-run", is_flag=True, help="Read and check everything, put nothing into the catalogue.")
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="Folder that absolute paths of the manifest may lie in, beside its own; may be given several times.",
)
def ingest(source: str, as_json: bool, no_wait: bool, dry_run: bool, roots: tuple[str, ...]) -> None:
    """Add the covers of SOURCE: a manifest (.csv, .jsonl), a folder of images, or either in an S3 store (s3://...).

    In a folder, `X.jpg` is the front of book X; `X_front.jpg`, `X_back.jpg` are its two sides. Doing it twice changes
    nothing, and what a source does not say of a book stays as it is. Exit code 3: some items failed, each is listed
    with its reason.
    """
    from recto.intake.sources import open_source
    from recto.intake.take_in import take_in
    from recto.storage.blobs import open_blobs

    started = time.monotonic()
    rows = open_source(Settings.from_environment(), source, trusted=True, roots=roots).rows()
    with connect(needs_workers=not no_wait) as session:
        ledger = session.ledger
        if dry_run:
            job_id = _submit_dry_run(ledger, source, roots)
        else:
            job_id = ledger.create_job("ingest", source)
            with Progress("reading", quiet=as_json) as progress:
                for done in take_in(session.settings, ledger, open_blobs(session.settings), job_id, rows):
                    session.wake_ingest()
                    progress.update(done)
        if no_wait:
            click.echo(json.dumps({"job": job_id}) if as_json else f"Handed over as job {job_id}.")
            return
        job = _wait(ledger, job_id, quiet=as_json)
        seconds = time.monotonic() - started
        _report(ledger, job, seconds, _compared(ledger, job_id), as_json)


def _checked(source: str) -> str:
    if not is_s3(source) and not Path(source).exists():
        raise click.BadParameter(f"Path '{source}' does not exist.", param_hint="'SOURCE'")
    return source


def _submit_dry_run(ledger: Ledger, source: str, roots: tuple[str, ...]) -> str:
    """A bulk job that the jobs process reads as `recto ingest` would; returns its id."""
    from recto_workers import bulk

    place = source if is_s3(source) else str(Path(source).absolute())
    document = {"recto": 1, "source": place, "options": {"dry_run": True}}
    return bulk.submit(ledger, document, trusted=True, roots=[str(Path(root).absolute()) for root in roots])


def _wait(ledger: Ledger, job_id: str, *, quiet: bool) -> JobRow:
    with Progress("covers", quiet=quiet) as progress:
        while True:
            job = ledger.job(job_id)
            assert job is not None, "a job is never deleted while it runs"
            progress.update(job.covers - job.waiting, total=job.covers, failed=job.failed)
            if job.state in ("done", "failed", "cancelled"):
                return job
            time.sleep(POLL_SECONDS)


def _compared(ledger: Ledger, job_id: str) -> AlikeInJob:
    """What the comparison with other covers found, once it is done."""
    deadline = time.monotonic() + COMPARE_SECONDS
    while (found := ledger.alike_in_job(job_id)).is_comparing and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return found


def _report(ledger: Ledger, job: JobRow, seconds: float, alike: AlikeInJob, as_json: bool) -> None:
    conflicts = ledger.barcode_conflicts(job_id=job.job_id, page_size=FAILURES_SHOWN)
    summary = {
        "job": job.job_id,
        "books": job.books,
        "covers": job.covers,
        "indexed": job.indexed,
        "unchanged": job.unchanged,
        "checked": job.checked,
        "failed": job.failed,
        "changed": dict(job.changed),
        "barcode_conflicts": conflicts.total,
        "alike": alike.covers,
        "seconds": round(seconds, 2),
    }
    if as_json:
        click.echo(json.dumps(summary))
    else:
        _show_failures(ledger, job)
        _show_conflicts(conflicts)
        _show_summary(job, seconds, alike, conflicts.total)
    if job.reason:
        click.echo(job.reason, err=True)
    if job.failed or job.reason:
        raise SystemExit(EXIT_SOME_FAILED)


def _show_failures(ledger: Ledger, job: JobRow) -> None:
    for item in ledger.job_items(job.job_id, "failed", 1, FAILURES_SHOWN).items:
        click.echo(f"failed: {item.path}: {item.reason} ({item.stage})", err=True)
    if job.failed > FAILURES_SHOWN:
        more = job.failed - FAILURES_SHOWN
        click.echo(f"... and {more} more; the page /jobs/{job.job_id} lists all.", err=True)


def _show_summary(job: JobRow, seconds: float, alike: AlikeInJob, conflicts: int) -> None:
    is_dry_run = job.document is not None  # the only job with a document that this command waits for
    rate = (job.indexed + job.checked + job.failed) / max(seconds, 1e-9)
    done = f"{job.checked} fit to be added" if is_dry_run else f"{job.indexed} indexed"
    conflicting = f", {conflicts} with the barcode of another book" if conflicts else ""
    click.echo(
        f"{job.books} books, {job.covers} covers: {done}, {job.unchanged} unchanged, "
        f"{job.failed} failed{conflicting} in {seconds:.1f} s ({rate:.1f} a second)."
    )
    if job.changed or is_dry_run:
        click.echo(changes(job.changed, is_dry_run))
    if alike.covers:
        click.echo(told(alike.covers, job.job_id))
    if alike.is_comparing:
        click.echo("Its covers are still being compared with the others.")


def _show_conflicts(conflicts: Page[BarcodeConflict]) -> None:
    """Covers whose barcode is not that of their book: indexed all the same, but worth a look."""
    for conflict in conflicts.items:
        click.echo(
            f"barcode: the {conflict.cover.side} of {conflict.cover.book_id} says {', '.join(conflict.barcodes)}, "
            f"its record {', '.join(conflict.isbns)}",
            err=True,
        )
    if conflicts.total > len(conflicts.items):
        click.echo(f"... and {conflicts.total - len(conflicts.items)} more of these.", err=True)


COMMANDS = (ingest,)
