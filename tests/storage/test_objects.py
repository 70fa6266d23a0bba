"""What is particular to the object store: what lies in the bucket, what goes wrong and how it is told."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.s3 import S3Server, S3Store, free_port

from recto.errors import BadSetting, Unavailable
from recto.settings import MIB, Settings
from recto.storage.blobs import Blobs, open_blobs

NAME = "0" * 64


@pytest.fixture
def settings(tmp_path: Path, s3_server: S3Store, s3_bucket: str) -> Settings:
    return Settings(data_dir=tmp_path / "data", s3_seconds=2.0, **s3_server.settings(s3_bucket))


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[S3Server]:
    with S3Server(tmp_path / "own.log") as server:
        yield server


def test_objects_lie_under_the_prefix_with_their_media_types(
    s3_server: S3Store, s3_bucket: str, settings: Settings
) -> None:
    blobs = open_blobs(settings)
    picture = b"\xff\xd8\xff\xe0 a photo"
    sha256 = blobs.put(picture)
    blobs.put_thumbnail(sha256, b"jpeg")
    staged = blobs.put_staged(b"vectors")
    client = s3_server.client()
    found = {
        each["Key"]: client.head_object(Bucket=s3_bucket, Key=each["Key"])["ContentType"]
        for each in client.list_objects_v2(Bucket=s3_bucket)["Contents"]
    }
    assert found == {
        f"recto/blobs/{sha256[:2]}/{sha256}": "image/jpeg",
        f"recto/thumbnails/{sha256[:2]}/{sha256}.jpg": "image/jpeg",
        f"recto/staged/{staged}": "application/octet-stream",
    }


def test_a_folder_copied_by_its_names_is_the_same_store(
    s3_server: S3Store, s3_bucket: str, settings: Settings
) -> None:
    folder = open_blobs(dataclasses.replace(settings, images_url=""))
    sha256, upload, model = folder.put(b"cover"), folder.put_incoming(b"photo"), folder.put_model(b"learned")
    folder.put_thumbnail(sha256, b"small")
    for path in settings.data_dir.rglob("*"):
        if path.is_file():
            key = f"recto/{path.relative_to(settings.data_dir)}"
            s3_server.client().put_object(Bucket=s3_bucket, Key=key, Body=path.read_bytes())
    objects = open_blobs(settings)
    assert (objects.get(sha256), objects.read_thumbnail(sha256)) == (b"cover", b"small")
    assert (objects.incoming(upload), objects.get_model(model)) == (b"photo", b"learned")


def test_nothing_is_written_into_the_data_folder(settings: Settings) -> None:
    blobs = open_blobs(settings)
    blobs.put(b"cover")
    blobs.put_incoming(b"photo")
    assert not settings.data_dir.exists()


def test_an_original_that_is_there_is_not_sent_again(s3_server: S3Store, settings: Settings) -> None:
    blobs = open_blobs(settings)
    sha256 = blobs.put(b"sent once")
    before = len(s3_server.requests())
    blobs.put(b"sent once")
    asked = [line for line in s3_server.requests()[before:] if sha256 in line]
    assert not [line for line in asked if "PUT" in line]


def test_a_store_without_a_prefix_is_the_whole_bucket(s3_server: S3Store, s3_bucket: str) -> None:
    blobs = open_blobs(Settings(**s3_server.settings(s3_bucket, prefix="")))
    name = blobs.put_staged(b"x")
    listing = s3_server.client().list_objects_v2(Bucket=s3_bucket)["Contents"]
    assert [each["Key"] for each in listing] == [f"staged/{name}"]
    assert blobs.staged_names(-60) == [name]


def test_a_large_file_is_sent_in_bounded_memory(tmp_path: Path, settings: Settings) -> None:
    program = """
import resource, sys
from pathlib import Path
from recto.storage.blobs import open_blobs
from recto.settings import Settings
blobs = open_blobs(Settings.from_environment())
blobs.put(bytes(10_000_000))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
name = blobs.put_file(Path(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    with (tmp_path / "large").open("wb") as file:
        file.truncate(200 * MIB)
    slow = dataclasses.replace(settings, s3_seconds=60.0)
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "large")],
        env={**slow.environment(), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) * 1024 < 100 * MIB


