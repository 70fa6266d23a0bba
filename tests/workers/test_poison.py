"""Garbage in every list and key that a worker reads: no worker dies of it, and searches are answered."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from redis import Redis
from tests.workers.running import Up, flush_redis, wait_until

from recto.errors import BadInput
from recto.ledger import Ledger
from recto.records import Where
from recto.settings import Settings
from recto_workers import envelopes
from recto_workers.instance import running
from recto_workers.messages import DOCUMENTS, QUEUES, TASKS, Producer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ANSWER_SECONDS = 5.0
ARGUMENTS = {"search_id": "5e4c", "staged_file": "a.npz", "encoder": "", "photo": "0", "cover_id": "c"}
DEEP = "[" * 100_000


def envelope(queue: str, body: Any = None, **changes: Any) -> dict[str, Any]:
    """An envelope as Celery writes it, for the first task of a queue."""
    task = next(task for task in TASKS if task.queue == queue)
    keywords = {name: ARGUMENTS[name] for name in task.arguments}
    plain = [[], keywords, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    identifier = str(uuid.uuid4())
    sound: dict[str, Any] = {
        "body": pack(plain if body is None else body),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"lang": "py", "task": task.name, "id": identifier, "retries": 0, "expires": None},
        "properties": {
            "delivery_tag": str(uuid.uuid4()),
            "delivery_info": {"exchange": "", "routing_key": queue},
            "body_encoding": "base64",
            "priority": 0,
        },
    }
    for name, value in changes.items():
        part, _, key = name.replace("_", "-").partition("--")
        place = sound[part] if key else sound
        key = key.replace("-", "_") or part
        if value is ...:
            del place[key]
        else:
            place[key] = value
    return sound


def pack(body: Any) -> str:
    return base64.b64encode((body if isinstance(body, str) else json.dumps(body)).encode()).decode()


def poisons(queue: str) -> dict[str, bytes]:
    """What lies in the list of a queue, by what is wrong with it."""
    plain: dict[str, bytes | str] = {
        "not JSON": "hello",
        "an empty text": "",
        "a list": "[]",
        "null": "null",
        "a number": "7",
        "a number of 5,000 digits": "7" * 5000,
        "a string": '"hello"',
        "an empty object": "{}",
        "deep": DEEP,
        "deep within an object": '{"body": ' + "[" * 5000,
        "not UTF-8": b'{"body": "\xff\xfe"}',
        "binary": bytes(range(256)) * 4,
        "a pickle": b"\x80\x04\x8c\x05posix\x8c\x06system\x93.",
        "huge": json.dumps({"body": "A" * 3_000_000}),
        "huge and sound": json.dumps(envelope(queue, headers__shadow="x" * 3_000_000)),
    }
    within: dict[str, dict[str, Any]] = {
        "an empty body": envelope(queue, ""),
        "no body": {**envelope(queue), "body": ""},
        "body missing": envelope(queue) | {"body": None},
        "body a number": envelope(queue) | {"body": 5},
        "body not base64": envelope(queue) | {"body": "%%%"},
        "body not JSON": envelope(queue, "hello"),
        "body deep": envelope(queue, "[" * 5000),
        "body an object": envelope(queue, {"task": "recto.search", "args": [], "kwargs": {}}),
        "body too short": envelope(queue, [[], {}]),
        "body of nulls": envelope(queue, [None, None, None]),
        "body encoded in no known way": envelope(queue, properties__body_encoding="rot13"),
        "properties missing": envelope(queue, properties=...),
        "properties null": envelope(queue, properties=None),
        "delivery tag missing": envelope(queue, properties__delivery_tag=...),
        "delivery tag a list": envelope(queue, properties__delivery_tag=[1]),
        "delivery information missing": envelope(queue, properties__delivery_info=...),
        "delivery information garbage": envelope(queue, properties__delivery_info="x"),
        "another routing key": envelope(queue, properties__delivery_info={"exchange": 5, "routing_key": "x"}),
        "reply to garbage": envelope(queue, properties__reply_to={"a": 1}),
        "priority garbage": envelope(queue, properties__priority=[]),
        "headers missing": envelope(queue, headers=...),
        "headers null": envelope(queue, headers=None),
        "headers a list": envelope(queue, headers=["task", "id"]),
        "task foreign": envelope(queue, headers__task="celery.chord"),
        "task a list": envelope(queue, headers__task=["recto.search"]),
        "task of another queue": envelope(queue, headers__task="recto.x"),
        "id missing": envelope(queue, headers__id=...),
        "id an object": envelope(queue, headers__id={}),
        "compressed in no known way": envelope(queue, headers__compression="application/x-nope"),
        "compressed but not": envelope(queue, headers__compression="application/x-gzip"),
        "expires garbage": envelope(queue, headers__expires="tomorrow"),
        "expires beyond all time": envelope(queue, headers__expires="9999-12-31T23:59:59-23:00"),
        "expires an object": envelope(queue, headers__expires={"a": 1}),
        "eta garbage": envelope(queue, headers__eta="tomorrow"),
        "eta far away": envelope(queue, headers__eta="2999-01-01T00:00:00+00:00"),
        "retries garbage": envelope(queue, headers__retries="many"),
        "time limit garbage": envelope(queue, headers__timelimit=5),
        "stamps garbage": envelope(queue, headers__stamps=5, headers__stamped_headers="x"),
        "arguments unknown": envelope(queue, [[], {"path": "/etc/passwd"}, {}]),
        "arguments without names": envelope(queue, [["a", "b"], {}, {}]),
        "arguments of wrong types": envelope(queue, [[], dict.fromkeys(ARGUMENTS, 5), {}]),
    }
    for kind in ("application/x-python-serialize", "application/x-yaml", "text/plain", "", None, [1], ...):
        within[f"content type {kind}"] = envelope(queue, content_type=kind)
    for coding in ("binary", "utf-16", "klingon", None, 7, ...):
        within[f"content encoding {coding}"] = envelope(queue, content_encoding=coding)
    for part in ("callbacks", "errbacks", "chain", "chord"):
        keywords = json.loads(base64.b64decode(envelope(queue)["body"]))[1]
        within[f"{part} garbage"] = envelope(queue, [[], keywords, {part: [{"task": 5}, "x"]}])
    found = {name: text if isinstance(text, bytes) else text.encode() for name, text in plain.items()}
    return found | {name: json.dumps(value).encode() for name, value in within.items()}


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """An instance that the tests of this file share."""
    folder = Path(tempfile.mkdtemp(prefix="recto-test-"))
    try:
        with Up(Settings(data_dir=folder, search_seconds=20.0)) as up:
            yield up
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def client(up: Up) -> Iterator[Redis]:
    instance = running(up.settings)
    assert instance is not None
    with Redis.from_url(instance.redis_url) as client:
        yield client


@pytest.fixture
def unharmed(up: Up) -> Iterator[Callable[[], None]]:
    """Checks that the workers are the ones of before, and answer."""
    before = {part: up.pid(part) for part in ("index", "ingest-1", "jobs")}
    assert None not in before.values()
    ledger = Ledger.open(up.settings)

    def check() -> None:
        answer_a_search(up, ledger)
        assert {part: up.pid(part) for part in before} == before, up.said()

    yield check
    ledger.close()


def answer_a_search(up: Up, ledger: Ledger) -> None:
    instance = running(up.settings)
    assert instance is not None
    producer = Producer(instance.redis_url, up.settings)
    search_id = ledger.create_search([(None, "0" * 32)], Where(), limit=5)
    producer.send_search(search_id)
    producer.close()

    def is_answered() -> bool:
        row = ledger.search(search_id)
        return row is not None and row.state == "failed"  # the photo does not exist, and the answer says so

    try:
        wait_until(is_answered, "the search is answered", seconds=ANSWER_SECONDS)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{up.said()}") from None


def test_no_envelope_in_any_queue_ends_a_worker(up: Up, client: Redis, unharmed: Callable[[], None]) -> None:
    for queue in QUEUES:
        found = poisons(queue)
        assert len(found) > 60
        for start in (0, 20, 40, 60):  # in portions, so that a failure names where to look
            client.lpush(f"recto:{queue}", *list(found.values())[start : start + 20])
        client.lpush(f"recto:{queue}\x06\x163", *list(found.values())[:20])  # lists of other priorities
    wait_until(lambda: not any(client.llen(f"recto:{queue}") for queue in QUEUES), "the queues are empty")
    unharmed()
    wait_until(lambda: not client.hlen("recto:unacked"), "nothing stays in hand", seconds=10)


def test_no_document_ends_the_jobs_process(up: Up, client: Redis, unharmed: Callable[[], None]) -> None:
    texts = [text for text in poisons("search").values() if len(text) < 300_000]
    for name in DOCUMENTS:
        client.lpush(f"recto:{name}", *texts, b"recto-job 0123456789abcdef hello", b"recto-job x y")
    wait_until(lambda: not any(client.llen(f"recto:{name}") for name in DOCUMENTS), "the lists are empty")
    unharmed()


def test_messages_in_hand_that_are_garbage_are_dropped_and_sound_ones_restored(
    up: Up, client: Redis, unharmed: Callable[[], None]
) -> None:
    long_ago = time.time() - 1000
    garbage: list[bytes] = list(poisons("search").values())[:15]
    held = [*garbage, *(json.dumps([json.loads(text), "", "search"]).encode() for text in garbage[2:5])]
    held += [json.dumps([envelope("search"), {"a": 1}, ["search"]]).encode(), DEEP.encode()]
    for number, text in enumerate(held):
        client.hset("recto:unacked", f"tag-{number}", text)
        client.zadd("recto:unacked_index", {f"tag-{number}": long_ago})
    client.zadd("recto:unacked_index", {b"\xff\xfe": long_ago, b"no message": long_ago})
    sound = json.dumps([envelope("ingest"), "", "ingest"])
    client.hset("recto:unacked", "sound", sound)
    client.zadd("recto:unacked_index", {"sound": long_ago - 1})
    client.sadd("recto:_kombu.binding.search", b"\xff", "x", "a\x06\x16b\x06\x16c\x06\x16d")
    wait_until(lambda: not client.zcard("recto:unacked_index"), "nothing stays in hand", seconds=20)
    assert not client.hlen("recto:unacked")
    unharmed()


def test_keys_of_another_type_are_taken_out_of_the_way(
    up: Up, client: Redis, unharmed: Callable[[], None]
) -> None:
    bindings = [f"_kombu.binding.{queue}" for queue in QUEUES]
    for kind in ("string", "stream"):
        for name in (*QUEUES, *DOCUMENTS, *bindings, "unacked", "unacked_index", "unacked_mutex", "sweep"):
            client.delete(f"recto:{name}")
            if kind == "string":
                client.set(f"recto:{name}", "mine")
            else:
                client.xadd(f"recto:{name}", {"a": "b"})
        time.sleep(1.2)  # longer than a worker waits for a message: it has met them
        unharmed()
        document = json.dumps({"recto": 1, "source": f"/nowhere/{kind}", "id": kind})
        wait_until(lambda: client.type("recto:jobs") in (b"list", b"none"), "the jobs are a list again")
        client.lpush("recto:jobs", document)
        wait_until(lambda: not client.exists("recto:jobs", "recto:jobs:taken"), "the document is taken")
    wait_until(lambda: client.get("recto:sweep") != b"mine", "the sweep works again", seconds=10)


def test_heartbeats_that_are_none_are_overlooked(client: Redis, unharmed: Callable[[], None], up: Up) -> None:
    beats: list[str | bytes] = [
        DEEP,
        "[]",
        "null",
        "{}",
        '{"role": 5}',
        b"\xff",
        json.dumps({"role": [], "name": "x"}),
    ]
    beats.append(
        json.dumps({name: [5] for name in ("role", "name", "host", "pid", "encoder", "queues", "since")})
    )
    for number, text in enumerate(beats):
        client.set(f"recto:worker:index:{number}", text)
    client.set(b"recto:worker:index:\xff", "x")
    client.hset("recto:worker:index:hash", "a", "b")
    time.sleep(1)  # the supervisor and whoever else reads them has
    unharmed()
    assert up.process.poll() is None
    flush_redis(up.settings)


@pytest.mark.chaos
def test_an_append_only_file_full_of_poison_still_starts(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, search_seconds=20.0)
    with Up(settings) as up:
        instance = running(settings)
        assert instance is not None
        with Redis.from_url(instance.redis_url) as client:
            for part in ("index", "ingest-1", "jobs"):
                pid = up.pid(part)
                assert pid is not None
                psutil.Process(pid).suspend()  # so that nobody takes the poison before all is killed
            for queue in QUEUES:
                client.lpush(f"recto:{queue}", *poisons(queue).values())
            client.set("recto:unacked", "mine")
            client.set("recto:unacked_index", "mine")
            client.set("recto:_kombu.binding.search", "mine")
            client.set("recto:jobs:taken", "mine")
            time.sleep(1.2)  # the file is synced every second
        up.process.kill()
        up.process.wait()
    with Up(settings) as up:
        before = {part: up.pid(part) for part in ("index", "ingest-1", "jobs")}
        ledger = Ledger.open(settings)
        instance = running(settings)
        assert instance is not None
        with Redis.from_url(instance.redis_url) as client:
            wait_until(
                lambda: not any(client.llen(f"recto:{queue}") for queue in QUEUES), "the queues are empty"
            )
        answer_a_search(up, ledger)
        assert {part: up.pid(part) for part in before} == before, up.said()
        ledger.close()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_what_celery_sends_for_us_passes(task: Any) -> None:
    keywords = {name: ARGUMENTS[name] for name in task.arguments}
    sound = envelope(task.queue, [[], keywords, {}], headers__task=task.name)
    rebuilt = json.loads(envelopes.rebuild(json.dumps(sound).encode(), task.queue))
    assert json.loads(base64.b64decode(rebuilt["body"]))[:2] == [[], keywords]
    assert rebuilt["headers"]["id"] == sound["headers"]["id"]
    again = json.loads(envelopes.rebuild(json.dumps(rebuilt).encode(), task.queue))
    assert again["headers"] == rebuilt["headers"]


_json = some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(max_size=20),
    lambda inner: (
        some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    raw=some.binary(max_size=200) | _json.map(lambda value: json.dumps(value).encode()), held=some.booleans()
)
def test_any_bytes_are_refused_with_a_sentence(raw: bytes, held: bool) -> None:
    with pytest.raises(BadInput):
        envelopes.check_held(raw) if held else envelopes.rebuild(raw, "search")


@settings(max_examples=300, deadline=None)
@given(
    place=some.sampled_from(["body", "headers", "properties", "content-type", "id", "task", "expires"]),
    value=_json,
)
def test_any_value_in_an_envelope_is_refused_or_left_out(place: str, value: Any) -> None:
    sound = envelope("search")
    (sound if place in sound else sound["headers"])[place] = value
    try:
        rebuilt = json.loads(envelopes.rebuild(json.dumps(sound).encode(), "search"))
    except BadInput:
        return
    assert json.loads(base64.b64decode(rebuilt["body"]))[1] == {"search_id": ARGUMENTS["search_id"]}
    known = {"lang", "task", "id", "expires", "retries", "request_id", "recto_sent"}
    assert rebuilt["headers"].keys() == known
