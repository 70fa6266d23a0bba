"""The types of Recto's keys in Redis, put right where somebody else wrote; everything else relies on them."""

from __future__ import annotations

import logging

from redis import Redis
from redis.exceptions import RedisError

from recto_workers.app import KEY_PREFIX
from recto_workers.messages import DOCUMENTS, QUEUES

ASIDE = KEY_PREFIX + "aside:"
"""What had the wrong type lies here under its name until the next one: perhaps somebody misses it."""

_TYPES = {
    **dict.fromkeys((*QUEUES, *DOCUMENTS), "list"),
    # kombu's own: messages in the hands of workers, and the bindings of queues
    "unacked": "hash",
    "unacked_index": "zset",
    **{f"_kombu.binding{kind}.{queue}": "set" for kind in ("", "_permanent") for queue in QUEUES},
}
_LOCKS = ("sweep", "unacked_mutex")

_MEND = """
local found = redis.call('TYPE', KEYS[1]).ok
if found == 'none' then return 0 end
if ARGV[1] == 'lock' then
    if redis.call('PTTL', KEYS[1]) == -1 then return redis.call('DEL', KEYS[1]) end
    return 0
end
if found == ARGV[1] then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
return 1
"""
_log = logging.getLogger(__name__)


def mend_keys(client: Redis) -> bool:
    """Move keys of the wrong type aside, and free locks that would never end; True when there was one.

    `client` adds no prefix to its keys. A Redis that does not answer is only told in the log.
    """
    wanted = {**_TYPES, **dict.fromkeys(_LOCKS, "lock")}
    try:
        with client.pipeline(transaction=False) as pipeline:
            for name, kind in wanted.items():
                pipeline.eval(_MEND, 2, KEY_PREFIX + name, ASIDE + name, kind)
            mended = [name for name, done in zip(wanted, pipeline.execute(), strict=True) if done]
    except (RedisError, OSError) as error:
        _log.info("The types of the keys in Redis could not be checked: %s", error)
        return False
    for name in mended:
        _log.error("The key %s in Redis was not Recto's; it was taken out of the way", KEY_PREFIX + name)
    return bool(mended)
