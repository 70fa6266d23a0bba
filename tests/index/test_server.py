"""What is peculiar to the engine on a server: connecting, refusals, outages, other processes at the same time."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import REPOSITORY
from tests.index.shelves import DIMENSION, SPARSE, make_points, make_version
from tests.support.certificates import make_certificates
from tests.support.qdrant import Bridge
from tests.support.qdrant_server import free_ports

from recto.errors import BadSetting, NotFound, RecipeMismatch, Unavailable, WrongFormat
from recto.index import CoverPoint, LocalSpec, open_index, server_requests
from recto.index.server import ServerIndex
from recto.index.server_node import check_version
from recto.index.server_requests import batches
from recto.records import Side, Where
from recto.settings import Settings

FRONT = Side.FRONT
QUIET: dict[str, Any] = {"qdrant_grpc": False}


@pytest.fixture
def settings(qdrant_settings: dict[str, Any]) -> Settings:
    return Settings(**qdrant_settings)


@pytest.fixture
def index(settings: Settings) -> Iterator[ServerIndex]:
    opened = ServerIndex.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def nowhere() -> str:
    """An address at which nothing answers."""
    return f"http://127.0.0.1:{free_ports('127.0.0.1')[0]}"


def test_a_server_that_does_not_answer_is_named_with_the_setting(nowhere: str) -> None:
    with pytest.raises(Unavailable, match=rf"{nowhere} does not answer.*RECTO_QDRANT_URL"):
        open_index(Settings(qdrant_url=nowhere, **QUIET))


def test_a_wrong_or_missing_key_names_its_setting() -> None:
    with Bridge(api_key="right") as bridge:
        for key in ("", "wrong"):
            with pytest.raises(BadSetting, match=r"^RECTO_QDRANT_API_KEY: .*refuses the key"):
                open_index(Settings(qdrant_url=bridge.url, qdrant_api_key=key, **QUIET))
        open_index(Settings(qdrant_url=bridge.url, qdrant_api_key="right", **QUIET)).close()


def test_something_else_at_the_address_is_told_from_a_qdrant_server() -> None:
    class Greeter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"welcome")

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    with HTTPServer(("127.0.0.1", 0), Greeter) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(BadSetting, match="RECTO_QDRANT_URL: no Qdrant server answers"):
            open_index(Settings(qdrant_url=f"http://127.0.0.1:{server.server_port}", **QUIET))
        server.shutdown()


def test_a_certificate_of_our_own_authority_is_checked(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with Bridge(certificates=certificates) as bridge:
        trusting = Settings(qdrant_url=bridge.url, qdrant_ca_file=str(certificates.authority), **QUIET)
        open_index(trusting).close()
        with pytest.raises(BadSetting, match=r"cannot be trusted.*RECTO_QDRANT_CA_FILE"):
            open_index(replace(trusting, qdrant_ca_file=""))


def test_https_to_a_server_without_it_names_the_address(settings: Settings) -> None:
    address = settings.qdrant_url.split(",")[0].replace("http://", "https://")
    with pytest.raises(BadSetting, match=r"RECTO_QDRANT_URL names .* nothing there speaks TLS"):
        open_index(replace(settings, qdrant_url=address))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"qdrant_ca_file": "/nowhere/ca.pem", "qdrant_url": "https://127.0.0.1:1"}, "RECTO_QDRANT_CA_FILE="),
        ({"qdrant_ca_file": "/nowhere/ca.pem"}, "does not begin with https"),
        ({"qdrant_write_consistency": 2}, "must not be greater than RECTO_QDRANT_REPLICAS=1"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadSetting, match=reason):
        open_index(replace(Settings(qdrant_url="http://127.0.0.1:1"), **changed))


@pytest.mark.parametrize("version", ["1.15.4", "0.9.0", "2.0.0", "nightly"])
def test_a_server_that_cannot_be_used_is_refused_by_its_version(version: str) -> None:
    with pytest.raises(WrongFormat, match=version):
        check_version(version, "http://qdrant:6333")


def test_a_server_that_is_far_from_the_client_is_used_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Bridge(version="1.16.0") as bridge, caplog.at_level(logging.WARNING):
        open_index(Settings(qdrant_url=bridge.url, **QUIET)).close()
    assert "has version 1.16.0" in caplog.text


def test_http_is_used_with_a_warning_where_grpc_does_not_answer(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_ports("127.0.0.1")[0]
    index = open_index(replace(settings, qdrant_grpc=True, qdrant_grpc_port=port))
    index.ensure(make_version(), DIMENSION, SPARSE)
    index.close()
    assert "is used over HTTP" in caplog.text
    assert f"port {port}" in caplog.text


def test_the_next_address_is_used_when_one_does_not_answer(settings: Settings, nowhere: str) -> None:
    addresses = settings.qdrant_url.split(",")
    for urls in ([nowhere, *addresses], [*addresses, nowhere]):
        index = open_index(replace(settings, qdrant_url=" , ".join(urls)))
        for _ in range(3):
            assert index.versions() == []
        index.close()


def test_a_key_without_encryption_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with Bridge(api_key="secret-of-mine") as bridge:
        open_index(Settings(qdrant_url=bridge.url, qdrant_api_key="secret-of-mine", **QUIET)).close()
    assert "unencrypted" in caplog.text
    assert "secret-of-mine" not in caplog.text


@pytest.mark.chaos
def test_an_outage_is_an_error_that_passes_and_loses_nothing(tmp_path: Path) -> None:
    version, points = make_version(), make_points(60)
    with Bridge(folder=tmp_path) as bridge:
        port = bridge.port
        index = open_index(Settings(qdrant_url=bridge.url, **QUIET))
        index.ensure(version, DIMENSION, SPARSE)
        index.upsert(version, FRONT, points[:40])
        bridge.kill()
        with pytest.raises(Unavailable, match="does not answer") as outage:
            index.upsert(version, FRONT, points[40:])
        assert not outage.value.permanent
        with pytest.raises(Unavailable):
            index.nearest(version, FRONT, points[0].embedding[None], None, 5)
    with Bridge(folder=tmp_path, port=port):
        assert index.count(version, FRONT) == 40
        index.upsert(version, FRONT, points[40:])
        assert index.count(version, FRONT) == 60
    index.close()


@pytest.mark.chaos
def test_a_server_that_is_started_again_at_once_is_not_noticed(tmp_path: Path) -> None:
    version, points = make_version(), make_points(20)
    with Bridge(folder=tmp_path) as bridge:
        port = bridge.port
        index = open_index(Settings(qdrant_url=bridge.url, **QUIET))
        index.ensure(version, DIMENSION, SPARSE)
    again: list[Bridge] = []

    def start_again() -> None:
        time.sleep(0.1)  # so that the first try meets a closed port
        again.append(Bridge(folder=tmp_path, port=port))

    starter = threading.Thread(target=start_again)
    starter.start()
    for _ in range(10):  # a loaded machine may start it more slowly than one call waits
        try:
            index.upsert(version, FRONT, points)
            break
        except Unavailable:
            continue
    starter.join()
    assert index.count(version, FRONT) == 20
    index.close()
    again[0].__exit__(None, None, None)


def test_a_closed_index_says_so(settings: Settings) -> None:
    index, version = open_index(settings), make_version()
    index.ensure(version, DIMENSION, SPARSE)
    index.close()
    index.close()
    with pytest.raises(Unavailable, match="closed"):
        index.count(version, FRONT)


def test_a_version_that_another_process_dropped_is_noticed(index: ServerIndex, settings: Settings) -> None:
    version, other = make_version(), ServerIndex.open(settings)
    index.ensure(version, DIMENSION, SPARSE)
    index.upsert(version, FRONT, make_points(3))
    other.drop(version)
    with pytest.raises(NotFound, match="recto rebuild"):
        index.upsert(version, FRONT, make_points(3))
    with pytest.raises(NotFound):
        index.count(version, FRONT)
    assert index.versions() == []
    index.delete_book("book-1")  # finds nothing to delete, and that is no error
    other.ensure(version, DIMENSION, SPARSE)
    index.upsert(version, FRONT, make_points(3))
    assert other.count(version, FRONT) == 3
    other.close()


def test_a_version_that_another_process_made_again_for_other_vectors_is_noticed(
    index: ServerIndex, settings: Settings
) -> None:
    version, other = make_version(), ServerIndex.open(settings)
    index.ensure(version, DIMENSION, SPARSE)
    assert index.count(version, FRONT) == 0
    other.drop(version)
    other.ensure(version, DIMENSION + 5, LocalSpec("sparse"))
    with pytest.raises(RecipeMismatch, match=f"{DIMENSION + 5} numbers"):
        index.upsert(version, FRONT, make_points(3))
    with pytest.raises(RecipeMismatch):
        index.nearest(version, FRONT, np.ones((1, DIMENSION), np.float32), None, 3)
    index.upsert(version, FRONT, make_points(3, dimension=DIMENSION + 5))
    assert other.count(version, FRONT) == 3
    other.close()


def test_what_is_not_a_pair_of_one_version_is_not_published(index: ServerIndex) -> None:
    first, second = make_version(), make_version()
    for version in (first, second):
        index.ensure(version, DIMENSION, SPARSE)
    index.publish(first)
    index.publish(first)
    index.publish(second)
    assert index.published() == second
    index._connection.call(lambda client: client.delete_collection(second.collection(Side.BACK)))
    assert index.published() is None
    assert index.versions() == [first]
    index.drop(second)


@pytest.mark.parametrize("most", [0, 10**6], ids=["by the graph", "exactly"])
def test_a_filtered_search_is_right_whichever_way_it_is_made(
    index: ServerIndex, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(server_requests, "EXACT_COVERS", most)
    version, points = make_version(), make_points(300)
    index.ensure(version, DIMENSION, SPARSE)
    index.upsert(version, FRONT, points)
    view = points[5].embedding
    found = index.nearest(version, FRONT, view[None], points[5].local, 10, Where(language="de")).embedding
    german = [point for point in points if point.fields["language"] == "de"]
    nearest = sorted(german, key=lambda point: -float(point.embedding @ view))[:10]
    assert [hit.cover_id for hit in found] == [point.cover_id for point in nearest]


ENSURE_AND_WRITE = """
import sys
from tests.index.shelves import DIMENSION, SPARSE, make_points
from recto.index import open_index
from recto.versions import Version
from recto.records import Side, Where
from recto.settings import Settings
index, version = open_index(Settings.from_environment()), Version(sys.argv[1], "small")
print("ready", flush=True)
sys.stdin.readline()
index.ensure(version, DIMENSION, SPARSE)
index.upsert(version, Side.FRONT, make_points(30, prefix=sys.argv[2]))
index.publish(version)
"""


def test_processes_that_start_at_once_make_a_version_together(index: ServerIndex, settings: Settings) -> None:
    version = make_version()
    command = [sys.executable, "-c", ENSURE_AND_WRITE, version.recipe_id]
    started = [
        subprocess.Popen(
            [*command, f"process {number}"],
            cwd=REPOSITORY,
            env={**settings.environment(), "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        output = process.communicate(timeout=120)
        assert process.returncode == 0, output[1]
    assert index.versions() == [version]
    assert index.published() == version
    assert index.count(version, FRONT) == 4 * 30


def test_requests_stay_below_what_a_server_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    heavy: list[CoverPoint] = make_points(12, dimension=25_088)
    sizes = [len(batch) for batch in batches(heavy)]
    assert sum(sizes) == 12
    assert all(len(str(batch)) < 32 * 2**20 for batch in batches(heavy))
    monkeypatch.setattr(server_requests, "BATCH_BYTES", 1)
    assert [len(batch) for batch in batches(heavy)] == [1] * 12
    assert list(batches([])) == []
