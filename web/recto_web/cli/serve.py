"""`recto up`, `demo`, `web` and `worker`: what runs until it is stopped."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import sys
import threading
import time
from pathlib import Path

import click

from recto.errors import BadInput, RectoError
from recto.settings import Settings
from recto_web.cli.extras import require
from recto_web.cli.progress import Progress

POLL_SECONDS = 0.2
DEMO_KEY = "demo"
"""Fact in the ledger that marks a catalogue as the demo's own."""

port_option = click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of the web server (RECTO_PORT)."
)


@click.command()
@port_option
def up(port: int | None) -> None:
    """Run everything on the data folder until Ctrl-C: Redis, index process, ingest processes, web server."""
    from recto_workers import supervisor

    require("web", "worker")
    supervisor.up(_settings(port), say=click.echo)


@click.command()
@port_option
def demo(port: int | None) -> None:
    """Draw a shelf of books, ingest it, and serve it with ready photos to search. Needs no download.

    It wants a data folder of its own; done again, it goes on where it left off.
    """
    from recto_workers import supervisor

    require("web", "worker", "demo")
    settings = _settings(port)
    job_id = _stock(settings)
    threading.Thread(target=_welcome, args=(settings, job_id), name="welcome", daemon=True).start()
    supervisor.up(settings, say=click.echo)


@click.command()
@port_option
def web(port: int | None) -> None:
    """Run the web server alone; workers run elsewhere (RECTO_REDIS_URL, or the `recto up` of the folder)."""
    from recto_workers.instance import redis_url_of, run_dir
    from recto_workers.parts import check_keys, listen, web_part, web_url
    from recto_workers.processes import leave_lost_folder

    settings = _settings(port)
    check_keys(settings)
    listening = listen(settings.host, settings.port)
    folder = run_dir(settings)
    part = web_part(settings, redis_url_of(settings), listening, folder / "logs")
    leave_lost_folder(folder)
    os.set_inheritable(listening.fileno(), True)
    click.echo(f"Serving {web_url(listening)}. Ctrl-C stops it.")
    os.execvpe(part.program[0], list(part.program), {**os.environ, **part.environment})  # noqa: S606


@click.command()
@click.argument("role", type=click.Choice(["index", "ingest", "jobs"]))
@click.option(
    "--name", default="", help="Name under which the worker holds its leases; keep it over restarts."
)
def worker(role: str, name: str) -> None:
    """Run one worker process alone: `index` searches, `ingest` describes covers, `jobs` lists bulk jobs."""
    from recto_workers import run

    raise SystemExit(run.main([role, "--name", name]))


def _settings(port: int | None) -> Settings:
    settings = Settings.from_environment()
    return dataclasses.replace(settings, port=port) if port else settings


def _stock(settings: Settings) -> str:
    """Draw the shelf and acknowledge it, unless that was done before; returns the job.

    Raises:
        BadInput: the data folder holds a catalogue that is not the demo's.
    """
    from recto.intake.manifest import read_manifest
    from recto.intake.take_in import take_in
    from recto.ledger import Ledger
    from recto.storage.blobs import open_blobs
    from recto_lab.synthetic import demo as shelf

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    ledger = Ledger.open(settings)
    try:
        job_id = ledger.get_value(DEMO_KEY)
        if job_id:
            return job_id
        if job_id is None and ledger.browse(page=1, page_size=1).total:
            raise BadInput(
                f"{settings.data_dir} holds a catalogue of your own; "
                "name another folder for the demo with RECTO_DATA_DIR."
            )
        ledger.set_value(DEMO_KEY, "")  # from here on the folder is the demo's, also when this is interrupted
        with Progress("drawing books") as progress:
            manifest = shelf.prepare(
                settings.data_dir, lambda done, total: progress.update(done, total=total)
            )
        job_id = ledger.create_job("ingest", "the drawn shelf")
        for _ in take_in(settings, ledger, open_blobs(settings), job_id, read_manifest(manifest)):
            pass
        ledger.set_value(DEMO_KEY, job_id)
        return job_id
    finally:
        ledger.close()


def _welcome(settings: Settings, job_id: str) -> None:
    """Wait in the background until the parts run and the shelf is indexed, then say how to use it."""
    from recto.ledger import Ledger
    from recto_workers.instance import running

    while (instance := running(settings)) is None:
        time.sleep(POLL_SECONDS)
    ledger = Ledger.open(settings)
    try:
        with Progress("indexing covers") as progress:
            while (job := ledger.job(job_id)) is not None and job.state not in ("done", "failed"):
                progress.update(job.covers - job.waiting, total=job.covers, failed=job.failed)
                time.sleep(POLL_SECONDS)
        books = ledger.browse(page=1, page_size=1).total
    except RectoError as error:
        click.echo(f"recto: {error}", err=True)
        return
    finally:
        ledger.close()
    click.echo(f"\n{books} books are ready to be found at {instance.web_url}\n")
    for line in _lines_to_try(settings.data_dir, instance.web_url):
        click.echo(f"  {line}")
    click.echo()


def _lines_to_try(data_dir: Path, web_url: str) -> tuple[str, str]:
    """A search by curl and one by the command, to be pasted into a shell."""
    photo = str(data_dir / "examples" / "front.jpg")
    for_curl = photo.replace("\\", "\\\\").replace(
        '"', '\\"'
    )  # within quotes `;` and `,` are its own no more
    form = f"photo=@{photo}" if re.fullmatch(r"[\w/.-]+", photo) else f'photo=@"{for_curl}"'
    program = str(Path(sys.executable).parent / "recto")
    return (
        f"curl -sL -H 'Accept: application/json' -F {shlex.quote(form)} {web_url}/search",
        f"RECTO_DATA_DIR={shlex.quote(str(data_dir))} {shlex.join((program, 'search', photo))}",
    )


COMMANDS = (up, demo, web, worker)
