"""Heartbeats: every worker process keeps a key with an expiry in Redis, so that others see who is ready."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from recto.errors import Unavailable
from recto_workers.app import KEY_PREFIX

BEAT_SECONDS = 2.0
EXPIRY_SECONDS = 15
"""A process counts as gone this long after its last beat; a call may hold the interpreter for seconds."""

_PREFIX = KEY_PREFIX + "worker:"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Heartbeat:
    """A worker process that is ready: it has loaded its models and takes messages."""

    role: str  # index, ingest or jobs
    name: str
    host: str
    pid: int
    encoder: str  # empty for one without a network
    queues: tuple[str, ...]
    since: float  # UTC epoch seconds at which it became ready
    recipes: tuple[str, ...] = ()  # versions that it has loaded
    waits: str = ""  # why its work waits, as a sentence

    @classmethod
    def of_this_process(cls, role: str, name: str, encoder: str, queues: Sequence[str]) -> Heartbeat:
        """The heartbeat of the calling process, ready since now."""
        return cls(role, name, socket.gethostname(), os.getpid(), encoder, tuple(queues), time.time())


def alive(client: Redis) -> list[Heartbeat]:
    """Worker processes that are ready, ordered by name.

    Raises:
        Unavailable: Redis does not answer.
    """
    try:
        keys = list(client.scan_iter(match=_PREFIX + "*", count=1000))
        texts = client.mget(keys) if keys else []
    except (RedisError, OSError) as error:
        raise Unavailable(f"Redis does not answer ({error}).") from error
    found = [beat for beat in map(_heartbeat, texts) if beat is not None]
    return sorted(found, key=lambda beat: beat.name)


def _heartbeat(text: str | bytes | None) -> Heartbeat | None:
    """A heartbeat as it was sent, perhaps by a later Recto; None for what is gone, or somebody else wrote."""
    try:
        # JSON knows no tuples.
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in json.loads(text or "{}").items()
            if name in Heartbeat.__dataclass_fields__
        }
        beat = Heartbeat(**values)
        texts = (beat.role, beat.name, beat.host, beat.encoder, beat.waits, *beat.queues, *beat.recipes)
        numbers = (beat.pid, beat.since)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    is_sound = all(isinstance(value, str) for value in texts) and all(
        isinstance(value, int | float) for value in numbers
    )
    return beat if is_sound else None


class Beating(threading.Thread):
    """Sends the heartbeat from a thread of its own, so also while a long task runs; `stop()` withdraws it."""

    def __init__(self, client: Redis, heartbeat: Heartbeat, waits: Callable[[], str] = str) -> None:
        """`waits` is asked at every beat why the work of this process waits."""
        super().__init__(name="heartbeat", daemon=True)
        self._client = client
        self._key = f"{_PREFIX}{heartbeat.role}:{heartbeat.name}"
        self._heartbeat = heartbeat
        self._waits = waits
        self._due = threading.Event()
        self._stopped = threading.Event()

    def run(self) -> None:
        """Beat until stopped; a Redis that is away is tried again at the next beat."""
        while not self._stopped.is_set():
            try:
                beat = replace(self._heartbeat, waits=self._waits())
                self._client.set(self._key, json.dumps(asdict(beat)), ex=EXPIRY_SECONDS)
            except (RedisError, OSError) as error:
                _log.warning("The heartbeat did not reach Redis: %s", error)
            self._due.wait(BEAT_SECONDS)
            self._due.clear()

    def serves(self, encoder: str, recipes: Sequence[str]) -> None:
        """Say from now on which encoder is live and which versions this process has loaded."""
        changed = replace(self._heartbeat, encoder=encoder, recipes=tuple(recipes))
        if changed != self._heartbeat:
            self._heartbeat = changed
            self._due.set()

    def stop(self) -> None:
        """Stop beating and remove the key, as far as Redis answers."""
        self._stopped.set()
        self._due.set()
        self.join()
        try:
            self._client.delete(self._key)
        except (RedisError, OSError) as error:
            _log.warning("The heartbeat stays until it expires: %s", error)
