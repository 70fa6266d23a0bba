"""The redis-server child: found, started on a socket, never kept from starting by its own files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from recto.settings import Settings
from recto_workers.app import connect
from recto_workers.instance import run_dir
from recto_workers.redis_server import LONGEST_SOCKET_PATH, RedisServer, find_redis_server


def test_a_redis_server_is_found_and_can_be_run() -> None:
    assert os.access(find_redis_server(), os.X_OK)


def test_it_listens_on_a_socket_of_this_user_and_on_no_port(redis: RedisServer) -> None:
    with connect(redis.url) as client:
        configuration = {**client.config_get("port"), **client.config_get("appendonly")}
    assert configuration == {"port": "0", "appendonly": "yes"}
    path = Path(redis.url.removeprefix("unix://"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_what_waits_survives_a_clean_restart(redis: RedisServer) -> None:
    with connect(redis.url) as client:
        client.set("kept", "yes")
        redis.stop()
        redis.start()
        assert client.get("kept") == "yes"


@pytest.mark.parametrize("damage", ["garbage", "half a command at the end", "a folder in its place"])
def test_a_damaged_append_only_file_does_not_block_the_start(
    redis: RedisServer, settings: Settings, damage: str
) -> None:
    with connect(redis.url) as client:
        client.set("kept", "yes")
    redis.stop()
    files = [path for path in (settings.data_dir / "run" / "redis").rglob("appendonly*") if path.is_file()]
    assert files
    for file in files:
        if damage == "garbage":
            file.write_bytes(b"not a command\r\n" * 50)
        elif damage == "half a command at the end":
            file.write_bytes(file.read_bytes()[:-5])
        else:
            file.unlink()
            file.mkdir()
    redis.start()
    with connect(redis.url) as client:
        assert client.ping()


def test_a_folder_with_spaces_and_a_long_path_works(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir / ("a long name " * 12).strip())
    folder = run_dir(settings)
    server = RedisServer(folder, folder / "logs" / "redis.log")
    server.start()
    try:
        with connect(server.url) as client:
            assert client.ping()
        path = Path(server.url.removeprefix("unix://"))
        assert len(os.fsencode(path)) <= LONGEST_SOCKET_PATH
        assert path.parent.stat().st_mode & 0o077 == 0
    finally:
        server.stop()
