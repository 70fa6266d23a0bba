"""A running instance: one id from a request to its tasks, one address for the metrics of all processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.workers.running import Up, acknowledge, draw, wait_until

from recto.ledger import Ledger
from recto.records import Side
from recto.settings import Settings
from recto_workers.instance import running

pytestmark = pytest.mark.timeout(400)

REQUEST_ID = "0123-of-a-proxy"
BOOKS = 4


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """An instance that logs JSON, with covers indexed."""
    folder = Path(tempfile.mkdtemp(prefix="recto-test-"))
    try:
        with Up(Settings(data_dir=folder, port=18500, log_format="json"), web=True) as up:
            ledger = Ledger.open(up.settings)
            acknowledge(up.settings, ledger, {(f"book-{n}", Side.FRONT): draw(n) for n in range(BOOKS)})
            ledger.close()
            wait_until(lambda: metric(up, "recto_covers_indexed_total") >= BOOKS, "the covers are indexed")
            yield up
    finally:
        shutil.rmtree(folder)


def ask(up: Up, path: str, data: bytes | None = None, **headers: str) -> tuple[bytes, dict[str, str]]:
    instance = running(up.settings)
    assert instance is not None
    request = urllib.request.Request(instance.web_url + path, data, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.read(), dict(response.headers)


def metric(up: Up, name: str, **labels: str) -> float:
    """The value of a sample, 0 while there is none."""
    text = ask(up, "/metrics")[0].decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    return 0.0


def search(up: Up, **headers: str) -> dict[str, str]:
    """Search with a photo as a program does; returns the headers of the answer."""
    border = "a-border-that-is-nowhere-in-the-photo"
    head = f'--{border}\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n\r\n'
    body = head.encode() + draw(1) + f"\r\n--{border}--\r\n".encode()
    kind = f"multipart/form-data; boundary={border}"
    return ask(up, "/search", body, **{"Content-Type": kind, "Accept": "application/json", **headers})[1]


def log(up: Up, part: str) -> list[dict[str, Any]]:
    """The lines of a part's log; each must be an object."""
    text = (up.settings.data_dir / "run" / "logs" / f"{part}.log").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_the_id_of_a_request_stands_in_the_logs_of_web_server_and_worker(up: Up) -> None:
    assert search(up, **{"X-Request-ID": REQUEST_ID})["X-Request-ID"] == REQUEST_ID

    def lines(part: str) -> list[dict[str, Any]]:
        return [line for line in log(up, part) if line.get("request_id") == REQUEST_ID]

    wait_until(lambda: lines("web") and lines("index"), "both have written their line")
    (request,) = lines("web")
    assert (request["method"], request["path"], request["worker"]) == ("POST", "/search", "web")
    for line in lines("index"):
        assert line["task"] == "recto.search"
        assert len(line["search_id"]) == 32
        assert line["worker"].startswith("index@")


def test_a_request_without_an_id_gets_one(up: Up) -> None:
    assert len(search(up)["X-Request-ID"]) == 32
    assert len(search(up, **{"X-Request-ID": 'x" injected'})["X-Request-ID"]) == 32


def test_tasks_that_follow_from_a_task_carry_its_id(up: Up) -> None:
    described = {line.get("request_id") for line in log(up, "ingest-1") if line.get("task")}
    indexed = {line.get("request_id") for line in log(up, "index") if line.get("task") == "recto.index"}
    assert indexed
    assert indexed <= described


def test_every_line_of_every_process_is_an_object(up: Up) -> None:
    for part in ("index", "ingest-1", "jobs", "web"):
        assert all({"time", "level", "logger", "message", "worker"} <= line.keys() for line in log(up, part))


def test_one_address_shows_what_all_processes_counted(up: Up) -> None:
    searches = metric(up, "recto_task_seconds_count", task="recto.search", outcome="done")
    search(up)
    assert metric(up, "recto_covers_described_total") == BOOKS  # the ingest process
    assert metric(up, "recto_covers_indexed_total") == BOOKS  # the index process
    wait_until(
        lambda: metric(up, "recto_task_seconds_count", task="recto.search", outcome="done") > searches,
        "the search is counted",
    )
    assert metric(up, "recto_task_wait_seconds_count", task="recto.search") > 0
    assert metric(up, "recto_search_stage_seconds_count", stage="verify") > 0
    assert metric(up, "recto_index_call_seconds_count", operation="nearest") > 0
    assert metric(up, "recto_http_request_seconds_count", method="POST", route="/search", status="200") > 0


@pytest.mark.chaos
def test_counts_survive_the_process_that_made_them(up: Up) -> None:
    pid = up.pid("ingest-1")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: up.pid("ingest-1") not in (None, pid), "it is started again")
    assert metric(up, "recto_covers_described_total") == BOOKS
    wait_until(lambda: metric(up, "recto_workers", role="ingest") == 1.0, "it is ready")
    ledger = Ledger.open(up.settings)
    acknowledge(up.settings, ledger, {("another", Side.FRONT): draw(99)})
    ledger.close()
    wait_until(lambda: metric(up, "recto_covers_described_total") == BOOKS + 1, "it goes on counting")
    parts = up.settings.data_dir / "run" / "metrics"
    assert {folder.name for folder in parts.iterdir()} <= {"index", "ingest-1", "jobs", "web"}
    assert len(list((parts / "ingest-1").iterdir())) == 2
