"""Handing a search to the workers and waiting a moment for its answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from werkzeug.exceptions import TooManyRequests

from recto.errors import Unavailable
from recto.ledger import SearchRow
from recto.ledger.key_tokens import keys_are_required
from recto.records import Side, Where
from recto_web.parts import parts
from recto_workers.instance import running

T = TypeVar("T")
WAIT_SECONDS = 2.0
"""How long a request waits for the answer before it says where the answer will be."""
POLL_SECONDS = 0.03
RETRY_SECONDS = 1
"""Seconds after which a caller that was told to wait asks again."""
QUEUE_LIMIT = 64
"""Searches that may wait in the queue: at 0.3 s each they still fit in the 30 s after which a search is given up."""


def send(photos: Sequence[tuple[Side | None, bytes]], where: Where, limit: int) -> str:
    """Store the photos and hand the search over; returns its id.

    Raises:
        Unavailable: no worker can answer at present.
        TooManyRequests: more searches wait than can be answered.
    """
    if reason := trouble():
        raise Unavailable(reason)
    if parts().producer.depths()["search"] >= QUEUE_LIMIT:
        raise TooManyRequests
    names = [(side, parts().blobs.put_incoming(data)) for side, data in photos]
    search_id = parts().ledger.create_search(names, where, limit)
    try:
        parts().producer.send_search(search_id)
    except Unavailable as error:
        parts().ledger.fail_search(search_id, str(error))
        raise
    return search_id


def wait_for(search_id: str) -> SearchRow:
    """The search, once it is answered or `WAIT_SECONDS` are over."""

    def look() -> SearchRow:
        row = parts().ledger.search(search_id)
        assert row is not None, "a search that was just created"
        return row

    return wait_until(look, lambda row: row.state != "pending")


def wait_until(look: Callable[[], T], settled: Callable[[T], bool]) -> T:
    """What `look` sees, once it is settled or `WAIT_SECONDS` are over.

    At most half of the threads wait at a time, so that pages are served under any load.
    """
    may_wait = parts().waiting.acquire(blocking=False)
    deadline = time.monotonic() + (WAIT_SECONDS if may_wait else 0.0)
    try:
        while True:
            seen = look()
            if settled(seen) or time.monotonic() > deadline:
                return seen
            time.sleep(POLL_SECONDS)
    finally:
        if may_wait:
            parts().waiting.release()


def trouble() -> str:
    """Why no search can be answered at present; empty when all is well."""
    try:
        ready = any(beat.role == "index" for beat in parts().producer.alive())
    except Unavailable:
        return (
            "Searching is paused: the message queue (Redis) does not answer. The catalogue can be read meanwhile. "
            "If it lasts, start `recto up` again."
        )
    if ready:
        return ""
    instance = running(parts().settings)
    if instance is not None and "index" in instance.troubles:
        # Its words may name folders of this machine.
        why = "" if keys_are_required(parts().settings) else f" ({instance.troubles['index']})"
        return (
            f"Searching is not available: the search worker cannot start{why}. It is tried again; `recto status` shows "
            "it, and the end of its log in the data folder says why. The catalogue can be read meanwhile."
        )
    return (
        "Searching is paused: the search worker is not ready. After a start it loads its network for some seconds. "
        "The catalogue can be read meanwhile."
    )
