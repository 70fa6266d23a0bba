"""Envelopes: how a message of ours lies in a Redis list, read as strictly as what a stranger sends.

kombu and Celery trust what they read from Redis: an envelope with an empty body ends the process, and then the next one
that reads it. So they get nothing of what lay there: an envelope is built anew from the few parts that were checked.
"""

from __future__ import annotations

import base64
import json
import math
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from recto.errors import BadInput
from recto_workers.messages import REQUEST_ID, SENT, TASKS, Task

LONGEST = 16_384
"""Bytes of an envelope; ours have about 1,500."""

_NO_SIGNATURES = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def rebuild(raw: bytes, queue: str) -> bytes:
    """The envelope as Celery may read it: the task, its checked arguments and what goes with them, nothing else.

    Raises:
        BadInput: it is no message of ours for this queue; the message says why and quotes nothing of it.
    """
    if len(raw) > LONGEST:
        raise BadInput(f"it has {len(raw):,} bytes, and {LONGEST:,} are the most")
    try:
        return _rebuild(json.loads(raw), queue)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise BadInput(f"it is no envelope ({type(error).__name__})") from None


def check_held(raw: bytes) -> None:
    """Check what Redis keeps of a message in the hands of a worker: `[envelope, exchange, queue]`.

    Raises:
        BadInput: as `rebuild` does.
    """
    try:
        envelope, _, queue = json.loads(raw)
        text = json.dumps(envelope)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput(f"it is no message in hand ({type(error).__name__})") from None
    rebuild(text.encode(), queue)


def _rebuild(envelope: Mapping[str, Any], queue: str) -> bytes:
    headers, form = envelope["headers"], (envelope["content-type"], envelope["content-encoding"])
    if form != ("application/json", "utf-8") or envelope["properties"]["body_encoding"] != "base64":
        raise BadInput("its body is not JSON in UTF-8 and base64")
    if headers.get("compression") is not None or headers.get("eta") is not None:
        raise BadInput("it is compressed or for later")
    task = _task(headers["task"], queue)
    arguments, keywords, _ = json.loads(base64.b64decode(envelope["body"], validate=True))
    if arguments != [] or not isinstance(keywords, dict):
        raise BadInput("its arguments have no names")
    try:
        task.check(keywords)
    except BadInput:
        raise BadInput(f"its arguments are not those of {task.name}") from None
    return json.dumps(
        {
            "body": base64.b64encode(json.dumps([[], keywords, _NO_SIGNATURES]).encode()).decode(),
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": _headers(task, headers),
            "properties": {
                "body_encoding": "base64",
                "delivery_tag": str(uuid.uuid4()),
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
            },
        }
    ).encode()


def _task(name: object, queue: str) -> Task:
    for task in TASKS:
        if (task.name, task.queue) == (name, queue):
            return task
    raise BadInput("it names no task of this queue")


def _headers(task: Task, headers: Mapping[str, Any]) -> dict[str, Any]:
    expires, sent = headers.get("expires"), headers.get(SENT)
    if expires is not None:
        expires = datetime.fromisoformat(expires).astimezone(UTC).isoformat()
    return {
        "lang": "py",
        "task": task.name,
        "id": str(uuid.UUID(headers["id"])),
        "expires": expires,
        "retries": 0,
        REQUEST_ID: str(headers.get(REQUEST_ID) or "")[:64],
        SENT: sent if isinstance(sent, float) and math.isfinite(sent) else None,
    }
