"""The connection to a Qdrant server: opened from the settings, requests repeated where safe, also on another node."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import TypeVar

from qdrant_client import QdrantClient

from recto.errors import IndexFault, Unavailable
from recto.index.server_errors import CLIENT_ERRORS, Refusal, translated
from recto.index.server_node import Node
from recto.settings import Settings

LOG = logging.getLogger(__name__)
T = TypeVar("T")
PAUSES = (0.2, 0.8, 2.0)
"""Seconds before a request is made again: together as long as a server with few data takes to start again."""


class Connection:
    """Requests to the nodes of a server: each goes to one node, until that one does not answer."""

    def __init__(self, nodes: list[Node], seconds: float) -> None:
        self._nodes = nodes
        self._seconds = seconds
        self._closed = False
        # Processes begin with different nodes, so that all nodes share the work of distributing requests.
        self._current = os.getpid() % len(nodes)

    @classmethod
    def open(cls, settings: Settings) -> Connection:
        """Connect to the first node that answers.

        Raises:
            Unavailable: none does.
            BadSetting: a setting cannot be used, or the server refuses the key; the message names the variable.
            WrongFormat: the server's version cannot be used.
        """
        urls = settings.qdrant_url.split(",")
        if settings.qdrant_api_key and any(url.strip().startswith("http://") for url in urls):
            LOG.warning(
                "The key of the Qdrant server travels unencrypted; use https:// beyond a network of your own."
            )
        connection = cls([Node(url, settings) for url in urls], settings.qdrant_seconds)
        try:
            connection.call(lambda client: client.get_collections())
        except BaseException:
            connection.close()
            raise
        return connection

    def call(self, request: Callable[[QdrantClient], T], *, http: bool = False, again: bool = True) -> T:
        """The answer to a request. With `again` it is repeated when the server does not answer or fails, on the next
        node where there are several: only for what has the same effect twice. `http` keeps it from gRPC.
        """
        deadline = time.monotonic() + self._seconds
        for pause in (*PAUSES, None):
            number = self._current
            try:
                return self._try(self._nodes[number], request, http)
            except (Unavailable, IndexFault) as fault:
                if isinstance(fault, Unavailable) and len(self._nodes) > 1:
                    self._leave(number)
                if not again or isinstance(fault, Refusal) or self._closed:
                    raise
                if pause is None or time.monotonic() + pause > deadline:
                    raise
                LOG.info("%s Asking again in %.1f s.", fault, pause)
            time.sleep(pause)
        raise AssertionError("the last round returns or raises")

    def close(self) -> None:
        """Close all clients; requests under way end with `Unavailable`."""
        self._closed = True
        for node in self._nodes:
            node.close()

    def _try(self, node: Node, request: Callable[[QdrantClient], T], http: bool) -> T:
        if self._closed:
            raise _closed()
        try:
            return request(node.clients()[1 if http else 0])
        except CLIENT_ERRORS as error:
            if self._closed:
                raise _closed() from error
            raise translated(error, node.url) from error
        except (
            ValueError,
            RuntimeError,
        ) as error:  # what both clients raise after another thread closed them
            if self._closed:
                raise _closed() from error
            raise

    def _leave(self, number: int) -> None:
        """Go on with the next node, unless another thread did so already."""
        if self._current == number:
            self._current = (number + 1) % len(self._nodes)


def _closed() -> Unavailable:
    return Unavailable("The index was closed; this process is stopping.")
