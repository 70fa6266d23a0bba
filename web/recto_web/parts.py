"""What the views work with: settings, ledger, blobs and the way to the workers, opened once per application."""

from __future__ import annotations

from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import cast

from flask import current_app

from recto.ledger import Ledger
from recto.settings import Settings
from recto.storage.blobs import Blobs
from recto_workers.messages import Producer
from recto_workers.overview import Watch

EXTENSION = "recto"


@dataclass(frozen=True)
class Parts:
    """The parts of Recto that the web server holds. Everything else runs in the workers."""

    settings: Settings
    ledger: Ledger
    blobs: Blobs
    producer: Producer
    waiting: BoundedSemaphore  # of requests that wait for the answer of a search
    watch: Watch  # what metrics are read from


def parts() -> Parts:
    """The parts of the application that serves this request."""
    return cast("Parts", current_app.extensions[EXTENSION])
