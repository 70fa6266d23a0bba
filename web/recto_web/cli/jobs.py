"""`recto jobs`: bulk jobs on the command line."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from recto_web.cli.progress import Progress
from recto_web.cli.session import Session, connect
from recto_web.presenters.words import changes

if TYPE_CHECKING:
    from recto.ledger import JobRow, Ledger

EXIT_SOME_FAILED = 3
POLL_SECONDS = 0.5
OVER = ("done", "failed", "cancelled")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
job_argument = click.argument("job_id")


@click.group()
def jobs() -> None:
    """Bulk jobs: sources of any length, listed and worked on in the background by a running `recto up`."""


@jobs.command()
@click.argument("source")
@click.option(
    "--id", "name", default="", help="Your own name of the job: submitted twice, it is still one job."
)
@click.option("--label", default="", help="What people call the job.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, put nothing into the catalogue.")
@click.option("--paused", is_flag=True, help="Begin only when the job is resumed.")
@click.option(
    "--root", "roots", multiple=True, help="Another folder that rows of the manifest may name. May repeat."
)
@click.option("--wait", is_flag=True, help="Follow the job to its end; exit code 3 when items failed.")
@json_option
def submit(
    source: str,
    name: str,
    label: str,
    dry_run: bool,
    paused: bool,
    roots: tuple[str, ...],
    wait: bool,
    as_json: bool,
) -> None:
    """Begin a job that reads SOURCE: a manifest, a folder, or s3://bucket/prefix/."""
    from recto_workers import bulk

    source = source if source.startswith("s3://") else str(Path(source).absolute())
    options = {"dry_run": dry_run, "paused": paused}
    texts = {key: text for key, text in (("id", name), ("label", label)) if text}
    document = {"recto": 1, "source": source, **texts, "options": options}
    with connect(needs_workers=wait) as session:
        job_id = bulk.submit(
            session.ledger, document, trusted=True, roots=[str(Path(root).absolute()) for root in roots]
        )
        if not wait:
            click.echo(json.dumps({"job": job_id}) if as_json else f"Handed over as job {job_id}.")
            return
        _end(_wait(session.ledger, job_id, quiet=as_json), as_json)


@jobs.command("list")
@click.option("--limit", default=20, show_default=True, help="How many, the newest first.")
@json_option
def list_jobs(limit: int, as_json: bool) -> None:
    """List jobs, the newest first."""
    with connect(needs_workers=False) as session:
        rows = session.ledger.jobs(1, limit).items
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
        return
    for row in rows:
        click.echo(_line(row))


@jobs.command()
@job_argument
@json_option
def show(job_id: str, as_json: bool) -> None:
    """Show how far a job is, and the first items that failed."""
    with connect(needs_workers=False) as session:
        row = _job(session, job_id)
        failed = session.ledger.job_items(job_id, "failed", 1, 20).items
    if as_json:
        click.echo(json.dumps(asdict(row)))
        return
    click.echo(_line(row))
    if row.changed:
        click.echo(_changes(row))
    if row.reason:
        click.echo(row.reason)
    for item in failed:
        click.echo(
            f"  item {item.item_id}: {item.path}: {item.reason} ({item.stage}, {item.attempts} attempts)"
        )
    if row.failed > len(failed):
        click.echo(f"  ... and {row.failed - len(failed):,} more: `recto jobs export {job_id}` lists all.")


@jobs.command()
@job_argument
def pause(job_id: str) -> None:
    """Stop working on a job until it is resumed; what a worker holds is finished."""
    from recto_workers import bulk

    with connect(needs_workers=False) as session:
        bulk.pause(session.ledger, job_id)
    click.echo(f"Job {job_id} is paused.")


@jobs.command()
@job_argument
def resume(job_id: str) -> None:
    """Go on with a paused job."""
    from recto_workers import bulk

    with connect(needs_workers=False) as session:
        bulk.resume(session.ledger, job_id)
    click.echo(f"Job {job_id} goes on.")


@jobs.command()
@job_argument
def cancel(job_id: str) -> None:
    """Give a job up; what is searchable stays so."""
    from recto_workers import bulk

    with connect(needs_workers=False) as session:
        bulk.cancel(session.ledger, job_id)
    click.echo(f"Job {job_id} is cancelled.")


@jobs.command()
@job_argument
@click.option(
    "--item",
    "items",
    type=int,
    multiple=True,
    help="Only this item; `recto jobs show` names them. May repeat.",
)
@click.option("--stage", default="", help="Only items that failed at this stage: read, decode, cancelled ...")
def retry(job_id: str, items: Sequence[int], stage: str) -> None:
    """Work again on the failed items of a job: all, or some."""
    from recto_workers import bulk

    with connect(needs_workers=False) as session:
        count = bulk.retry(session.ledger, job_id, item_ids=items, stage=stage)
        session.wake_ingest()
    click.echo(f"{count:,} items wait again.")


@jobs.command()
@job_argument
@click.option(
    "--outcome", help="Only items with this outcome: failed, waiting, indexed, unchanged or checked."
)
@click.option(
    "--output",
    type=click.File("w", encoding="utf-8", lazy=True),
    default="-",
    help="File to write; - is stdout.",
)
def export(job_id: str, outcome: str | None, output: IO[str]) -> None:
    """Write the items of a job as CSV, the failed ones first."""
    from recto.ledger import Outcome
    from recto.ledger.validation import check_outcome
    from recto_workers import bulk

    chosen: Outcome | None = check_outcome(outcome) if outcome else None
    with connect(needs_workers=False) as session:
        for lines in bulk.export(session.ledger, job_id, chosen):
            output.write(lines)


@jobs.command()
def schema() -> None:
    """Print the JSON schema of the document that is dropped into the queue."""
    from recto.intake.bulk import SCHEMA

    click.echo(json.dumps(SCHEMA, indent=2))


def _job(session: Session, job_id: str) -> JobRow:
    from recto.errors import NotFound

    row = session.ledger.job(job_id)
    if row is None:
        raise NotFound(f"There is no job {job_id!r}.")
    return row


def _line(row: JobRow) -> str:
    from recto.intake.bulk.progress import progress

    now = progress(row)
    left = f", about {now.seconds_left:.0f} s left" if now.seconds_left is not None else ""
    counts = f"{now.done:,} of {now.expected:,} covers, {row.failed:,} failed"
    return f"{row.job_id}  {row.state:10} {counts}, {now.rate:.1f} a second{left}  {row.source}"


def _changes(row: JobRow) -> str:
    """Which fields of books that were there the job changes."""
    return changes(row.changed, bool((row.document or {}).get("options", {}).get("dry_run")))


def _wait(ledger: Ledger, job_id: str, *, quiet: bool) -> JobRow:
    from recto.intake.bulk.progress import progress

    with Progress("covers", quiet=quiet) as bar:
        while True:
            row = ledger.job(job_id)
            assert row is not None, "a job is never deleted"
            now = progress(row)
            bar.update(now.done, total=now.expected or None, failed=row.failed)
            if row.finished is not None or (row.state in OVER and not row.waiting):
                return row
            time.sleep(POLL_SECONDS)


def _end(row: JobRow, as_json: bool) -> None:
    click.echo(json.dumps(asdict(row)) if as_json else _line(row))
    if row.changed and not as_json:
        click.echo(_changes(row))
    if row.failed or row.state == "failed":
        raise SystemExit(EXIT_SOME_FAILED)


COMMANDS = (jobs,)
