"""Entry of the processes: `python -m recto_workers.run index|ingest|jobs [--name NAME]`, or `up [--no-web]`.

`recto worker` and `recto up` wrap it. On its own a worker serves any Redis and ledger that the settings name.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence

import click

from recto.errors import RectoError, Unavailable
from recto.observe import logs
from recto.settings import Settings
from recto_workers.instance import redis_url_of, running
from recto_workers.processes import set_threads


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one process until it is told to stop; its exit code says whether trying again makes sense."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environment()
        name = options.name or f"{options.role}-{os.getpid()}@{socket.gethostname()}"
        logs.configure(settings.log_format, name)
        if options.role == "up":
            from recto_workers.supervisor import up

            up(settings, web=not options.no_web, say=click.echo)
            return os.EX_OK
        return work(settings, options.role, name)
    except RectoError as error:
        click.echo(error, err=True)
        return os.EX_CONFIG if error.permanent else os.EX_TEMPFAIL


def work(settings: Settings, role: str, name: str) -> int:
    """Serve the queues of a role until SIGTERM or SIGINT; returns the exit code.

    Raises:
        Unavailable: no Redis is named and no `recto up` runs on the data folder, or the port for metrics is taken.
        InUse: another process holds the index.
        RecipeMismatch: the catalogue was indexed by other code or weights.
    """
    if not settings.redis_url and running(settings) is None:
        raise Unavailable(
            "There is no Redis to take work from: name one with RECTO_REDIS_URL, or start `recto up` first."
        )
    redis_url = redis_url_of(settings)
    if settings.metrics_port:
        from recto.observe import exposition

        exposition.serve(settings.metrics_host, settings.metrics_port)
    if role == "jobs":
        from recto_workers import jobs  # light: it loads neither torch nor the engine

        return jobs.serve(settings, redis_url, name)
    set_threads(settings.torch_threads, settings.ingest_workers if role == "ingest" else 1)
    from recto_workers.process import serve  # imports torch, which reads what was just set

    return serve(settings, redis_url, role, name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="recto_workers.run", description=__doc__)
    parser.add_argument("role", choices=("index", "ingest", "jobs", "up"))
    parser.add_argument(
        "--name", default="", help="name under which a worker holds its leases; keep it over restarts"
    )
    parser.add_argument("--no-web", action="store_true", help="up: leave the web server out")
    return parser


if __name__ == "__main__":
    sys.exit(main())
