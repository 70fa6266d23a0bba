"""`recto status`: what runs, what waits and for how long, what failed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recto.calibration import DEFAULT, Calibration
from recto.ledger import JobRow, LedgerOverview
from recto_web.cli.session import Session, connect
from recto_web.presenters import calibration as calibration_words
from recto_web.presenters.words import ago, count, duration, rate
from recto_workers.instance import running
from recto_workers.overview import Overview, look

LATEST_JOBS = 5
GIB = 1024**3
ODD, BAD = "yellow", "red"


@dataclass(frozen=True)
class Line:
    """A line of the answer for people."""

    name: str
    text: str
    style: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Show which parts run, what waits and for how long, what failed, the versions of the index and the latest jobs."""
    with connect(needs_workers=False) as session:
        overview = look(session.settings, session.ledger, session.producer)
        jobs = session.ledger.jobs(1, LATEST_JOBS).items
        facts = _facts(session, overview, jobs)
        runs = session.producer is not None
        troubles = _troubles(session)
        used = _calibration(session, overview)
    if as_json:
        click.echo(
            json.dumps({**facts, "troubles": troubles, "calibration": used.to_json() if used else None})
        )
        return
    table = Table.grid("name", "what", padding=(0, 2))
    found = [Line("part", f"'{name}' cannot start: {reason}", BAD) for name, reason in troubles.items()]
    for line in (*found, *_lines(overview, jobs, runs), *_calibration_lines(used, overview)):
        table.add_row(line.name, Text(line.text, line.style))
    console = Console()
    console.print(Text(facts["data_dir"], "bold"), soft_wrap=True)
    console.print(table)


def _troubles(session: Session) -> dict[str, str]:
    """Parts that cannot start, each with its last words."""
    instance = running(session.settings)
    return dict(instance.troubles) if instance else {}


def _facts(session: Session, overview: Overview, jobs: tuple[JobRow, ...]) -> dict[str, Any]:
    versions, ledger = overview.versions, overview.ledger
    covers = ledger.covers if ledger else session.ledger.queue_counts()
    return {
        "data_dir": str(session.settings.data_dir),
        "running": session.producer is not None,
        "live": asdict(versions.live) if versions and versions.live else None,
        "workers": [asdict(worker) for worker in overview.workers or ()],
        "covers": {state.value: number for state, number in covers.items()},
        "jobs": [asdict(job) for job in jobs],
        "versions": asdict(versions) if versions else None,
        "queues": overview.queues,
        "job_documents": overview.documents,
        "disk": asdict(overview.disk) if overview.disk else None,
        **(_more_facts(ledger) if ledger else {}),
    }


def _more_facts(ledger: LedgerOverview) -> dict[str, Any]:
    return {
        "books": ledger.books,
        "other_covers": {state.value: number for state, number in ledger.other_covers.items()},
        "oldest_waiting_seconds": {state.value: age for state, age in ledger.oldest_waiting.items()},
        "indexed_per_second": ledger.indexed_per_second,
        "failed_by_stage": dict(ledger.failed_by_stage),
        "searches_waiting": ledger.searches_waiting,
    }


def _lines(overview: Overview, jobs: tuple[JobRow, ...], runs: bool) -> Iterator[Line]:
    yield from _parts(overview, runs)
    if overview.queues is not None:
        waiting = {**overview.queues, **(overview.documents or {})}
        yield Line("messages", _counted(waiting) or "none waits")
    if overview.ledger is not None:
        yield from _catalogue(overview.ledger)
    yield from _versions(overview)
    for job in jobs:
        yield Line("job", _job(job), BAD if job.failed else "")
    if overview.disk is not None:
        yield Line("disk", f"{overview.disk.free / GIB:.1f} of {overview.disk.total / GIB:.0f} GiB free")


def _parts(overview: Overview, runs: bool) -> Iterator[Line]:
    if not runs:
        yield Line("parts", "nothing runs; start it with `recto up`", ODD)
    elif overview.workers is None:
        yield Line("parts", "Redis does not answer", BAD)
    for worker in overview.workers or ():
        yield Line("worker", f"{worker.name}, process {worker.pid}, ready {ago(worker.since)}")
        if worker.waits:
            yield Line("waits", f"The work of {worker.name} waits: {worker.waits}", BAD)


def _catalogue(ledger: LedgerOverview) -> Iterator[Line]:
    yield Line("books", f"{ledger.books:,}")
    for state, number in ledger.covers.items():
        age = ledger.oldest_waiting.get(state)
        since = f", the oldest for {duration(age)}" if age is not None else ""
        if number:
            yield Line("covers", f"{number:,} {state.value}{since}")
    if ledger.indexed_per_second:
        yield Line("rate", f"{rate(ledger.indexed_per_second)} in the last minute")
    if ledger.failed_by_stage:
        yield Line("failed", _counted(ledger.failed_by_stage), BAD)
    if ledger.searches_waiting:
        oldest = duration(ledger.oldest_search)
        yield Line("searches", f"{ledger.searches_waiting} waiting, the oldest for {oldest}")


def _versions(overview: Overview) -> Iterator[Line]:
    versions = overview.versions
    if versions is None or versions.live is None:
        yield Line("index", "no version yet")
        return
    yield Line("index", f"{versions.live.encoder} is live (recipe {versions.live.recipe_id})")
    if versions.other is not None:
        name = f"{versions.other.encoder} is {versions.other_state} (recipe {versions.other.recipe_id})"
        covers = overview.ledger.other_covers if overview.ledger else {}
        yield Line("index", f"{name}: {_counted({state.value: covers[state] for state in covers})}")
    if versions.trouble:
        yield Line("index", versions.trouble, ODD)


def _calibration(session: Session, overview: Overview) -> Calibration | None:
    """What answers of the live version are calibrated by; None without one."""
    live = overview.versions.live if overview.versions else None
    return (session.ledger.calibration(live.recipe_id) or DEFAULT) if live else None


def _calibration_lines(used: Calibration | None, overview: Overview) -> Iterator[Line]:
    live = overview.versions.live if overview.versions else None
    if used is not None and live is not None:
        style = "" if used.fits(live.recipe_id) else ODD
        yield Line("sureness", calibration_words.of_index(used, live.recipe_id), style)


def _job(job: JobRow) -> str:
    done, failed = job.covers - job.waiting, f", {job.failed:,} failed" if job.failed else ""
    return f"{job.job_id} {job.kind} {job.state}: {done:,} of {count(job.covers, 'cover')}{failed}"


def _counted(numbers: Mapping[str, int]) -> str:
    """What is not zero: `12 decode, 3 quarantine`."""
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)


COMMANDS = (status,)
