"""`recto reindex`: another encoder for the whole catalogue while searches go on, and the way back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from recto.errors import RectoError
from recto_web.cli.progress import Progress
from recto_web.cli.session import Session, connect

if TYPE_CHECKING:
    from recto.ledger import JobRow, KeptVersions, Ledger

EXIT_SOME_FAILED = 3
POLL_SECONDS = 0.5
LOST_SHOWN = 20
ASKED = "Asked for; a running `recto up` does it. `recto reindex status` shows what became of it."
no_wait_option = click.option(
    "--no-wait", is_flag=True, help="Only ask for it; a running `recto up` does the work."
)
failed_option = click.option(
    "--allow-failed",
    is_flag=True,
    help="Also when covers that are searchable now failed in the other version.",
)


@click.group(invoke_without_command=True)
@click.option("--encoder", help="Encoder to change to, as `recto encoders list` names it.")
@click.option(
    "--pca", type=click.IntRange(1), default=None, help="Project its embeddings to so many numbers."
)
@click.option(
    "--no-switch", is_flag=True, help="Build and check the version; `recto reindex switch` makes it live."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@no_wait_option
@click.pass_context
def reindex(
    context: click.Context, encoder: str | None, pca: int | None, no_switch: bool, yes: bool, no_wait: bool
) -> None:
    """Change the encoder while searches go on: build a second version, check it, switch to it.

    The version that was live is kept, and kept up to date, until `recto reindex prune`. Exit code 3: covers failed in
    the new version.
    """
    if context.invoked_subcommand is not None:
        return
    if encoder is None:
        raise click.UsageError("Name the encoder to change to: --encoder NAME (`recto encoders list`).")
    if not yes:
        click.confirm(
            f"Every cover is described again with {encoder}, and the index needs its room twice meanwhile; searches go "
            "on. Go on?",
            abort=True,
        )
    from recto.storage.blobs import open_blobs
    from recto_workers import actions

    with connect(needs_workers=not no_wait) as session:
        blobs = open_blobs(session.settings)
        job_id = actions.start_reindex(session.ledger, blobs, encoder, pca=pca or 0, switch=not no_switch)
        if no_wait:
            click.echo(f"Asked for as job {job_id}; `recto reindex status` shows its progress.")
            return
        _report(session.ledger, _follow(session.ledger, job_id))


@reindex.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Show which versions are kept, how far a re-index is, and which covers a switch would lose."""
    with connect(needs_workers=False) as session:
        kept = session.ledger.kept_versions()
        if as_json:
            click.echo(json.dumps(_facts(session.ledger, kept)))
            return
        for line in _lines(session.ledger, kept):
            click.echo(line)


@reindex.command()
@failed_option
@no_wait_option
def switch(allow_failed: bool, no_wait: bool) -> None:
    """Make the version that is ready live, after checking it once more."""
    _change("switch", allow_failed, no_wait)


@reindex.command()
@failed_option
@no_wait_option
def rollback(allow_failed: bool, no_wait: bool) -> None:
    """Go back to the version that was live before; nothing that was added since is lost."""
    _change("rollback", allow_failed, no_wait)


@reindex.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@no_wait_option
def prune(yes: bool, no_wait: bool) -> None:
    """Remove the version that was live before. There is no way back after that."""
    if not yes:
        click.confirm("After this there is no way back to the former version. Go on?", abort=True)
    from recto_workers import actions

    _drop(actions.prune, no_wait)


@reindex.command()
@no_wait_option
def cancel(no_wait: bool) -> None:
    """Give up the version that is being built, or is built and not live."""
    from recto_workers import actions

    _drop(actions.cancel, no_wait)


def _follow(ledger: Ledger, job_id: str) -> JobRow:
    """Show the progress of a re-index until its job ends."""
    with Progress("covers") as progress:
        while True:
            job = ledger.job(job_id)
            assert job is not None, "a job is never deleted while it runs"
            progress.update(job.covers - job.waiting, total=job.covers or None, failed=job.failed)
            if job.state in ("done", "failed"):
                return job
            time.sleep(POLL_SECONDS)


