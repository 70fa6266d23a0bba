"""Messages: schemas, queues, and a Redis that does not answer."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from recto.errors import BadInput, Unavailable
from recto.settings import Settings
from recto_workers import messages
from recto_workers.app import connect
from recto_workers.messages import Producer
from recto_workers.redis_server import RedisServer

SENDS: list[Callable[[Producer], object]] = [
    lambda producer: producer.send_search("a"),
    lambda producer: producer.wake_ingest(),
    lambda producer: producer.send_index("a.npz"),
    lambda producer: producer.alive(),
    lambda producer: producer.depths(),
]


def test_each_message_waits_in_the_queue_of_its_task(producer: Producer) -> None:
    producer.send_search("5e4c")
    producer.send_evidence("5e4c", 0, "00000000-0000-4000-8000-000000000000")
    producer.send_index("c0ffee.npz")
    producer.send_delete()
    producer.send_rebuild("resnet50")
    producer.wake_ingest(2)
    assert producer.depths() == {"search": 2, "index": 1, "maintenance": 2, "ingest": 2}


def test_wake_ups_do_not_pile_up(producer: Producer) -> None:
    for _ in range(5):
        producer.wake_ingest(3)
        producer.wake_ingest()
    assert producer.depths()["ingest"] == 3


@pytest.mark.parametrize("name", ["../ledger.sqlite3", "/etc/passwd", "", "a/b.npz", "x" * 200])
def test_a_staged_file_outside_its_folder_is_refused_by_sender_and_schema(
    producer: Producer, name: str
) -> None:
    with pytest.raises(BadInput):
        producer.send_index(name)
    assert producer.depths()["index"] == 0


def test_a_message_with_missing_or_additional_arguments_is_refused() -> None:
    with pytest.raises(BadInput):
        messages.SEARCH.check({})
    with pytest.raises(BadInput):
        messages.SEARCH.check({"search_id": "a", "path": "b"})
    messages.SEARCH.check({"search_id": "a"})


def test_every_task_has_a_schema_that_allows_nothing_else() -> None:
    for task in messages.TASKS:
        schema = task.schema()
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])
        assert task.queue in messages.QUEUES


@pytest.mark.parametrize("send", SENDS)
def test_a_redis_that_is_down_is_told_at_once(settings: Settings, send: Callable[[Producer], object]) -> None:
    producer = Producer(f"unix://{settings.data_dir}/nobody.sock", settings)
    start = time.monotonic()
    with pytest.raises(Unavailable, match="Redis does not answer"):
        send(producer)
    assert time.monotonic() - start < 1.0


@pytest.mark.parametrize("send", SENDS[:2])
def test_a_redis_that_hangs_is_told_within_three_seconds(
    redis: RedisServer, producer: Producer, send: Callable[[Producer], object]
) -> None:
    producer.depths()  # connected before it hangs
    with connect(redis.url) as client:
        pid = client.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        with pytest.raises(Unavailable):
            send(producer)
        assert time.monotonic() - start < 3.0
    finally:
        os.kill(pid, signal.SIGCONT)
    assert set(producer.depths()) == set(messages.QUEUES)  # and it works again afterwards


@pytest.mark.chaos
def test_a_producer_goes_on_after_redis_was_killed_and_started_again(
    redis: RedisServer, producer: Producer
) -> None:
    producer.send_search("before")
    with connect(redis.url) as client:
        os.kill(client.info("server")["process_id"], signal.SIGKILL)
    while not redis.has_died():
        time.sleep(0.01)
    redis.start()
    producer.send_search("after")
    assert producer.depths()["search"] == 2  # the append-only file kept the first
