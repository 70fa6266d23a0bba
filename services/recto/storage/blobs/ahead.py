"""Originals fetched a little ahead of their use, so that an object store's latency hides behind the decoding."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from recto.errors import NotFound, Refused
from recto.storage.blobs.base import Blobs, Content

AHEAD = 4
"""Originals on their way at a time: 4 of the largest kind (20 MiB) are 80 MiB, and 4 requests of 20 ms each bring 200
a second, more than one process decodes (reasoned, not measured)."""


def fetched(blobs: Blobs, sha256s: Iterable[str]) -> Iterator[Content | Refused]:
    """The originals in order; a refusal in the place of one that is not there."""
    waiting: deque[Future[Content | Refused]] = deque()
    with ThreadPoolExecutor(AHEAD, "fetch") as threads:
        for sha256 in sha256s:
            waiting.append(threads.submit(_source, blobs, sha256))
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _source(blobs: Blobs, sha256: str) -> Content | Refused:
    try:
        return blobs.source(sha256)
    except NotFound as error:
        return Refused("missing", str(error))
