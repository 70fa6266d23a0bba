"""What the collections on a server were made for, remembered for a while: it costs a request to ask."""

from __future__ import annotations

import threading
import time

from qdrant_client import models

from recto.errors import NotFound, WrongFormat
from recto.index.base import Layout
from recto.index.checks import lost_collection
from recto.index.server_connection import Connection

MEMORY_SECONDS = 60.0
"""A collection that another process dropped is noticed at its next use, by the server's answer; one that was made again
for other vectors by the server's refusal of the vectors, or after this time."""


class Layouts:
    """Layouts by name of collection. Every answer that contradicts one must be followed by `read`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Layout]] = {}

    def get(self, name: str) -> Layout:
        """As remembered, or as read.

        Raises:
            NotFound: there is no such collection.
            WrongFormat: Recto did not make it.
        """
        with self._lock:
            since, layout = self._known.get(name, (0.0, None))
        if layout is not None and time.monotonic() - since < MEMORY_SECONDS:
            return layout
        return self.read(name)

    def read(self, name: str) -> Layout:
        """Ask the server, and remember; raises like `get`."""
        self.forget(name)
        return self.remember(name, describe(self._connection, name))

    def remember(self, name: str, found: models.CollectionInfo) -> Layout:
        """The layout that a collection's description names."""
        facts = found.config.metadata
        if not facts:
            raise WrongFormat(
                f"The collection {name} does not say what it was made for: Recto did not make it. Delete it."
            )
        layout = Layout.from_json(facts)
        with self._lock:
            self._known[name] = (time.monotonic(), layout)
        return layout

    def forget(self, name: str) -> None:
        """Remember nothing of a collection."""
        with self._lock:
            self._known.pop(name, None)


def describe(connection: Connection, name: str) -> models.CollectionInfo:
    """What the server says of a collection; `NotFound` when it has none of that name."""
    try:
        return connection.call(lambda client: client.get_collection(name))
    except NotFound:
        raise lost_collection(name) from None
