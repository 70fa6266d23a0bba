"""The queue of bulk jobs: documents that anybody drops into a Redis list become jobs of the ledger, each exactly once.

    LPUSH recto:jobs DOCUMENT            by anybody
    BLMOVE recto:jobs recto:jobs:taken   so it is in one of the two lists at any moment
    mark it in `taken` with a new id     what it is called from now on, however often it is read there
    the job of this id into the ledger   one transaction; a job that is there already stays as it is
    LREM recto:jobs:taken                only now is it gone from Redis

Whoever dies in between leaves the entry in `taken`, where the next round finds it.
"""

from __future__ import annotations

import logging
import re
import threading
import uuid
from collections.abc import Callable
from typing import cast

from redis import Redis
from redis.exceptions import RedisError

from recto.errors import RectoError
from recto.ledger import Ledger
from recto_workers import bulk
from recto_workers.app import KEY_PREFIX
from recto_workers.redis_keys import mend_keys

QUEUE = KEY_PREFIX + "jobs"
TAKEN = KEY_PREFIX + "jobs:taken"
WAIT_SECONDS = 2.0
"""Longest wait for a document; shorter than what a client of a worker waits for an answer."""
TROUBLE_SECONDS = 2.0

_MARKED = re.compile(rb"recto-job ([0-9a-f]{16}) (.*)", re.DOTALL)
_MARK = """
local place = redis.call('LPOS', KEYS[1], ARGV[1])
if not place then return 0 end
redis.call('LSET', KEYS[1], place, ARGV[2])
return 1
"""
_log = logging.getLogger(__name__)


class Inbox(threading.Thread):
    """Takes documents until stopped. Any number of processes may do so on one Redis."""

    def __init__(self, client: Redis, ledger: Ledger, on_job: Callable[[], None]) -> None:
        """`client` must not decode responses: nobody knows what was dropped."""
        super().__init__(name="inbox", daemon=True)
        self._client = client
        self._mark = client.register_script(_MARK)
        self._ledger = ledger
        self._on_job = on_job
        self._stopped = threading.Event()

    def run(self) -> None:
        """Take what is there, then wait for more; what fails is tried again."""
        while not self._stopped.is_set():
            try:
                self.take()
            except (RectoError, RedisError, OSError) as error:
                _log.warning("The queue of jobs is tried again in %.0f s: %s", TROUBLE_SECONDS, error)
                mend_keys(self._client)
                self._stopped.wait(TROUBLE_SECONDS)

    def stop(self) -> None:
        """Stop after the document in hand."""
        self._stopped.set()
        self.join()

    def take(self, seconds: float = WAIT_SECONDS) -> None:
        """Accept what was left in `taken`, then one document more, for which it waits.

        Raises:
            Unavailable: the ledger does not answer; the entry stays in `taken`.
        """
        for left in reversed(cast("list[bytes]", self._client.lrange(TAKEN, 0, -1))):
            self._accept(left)
        whole = cast(
            "int", seconds
        )  # Redis takes parts of a second, the types of its client do not know that
        entry = cast("bytes | None", self._client.blmove(QUEUE, TAKEN, whole, src="RIGHT", dest="LEFT"))
        if entry is not None:
            self._accept(entry)

    def _accept(self, entry: bytes) -> None:
        try:
            self._enter(entry)
        except (RectoError, RedisError, OSError):
            raise
        except Exception:  # a document must neither end this thread nor hold up those behind it
            _log.exception("A document could not be taken in; it stays in %s", TAKEN)

    def _enter(self, entry: bytes) -> None:
        marked = entry if _MARKED.fullmatch(entry) else self._marked(entry)
        found = _MARKED.fullmatch(marked) if marked else None
        if marked is None or found is None:
            return  # another process was quicker
        name, document = found[1].decode(), found[2]
        _log.info("Drop %s is marked", name)
        job_id = bulk.accept(self._ledger, document, name)
        _log.info("Drop %s is job %s of the ledger", name, job_id)
        self._client.lrem(TAKEN, 1, cast("str", marked))
        _log.info("Drop %s is removed from the queue", name)
        self._on_job()

    def _marked(self, entry: bytes) -> bytes | None:
        """Give an entry of `taken` its id, in one step; None when it is there no more."""
        marked = b"recto-job " + uuid.uuid4().hex[:16].encode() + b" " + entry
        return marked if self._mark(keys=[TAKEN], args=[entry, marked]) else None
