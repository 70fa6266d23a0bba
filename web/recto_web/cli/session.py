"""What commands share: settings, ledger and the way to the workers of the data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import click

from recto.errors import Unavailable
from recto.ledger import Ledger
from recto.settings import Settings
from recto_web.cli.extras import require
from recto_workers.instance import running, temporary
from recto_workers.messages import Producer


@dataclass(frozen=True)
class Session:
    """A command's view of the catalogue."""

    settings: Settings
    ledger: Ledger
    producer: Producer | None

    def wake_ingest(self) -> None:
        """Tell the ingest workers that there is work; without workers it waits in the ledger."""
        if self.producer is not None:
            self.producer.wake_ingest()


@contextmanager
def connect(*, needs_workers: bool) -> Iterator[Session]:
    """Open the ledger and reach the workers: of a running `recto up`, of the Redis that is named, else temporary ones.

    Raises:
        Unavailable: a Redis is named and no index worker answers there: whoever runs workers elsewhere wants those.
            Or the index process of the running `recto up` cannot start.
    """
    settings = Settings.from_environment()
    with ExitStack() as stack:
        instance = running(settings)
        if instance is None and needs_workers:
            if settings.redis_url:
                raise Unavailable(
                    "No index worker is ready at the Redis that RECTO_REDIS_URL names; `recto status` shows what runs."
                )
            require("worker")
            click.echo(
                "No `recto up` runs on this data folder; starting its parts for this command ...", err=True
            )
            instance = stack.enter_context(temporary(settings))
        if instance is not None and needs_workers and "index" in instance.troubles:
            raise Unavailable(f"The index process cannot start: {instance.troubles['index']}")
        ledger = Ledger.open(settings)
        stack.callback(ledger.close)
        yield Session(settings, ledger, Producer(instance.redis_url, settings) if instance else None)
