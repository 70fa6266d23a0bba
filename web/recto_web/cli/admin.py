"""`recto settings`, `rebuild`, `doctor`: for those who run Recto."""

from __future__ import annotations

import json
import time

import click

from recto.errors import BadSetting
from recto.settings import Settings
from recto_web.cli.session import Session, connect


@click.command("settings")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_settings(as_json: bool) -> None:
    """Show every setting with its value, default and meaning."""
    rows = list(Settings.from_environment().describe())
    if as_json:
        names = ("name", "value", "default", "meaning")
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows]))
        return
    for name, value, default, sentence in rows:
        changed = "" if value == default else f"  (default: {default or 'empty'})"
        click.echo(f"{name} = {value or 'empty'}{changed}\n    {sentence}")


@click.command()
@click.option("--encoder", help="Encoder to change to (default: the one in use).")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rebuild(encoder: str | None, yes: bool) -> None:
    """Build the index anew from the ledger and the stored originals.

    Books are found again as their covers are done; progress stands on the page /jobs.
    """
    if not yes:
        click.confirm("Until it is done, searches find only what is already rebuilt. Go on?", abort=True)
    from recto.encoders import known_card
    from recto.storage.blobs import open_blobs
    from recto_workers.instance import running

    settings = Settings.from_environment()
    if encoder is not None:
        known_card(encoder, open_blobs(settings))  # an unknown name is told here, not in the log of a worker
    instance = running(settings)
    if instance is None or "index" in instance.troubles:  # perhaps it cannot start until this is done
        from recto.ledger import Ledger
        from recto.upkeep.maintenance import prepare_rebuild

        ledger = Ledger.open(settings)
        job_id = prepare_rebuild(settings, ledger, encoder)
        ledger.close()
        click.echo(f"Queued as job {job_id}; the index process does it at its next start.")
        return
    with connect(needs_workers=False) as session:
        assert session.producer is not None
        before = {job.job_id for job in session.ledger.jobs(1, 20).items}
        session.producer.send_rebuild(encoder)
        click.echo(f"Started as job {_new_job(session, before)}; `recto status` shows its progress.")


def _new_job(session: Session, before: set[str], patience: float = 60.0) -> str:
    from recto.errors import Unavailable

    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        for job in session.ledger.jobs(1, 20).items:
            if job.job_id not in before and job.kind == "rebuild":
                return job.job_id
        time.sleep(0.2)
    raise Unavailable("The index process did not begin the rebuild; its log in the data folder says why.")


@click.command()
def doctor() -> None:
    """Check that everything Recto needs is there, and say what to do about what is not.

    Exit code 1: something is missing.
    """
    from recto_web.cli.checks import CHECKS

    bad = 0
    try:
        settings = Settings.from_environment()
    except BadSetting as error:
        click.echo(f"bad   settings: {error}")
        raise SystemExit(1) from None
    for name, check in CHECKS.items():
        problem, detail = check(settings)
        bad += bool(problem)
        click.echo(f"{'bad ' if problem else 'good'}  {name}: {problem or detail}")
    if bad:
        raise SystemExit(1)


COMMANDS = (show_settings, rebuild, doctor)
