"""Redis and messages of data folders of any name: redis-server, redis-py and Celery mean one and the same socket."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from kombu.connection import Connection
from redis import Redis
from tests.support.odd_names import ALL_IN_ONE, ODD_NAMES, any_name, unhurried

from recto.settings import Settings
from recto_workers.app import broker_url, socket_url
from recto_workers.instance import redis_url_of, run_dir
from recto_workers.messages import Producer
from recto_workers.redis_server import LONGEST_SOCKET_PATH, RedisServer, socket_path

pytestmark = pytest.mark.slow

NOT_UTF8 = os.fsdecode(b"\xff\xfe")


@pytest.mark.parametrize("name", [*ODD_NAMES, ALL_IN_ONE, "a\nb", NOT_UTF8], ids=ascii)
def test_a_message_arrives_where_the_keys_are(data_dir: Path, name: str) -> None:
    settings = Settings(data_dir=data_dir / name)
    folder = run_dir(settings)
    server = RedisServer(folder, folder / "logs" / "redis.log")
    server.start()
    try:
        assert redis_url_of(settings) == server.url  # as a command finds it that knows the folder alone
        producer = Producer(server.url, settings)
        producer.send_search("5e4c")  # by Celery
        assert producer.depths()["search"] == 1  # by redis-py
        producer.close()
        assert any((folder / "redis").iterdir())
    finally:
        server.stop()
    assert [path.name for path in data_dir.iterdir()] == [name]


def test_the_sockets_of_two_folders_with_a_question_mark_are_two(data_dir: Path) -> None:
    urls = {redis_url_of(Settings(data_dir=data_dir / name)) for name in ("w", "w?1", "w?2", "w#1")}
    assert len({(path_of_redis_py(url), path_of_celery(url)) for url in urls}) == 4


@unhurried
@given(any_name)
def test_redis_py_and_celery_read_the_same_path(name: str) -> None:
    path = Path("/run", name, "redis.sock")
    assert path_of_redis_py(socket_url(path)) == path_of_celery(socket_url(path)) == str(path)


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("unix:///run/a b#.sock", ("/run/a b", 0, None, None)),
        ("unix:///run/p%2541z.sock?db=3", ("/run/p%41z.sock", 3, None, None)),
        ("unix:///run/x.sock?password=s%26%23", ("/run/x.sock", 0, None, "s&#")),
        ("unix://me:a%40b@/run/x.sock?db=2", ("/run/x.sock", 2, "me", "a@b")),
    ],
)
def test_an_address_that_is_named_means_the_same_to_both(url: str, read: tuple[object, ...]) -> None:
    options = Redis.from_url(url).connection_pool.connection_kwargs
    assert tuple(options.get(key, 0 if key == "db" else None) for key in KEYS) == read
    options = parameters_of_celery(url)
    assert (options["path"], options["db"], options["username"] or None, options["password"]) == read


def test_a_temporary_folder_with_a_long_path_does_not_keep_redis_from_its_socket(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(data_dir / ("t" * 120)))
    path = socket_path(data_dir / ("n" * 200) / "run")
    path.parent.rmdir()
    assert len(os.fsencode(path)) <= LONGEST_SOCKET_PATH


KEYS = ("path", "db", "username", "password")


def path_of_redis_py(url: str) -> str:
    """The socket that Recto's own keys go to."""
    return str(Redis.from_url(url).connection_pool.connection_kwargs["path"])


def path_of_celery(url: str) -> str:
    """The socket that messages go to."""
    return str(parameters_of_celery(url)["path"])


def parameters_of_celery(url: str) -> dict[str, object]:
    """How kombu, below Celery, connects; asked without a connection."""
    from kombu.transport.redis import Channel

    class Asked(Channel):
        def __init__(self, connection: Connection) -> None:
            self.connection = connection.transport

        def __del__(self, *_: object) -> None:
            pass

    parameters: dict[str, object] = Asked(Connection(broker_url(url)))._connparams()  # type: ignore[no-untyped-call]
    return parameters
