"""The messages between the processes: names, queues and schemas of the tasks, and who sends them.

Light on purpose: the web server and the command line import it, and it imports neither torch nor the engine.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from recto.errors import BadInput, Unavailable
from recto.observe import context
from recto.settings import Settings
from recto_workers import heartbeat
from recto_workers.app import KEY_PREFIX, PRODUCER_SOCKET_SECONDS, connect, make_app

REQUEST_ID, SENT = "request_id", "recto_sent"
"""Headers of a message: the id of the request that it serves, one of its own where there is none; when it was sent."""

_IDENTIFIER = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"  # no slash: a staged file's name can never leave its folder
_IDENTIFIER_OR_EMPTY = rf"({_IDENTIFIER})?"


@dataclass(frozen=True)
class Task:
    """A task: its name, its queue and the pattern of each argument; all arguments are required strings."""

    name: str
    queue: str
    arguments: Mapping[str, str] = field(default_factory=dict)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments."""
        return {
            "type": "object",
            "properties": {
                name: {"type": "string", "pattern": f"^{pattern}$"}
                for name, pattern in self.arguments.items()
            },
            "required": list(self.arguments),
            "additionalProperties": False,
        }

    def check(self, arguments: Mapping[str, object]) -> None:
        """Raise `BadInput` unless the arguments follow the schema; sender and receiver both ask."""
        if arguments.keys() != self.arguments.keys():
            raise BadInput(f"{self.name} takes {sorted(self.arguments)}, not {sorted(arguments)}.")
        for name, pattern in self.arguments.items():
            value = arguments[name]
            if not isinstance(value, str) or not re.fullmatch(pattern, value):
                raise BadInput(f"{self.name}: {name}={value!r} is not usable.")


SEARCH = Task("recto.search", "search", {"search_id": _IDENTIFIER})
EVIDENCE = Task(
    "recto.evidence",
    "search",
    {"search_id": _IDENTIFIER, "photo": "[0-9]{1,2}", "cover_id": _IDENTIFIER},
)
INDEX = Task("recto.index", "index", {"staged_file": _IDENTIFIER})
DELETE = Task("recto.delete", "maintenance")
REBUILD = Task("recto.rebuild", "maintenance", {"encoder": _IDENTIFIER_OR_EMPTY})
INGEST = Task("recto.ingest", "ingest")
TASKS = (SEARCH, EVIDENCE, INDEX, DELETE, REBUILD, INGEST)

INDEX_QUEUES = ("search", "index", "maintenance")
"""Queues of the index process, the most urgent first."""

INGEST_QUEUES = ("ingest",)
"""Queues of the ingest processes."""

QUEUES = INDEX_QUEUES + INGEST_QUEUES

DOCUMENTS = ("jobs", "jobs:taken")
"""Redis lists of bulk jobs' documents: new ones, and those that are being taken in."""


class Producer:
    """Sends messages to the workers and reads what Redis knows of them. Thread-safe; connects on first use.

    Every method raises `Unavailable` within about two seconds when Redis does not answer.
    """

    def __init__(self, redis_url: str, settings: Settings) -> None:
        self._app = make_app(redis_url, socket_seconds=PRODUCER_SOCKET_SECONDS)
        self._client = connect(redis_url)
        self._search_seconds = settings.search_seconds

    def send_search(self, search_id: str) -> None:
        """Run a search of the ledger; the message expires when nobody waits for the answer any more."""
        self._send(SEARCH, expires=self._search_seconds, search_id=search_id)

    def send_evidence(self, search_id: str, photo: int, cover_id: str) -> None:
        """Compare a photo of a search with a cover; the message expires as that of a search does."""
        arguments = {"search_id": search_id, "photo": str(photo), "cover_id": cover_id}
        self._send(EVIDENCE, expires=self._search_seconds, **arguments)

    def send_index(self, staged_file: str) -> None:
        """Bring the vectors of a staged file into the index."""
        self._send(INDEX, staged_file=staged_file)

    def send_delete(self) -> None:
        """Remove the books that the ledger has marked as deleted from the index."""
        self._send(DELETE)

    def send_rebuild(self, encoder: str | None = None) -> None:
        """Build the index anew from ledger and blobs, with another encoder when one is named."""
        self._send(REBUILD, encoder=encoder or "")

    def wake_ingest(self, n: int = 0) -> None:
        """See to it that at least `n` wake-ups wait for ingest workers; 0: one for each worker that is ready.

        The ledger is the queue: a wake-up carries nothing, and more of them than workers would only pile up.
        """
        wanted = n or max(1, sum(beat.role == "ingest" for beat in self.alive()))
        for _ in range(wanted - self.depths()[INGEST.queue]):
            self._send(INGEST)

    def alive(self) -> list[heartbeat.Heartbeat]:
        """Worker processes that are ready."""
        return heartbeat.alive(self._client)

    def depths(self) -> dict[str, int]:
        """Messages that wait in each queue; those being worked on are not counted."""
        return self._lengths(QUEUES)

    def documents(self) -> dict[str, int]:
        """Documents of bulk jobs that wait in Redis (`jobs`), or are being taken in (`jobs:taken`)."""
        return self._lengths(DOCUMENTS)

    def close(self) -> None:
        """Close the connections."""
        self._app.close()
        self._client.close()

    def _lengths(self, lists: Sequence[str]) -> dict[str, int]:
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                for name in lists:
                    pipeline.llen(KEY_PREFIX + name)
                return dict(zip(lists, pipeline.execute(), strict=True))
        except (RedisError, OSError) as error:
            raise Unavailable(f"Redis does not answer ({error}).") from error

    def _send(self, task: Task, expires: float | None = None, **arguments: str) -> None:
        task.check(arguments)
        headers = {REQUEST_ID: context.request_id(context.current().get(REQUEST_ID, "")), SENT: time.time()}
        try:
            self._app.send_task(
                task.name, kwargs=arguments, queue=task.queue, expires=expires, headers=headers
            )
        except (OperationalError, RedisError, OSError) as error:
            raise Unavailable(
                f"Redis does not answer, so the workers could not be told ({error}). Is `recto up` running?"
            ) from error
