"""The way of messages from Redis to Celery: kombu's, behind a check that lets through only what is ours.

One place for all queues: whatever lies in Redis, no worker dies of reading it, and what was refused is gone from Redis.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from queue import Empty
from typing import Any

from kombu.transport import redis as kombu_redis
from redis import Redis
from redis.exceptions import ResponseError

from recto.errors import BadInput
from recto.observe import metrics
from recto_workers import envelopes
from recto_workers.messages import QUEUES
from recto_workers.redis_keys import mend_keys

SHOWN = 60
"""Bytes of a refused message that its log line shows."""

_log = logging.getLogger(__name__)


class Client(kombu_redis.PrefixedStrictRedis):
    """The client that takes messages from the lists."""

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        """As kombu's; a message that is not ours counts as none."""
        found = super().parse_response(connection, command_name, **options)
        if command_name != "BRPOP" or not found:
            return found
        key, raw = found
        queue = key.decode(errors="replace")
        try:
            return key, envelopes.rebuild(raw, queue)
        except BadInput as error:
            _refuse(raw, queue, error)
            return None


class QoS(kombu_redis.QoS):
    """Messages in the hands of this worker, kept in Redis until they are acknowledged."""

    channel: Channel

    def append(self, message: Any, delivery_tag: str) -> None:
        """Note a message that is begun."""
        self.channel.mending(super().append, message, delivery_tag)

    def restore_visible(self, *arguments: Any, **options: Any) -> None:
        """Queue again what workers held that died."""
        self.channel.mending(super().restore_visible, *arguments, **options)

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        """Queue a message again, or drop it for good when it is not ours."""
        with self.channel.conn_or_acquire(client) as connected:
            held = connected.hget(self.unacked_key, tag)
        try:
            if held:
                envelopes.check_held(held)
        except BadInput as error:
            _refuse(held, "unacked", error)
            self._remove_from_indices(tag).execute()
        else:
            super().restore_by_tag(tag, client, leftmost)


class Channel(kombu_redis.Channel):
    """A connection's view of the queues."""

    QoS = QoS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._mend()

    def mending(self, step: Callable[..., None], *arguments: Any, **options: Any) -> None:
        """Do a step, once more where a key of a wrong type was in its way."""
        try:
            step(*arguments, **options)
        except ResponseError:
            if not self._mend():
                raise
            step(*arguments, **options)

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except ResponseError:
            if not self._mend():
                raise
            raise Empty from None

    def _lookup(self, exchange: object, routing_key: object, default: object = None) -> list[Any]:
        """Queues of a message that is queued again: the one it came from, whatever the bindings in Redis say."""
        return [routing_key] if routing_key in QUEUES else []

    def _get_client(self) -> Callable[..., Client]:
        return functools.partial(Client, global_keyprefix=self.global_keyprefix)

    def _mend(self) -> bool:
        return mend_keys(Redis(connection_pool=self.pool))


class Transport(kombu_redis.Transport):
    """kombu's Redis transport with these channels; `make_app` registers it."""

    Channel = Channel


def _refuse(raw: bytes, queue: str, why: BadInput) -> None:
    metrics.MESSAGES_REFUSED.labels(queue=queue).inc()
    _log.error("A message in %s was refused and dropped: %s. It begins with %r", queue, why, raw[:SHOWN])