def _report(ledger: Ledger, job: JobRow) -> None:
    kept = ledger.kept_versions()
    if job.state == "failed":
        raise RectoError(job.reason)
    for line in _lines(ledger, kept):
        click.echo(line)
    if job.failed:
        raise SystemExit(EXIT_SOME_FAILED)


def _change(wanted: str, allow_failed: bool, no_wait: bool) -> None:
    """Ask for a switch or a rollback, and wait until it happened or was refused."""
    from recto_workers import actions

    action = {"switch": actions.switch, "rollback": actions.rollback}[wanted]
    with connect(needs_workers=not no_wait) as session:
        action(session.ledger, allow_failed=allow_failed)
        if no_wait:
            click.echo(ASKED)
            return
        kept = _wait(session, lambda kept: not kept.asked)
        if kept.other_state != "previous" or kept.trouble:
            raise RectoError(kept.trouble or "The version was dropped meanwhile.")
        assert kept.live is not None
        click.echo(f"{kept.live.encoder} (recipe {kept.live.recipe_id}) is live.")


def _drop(action: Callable[[Ledger], None], no_wait: bool) -> None:
    with connect(needs_workers=not no_wait) as session:
        action(session.ledger)
        if no_wait:
            click.echo(ASKED)
            return
        _wait(session, lambda kept: kept.other is None)
        click.echo("The other version is gone; searches go on in the live one.")


def _wait(session: Session, done: Callable[[KeptVersions], bool]) -> KeptVersions:
    """Wait until the index process has done it; what keeps it waiting is said once."""
    said = ""
    while not done(kept := session.ledger.kept_versions()):
        if kept.trouble and kept.trouble != said:
            click.echo(kept.trouble, err=True)
            said = kept.trouble
        time.sleep(POLL_SECONDS)
    return kept


def _lines(ledger: Ledger, kept: KeptVersions) -> list[str]:
    """What is kept, for people."""
    live = f"{kept.live.encoder} (recipe {kept.live.recipe_id})" if kept.live else "none yet"
    lines = [f"live      {live}"]
    if kept.asked == "begin":
        lines.append(f"asked     a re-index, job {kept.job_id}, which a running `recto up` begins")
    if kept.other is None:
        last = ledger.job(ledger.last_reindex())
        return [*lines, f"last      {last.reason}"] if last and last.reason and not kept.asked else lines
    lines.append(f"{kept.other_state:9} {kept.other.encoder} (recipe {kept.other.recipe_id})")
    if kept.job_id and (job := ledger.job(kept.job_id)) is not None:
        lines.append(
            f"job       {job.job_id} {job.state}: {job.covers - job.waiting} of {job.covers}, {job.failed} failed"
        )
    if kept.asked or kept.trouble:
        lines.append(f"waiting   {' '.join(part for part in (kept.asked, kept.trouble) if part)}")
    if kept.other_state in ("ready", "previous"):
        count, lost = ledger.lost_covers(LOST_SHOWN)
        lines += [
            f"lost      {each.cover.book_id} {each.cover.side}: {each.state}, {each.reason}" for each in lost
        ]
        if count > len(lost):
            lines.append(f"lost      ... and {count - len(lost)} more")
    return lines


def _facts(ledger: Ledger, kept: KeptVersions) -> dict[str, object]:
    """What is kept, for machines."""
    facts: dict[str, object] = asdict(kept)
    job = ledger.job(kept.job_id) if kept.job_id else None
    count, lost = ledger.lost_covers(LOST_SHOWN) if kept.other_state in ("ready", "previous") else (0, [])
    return {
        **facts,
        "job": asdict(job) if job else None,
        "lost": count,
        "lost_covers": [asdict(each) for each in lost],
    }


COMMANDS = (reindex,)