def every_call(blobs: Blobs, tmp_path: Path) -> list[Callable[[], object]]:
    (tmp_path / "file").write_bytes(b"x")
    return [
        lambda: blobs.put(b"x"),
        lambda: blobs.put_file(tmp_path / "file"),
        lambda: blobs.get(NAME),
        lambda: blobs.exists(NAME),
        lambda: blobs.put_thumbnail(NAME, b"x"),
        lambda: blobs.read_thumbnail(NAME),
        lambda: blobs.discarded(0),
        lambda: blobs.put_incoming(b"x"),
        lambda: blobs.put_staged(b"x"),
        lambda: blobs.get_staged("0" * 32 + ".npz"),
        lambda: blobs.delete(NAME),
    ]


@pytest.mark.chaos
def test_a_store_that_is_away_is_told_by_every_call_and_used_again_when_it_is_back(
    tmp_path: Path, own_server: S3Server
) -> None:
    bucket = own_server.make_bucket()
    blobs = open_blobs(Settings(s3_seconds=2.0, **own_server.settings(bucket)))
    blobs.put(b"before")
    own_server.kill()
    for call in [*every_call(blobs, tmp_path), blobs.check]:
        with pytest.raises(Unavailable, match=r"does not answer.*RECTO_S3_ENDPOINT.*\.$") as raised:
            call()
        assert own_server.url in str(raised.value)
    own_server.restart()
    own_server.client().create_bucket(Bucket=bucket)
    blobs.check()
    assert blobs.get(blobs.put(b"after")) == b"after"


def test_a_store_that_says_nothing_is_given_up_in_time(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        blobs = open_blobs(dataclasses.replace(settings, s3_endpoint=url, s3_seconds=0.5))
        for call in (lambda: blobs.get(NAME), lambda: blobs.put_incoming(b"x"), blobs.check):
            with pytest.raises(Unavailable, match="does not answer"):
                call()


def test_a_bucket_that_is_not_there_is_named(tmp_path: Path, settings: Settings) -> None:
    wrong = dataclasses.replace(settings, images_url="s3://no-such-bucket/recto")
    blobs = open_blobs(wrong)
    for call in (lambda: blobs.put_incoming(b"x"), lambda: blobs.get(NAME), lambda: blobs.discarded(0)):
        with pytest.raises(Unavailable, match=r"bucket no-such-bucket does not exist.*RECTO_IMAGES_URL"):
            call()
    with pytest.raises(BadSetting, match=r"no-such-bucket.*RECTO_IMAGES_URL"):
        blobs.check()


def test_a_worker_with_a_wrong_bucket_ends_with_the_sentence_and_is_not_started_again(
    settings: Settings,
) -> None:
    wrong = dataclasses.replace(
        settings, images_url="s3://no-such-bucket/recto", redis_url="redis://127.0.0.1:1/0"
    )
    done = subprocess.run(
        [sys.executable, "-m", "recto_workers.run", "ingest"],
        env={**os.environ, **wrong.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == os.EX_CONFIG, done.stderr
    assert "The bucket no-such-bucket does not exist" in done.stderr


def test_a_wrong_key_is_told_by_its_variables(tmp_path: Path) -> None:
    with S3Server(tmp_path / "strict.log", strict=True) as server:
        blobs = open_blobs(Settings(**server.settings("some-bucket")))
        with pytest.raises(BadSetting, match=r"refuses.*RECTO_S3_ACCESS_KEY.*RECTO_S3_SECRET_KEY") as raised:
            blobs.check()
        assert "tests-secret" not in str(raised.value)
        with pytest.raises(Unavailable, match="RECTO_S3_ACCESS_KEY"):
            blobs.put_incoming(b"x")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"s3_endpoint": "http://store.example"}, "RECTO_S3_ALLOW_HTTP"),
        ({"s3_endpoint": "http://"}, "RECTO_S3_ENDPOINT"),
        ({"s3_endpoint": "https://key:secret@store.example"}, "RECTO_S3_ENDPOINT"),
        ({"s3_endpoint": "https://host:port"}, "RECTO_S3_ENDPOINT"),
        ({"s3_secret_key": ""}, "RECTO_S3_SECRET_KEY"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_before_anything_is_sent(
    settings: Settings, changes: dict[str, str], named: str
) -> None:
    with pytest.raises(BadSetting, match=named):
        open_blobs(dataclasses.replace(settings, **changes))  # type: ignore[arg-type]  # texts all


def test_http_is_spoken_where_it_is_wanted(settings: Settings) -> None:
    url = f"http://localhost.localdomain:{free_port()}"
    open_blobs(dataclasses.replace(settings, s3_endpoint=url, s3_allow_http=True))
