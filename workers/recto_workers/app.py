"""The Celery configuration that producers and workers share, and the addresses of Redis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

if TYPE_CHECKING:
    from celery import Celery

VISIBILITY_SECONDS = 120
"""A late-acknowledged message whose worker died is delivered again after this time; longer than any task."""

KEY_PREFIX = "recto:"
"""Prefix of every key, so that Recto can share a Redis with others."""

PRODUCER_SOCKET_SECONDS = 0.7
"""Longest wait of a producer for Redis to connect or answer; with its retries about 2 s in all (measured)."""

WORKER_SOCKET_SECONDS = 5.0
"""The same for workers, which may wait longer than a person does."""


def socket_url(path: Path) -> str:
    """Address of a Redis on a Unix socket, whatever its folders are called."""
    return f"unix://{quote(str(path))}"


def broker_url(redis_url: str) -> str:
    """Address of Redis in the spelling of Celery, which calls a `unix://` socket `redis+socket://`.

    It is read as redis-py reads it, so that messages and Recto's own keys never go to two places.
    """
    if not redis_url.startswith("unix://"):
        return redis_url
    read = parse_url(redis_url)  # type: ignore[no-untyped-call]
    login = (
        f"{quote(read.get('username', ''), '')}:{quote(read['password'], '')}@" if "password" in read else ""
    )
    return f"redis+socket://{login}{quote(read.get('path', ''))}?virtual_host={read.get('db', 0)}"


def connect(redis_url: str, seconds: float = PRODUCER_SOCKET_SECONDS) -> Redis:
    """A client for Recto's own keys (heartbeats, queue lengths, locks); it connects on first use."""
    return Redis.from_url(
        redis_url,
        decode_responses=True,
        encoding_errors="replace",  # anybody may have written there
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        # redis-py would retry three times with growing pauses; one immediate retry covers a restarted Redis.
        retry=Retry(NoBackoff(), 1),
    )


def make_app(redis_url: str, *, socket_seconds: float) -> Celery:
    """A Celery app without tasks: enough to send messages; `tasks.register` makes a worker's app of it."""
    # Loading Celery takes as long as all the rest of this module; health checks and readers of heartbeats need none.
    from celery import Celery
    from kombu.transport import TRANSPORT_ALIASES

    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "recto_workers.broker:Transport"))
    app = Celery("recto", broker=broker_url(redis_url), set_as_current=False)
    app.conf.update(_configuration(socket_seconds))
    return app


def _configuration(socket_seconds: float) -> dict[str, Any]:
    return {
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,  # results are records of the ledger
        "task_reject_on_worker_lost": True,
        "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.1},
        "worker_prefetch_multiplier": 1,
        "worker_enable_remote_control": False,
        "worker_hijack_root_logger": True,
        "worker_redirect_stdouts": False,
        # Workers wait for a restarting Redis without end; the supervisor brings it back. The policy above
        # bounds producers.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,  # the same when Redis refuses a command
        # With prefetch 1 there is nothing to reduce after a reconnection.
        "worker_enable_prefetch_count_reduction": False,
        "broker_transport_options": {
            "global_keyprefix": KEY_PREFIX,
            "queue_order_strategy": "priority",  # queues are served in the order of their names at the worker
            "priority_steps": [0],
            "visibility_timeout": VISIBILITY_SECONDS,
            # By default lost messages are looked for every 10 x 10 s: 100 s late, measured on Celery 5.7.
            "unacked_restore_interval": 3,
            "unacked_restore_throttle": 1,
            "socket_timeout": socket_seconds,
            "socket_connect_timeout": socket_seconds,
        },
    }
