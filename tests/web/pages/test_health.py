"""Whether it lives, whether it is ready, and its metrics, with and without the other parts."""

from __future__ import annotations

import dataclasses
import shutil
from collections import namedtuple

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from recto.ledger import Ledger
from recto.records import Book, Side
from recto.settings import Settings
from recto_web.app import create_app

Usage = namedtuple("Usage", ["total", "used", "free"])


def samples(client: FlaskClient) -> dict[tuple[str, ...], float]:
    """Metrics by name and values of labels in the order of their names."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_it_lives_when_everything_else_is_down(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("worker")
def test_it_is_ready_when_a_search_can_be_answered(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready", "missing": {}})


@pytest.mark.usefixtures("redis")
def test_it_is_not_ready_without_an_index_worker(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "not ready", "missing": {"index worker": "No index worker is ready."}}


def test_it_is_not_ready_without_redis_and_names_no_address(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "not ready", "missing": {"redis": "Redis does not answer."}}


@pytest.mark.usefixtures("worker")
def test_it_is_not_ready_when_the_disk_is_full(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - 1000, 1000))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert list(answer.json["missing"]) == ["disk"]


def test_metrics_show_the_catalogue_when_all_workers_are_down(client: FlaskClient, ledger: Ledger) -> None:
    ledger.put_book(Book("b"))
    ledger.add_cover("b", Side.FRONT, "0" * 64)
    found = samples(client)
    assert found["recto_books",] == 1
    assert found["recto_covers", "queued", "live"] == 1
    assert found["recto_oldest_waiting_seconds", "queued"] >= 0
    assert found["recto_data_free_bytes",] > 0
    assert found["recto_redis_up",] == 0
    assert found["recto_ledger_up",] == 1
    assert ("recto_workers", "index") not in found  # not known, which is not the same as none


@pytest.mark.usefixtures("worker")
def test_metrics_count_workers_and_messages(client: FlaskClient) -> None:
    found = samples(client)
    assert found["recto_workers", "index"] == 1
    assert found["recto_workers", "ingest"] == 0
    assert found["recto_queue_messages", "search"] == 0
    assert found["recto_worker_latest_start_timestamp_seconds", "index"] > 1e9


def test_the_catalogue_is_counted_once_for_many_that_ask(client: FlaskClient, ledger: Ledger) -> None:
    assert samples(client)["recto_books",] == 0
    ledger.put_book(Book("b"))
    assert samples(client)["recto_books",] == 0  # of a moment ago


def test_requests_are_counted_by_route_and_never_by_path(client: FlaskClient) -> None:
    client.get("/books/one")
    client.get("/books/two")
    client.get("/nothing/here")
    client.open("/", method="PROPFIND")
    names = [key for key in samples(client) if key[0] == "recto_http_request_seconds_count"]
    assert ("recto_http_request_seconds_count", "GET", "/books/<book:book_id>", "404") in names
    assert ("recto_http_request_seconds_count", "GET", "(none)", "404") in names
    assert ("recto_http_request_seconds_count", "other", "(none)", "405") in names
    assert not any("two" in part or "nothing" in part for key in names for part in key)


def test_metrics_answer_to_no_other_name_of_the_host(client: FlaskClient) -> None:
    assert client.get("/metrics", headers={"Host": "evil.example"}).status_code == 400


def test_metrics_need_a_key_with_scope_admin_where_keys_are_needed(settings: Settings) -> None:
    admin = f"recto_boss_{'ab' * 32}"
    app: Flask = create_app(dataclasses.replace(settings, require_keys=True, admin_key=admin))
    client = app.test_client()
    assert client.get("/metrics", headers={"Accept": "application/json"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": f"Bearer {admin}"}).status_code == 200
    for open_to_all in ("/healthz", "/readyz", "/health"):
        assert client.get(open_to_all).status_code in (200, 503)


def test_every_answer_names_its_request(client: FlaskClient) -> None:
    given = {"X-Request-ID": "of-a-proxy"}
    assert client.get("/healthz", headers=given).headers["X-Request-ID"] == "of-a-proxy"
    assert client.get("/nothing", headers=given).headers["X-Request-ID"] == "of-a-proxy"
    refused = client.get("/healthz", headers={"X-Request-ID": "two words", "Host": "evil.example"})
    assert len(refused.headers["X-Request-ID"]) == 32
