"""Errors as pages and as problem JSON, limits, and the state of the parts."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.web.pages.shelf import picture, upload

from recto.errors import InUse, Unavailable
from recto.ledger import Ledger

JSON = {"Accept": "application/json"}


def test_a_page_that_is_not_there_looks_like_the_product(client: FlaskClient) -> None:
    page = client.get("/nothing")
    assert page.status_code == 404
    assert "Nothing here" in page.text
    assert "To the catalogue" in page.text


def test_programs_get_problems_as_json(client: FlaskClient) -> None:
    answer = client.get("/nothing", headers=JSON)
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["status"] == 404
    assert answer.json["detail"]


@pytest.mark.parametrize("accept", ["*/*", "text/html", "text/html,application/xhtml+xml,*/*;q=0.8", ""])
def test_browsers_and_plain_curl_get_a_page(client: FlaskClient, accept: str) -> None:
    assert client.get("/nothing", headers={"Accept": accept}).mimetype == "text/html"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Unavailable("The disk is full; free some."), 503, "The disk is full; free some."),
        (InUse("Somebody holds it."), 503, "Somebody holds it."),
        (ZeroDivisionError("secret detail"), 500, "a fault of Recto"),
    ],
    ids=str,
)
def test_an_error_inside_is_a_sentence(
    app: Flask,
    client: FlaskClient,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    words: str,
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise error

    monkeypatch.setattr(ledger, "browse", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    page = client.get("/books")
    assert page.status_code == status
    assert words in page.text
    assert "secret detail" not in page.text
    assert "Traceback" not in page.text
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_a_body_over_the_limit_is_refused_with_the_limit_and_read_to_its_end(client: FlaskClient) -> None:
    body = io.BytesIO(b"x" * 2_000_000)
    sent = client.post(
        "/search", input_stream=body, content_length=2_000_000, content_type="multipart/form-data; boundary=x"
    )
    assert sent.status_code == 413
    assert "0 MB at most" in sent.text
    assert body.tell() == 2_000_000  # else the connection is reset before the browser has read the page


def test_a_form_without_files_may_only_be_small(client: FlaskClient) -> None:
    assert (
        client.post("/books/b/delete", data={"form_token": "x" * 1_500_000}).status_code == 404
    )  # nothing is read
    assert client.post("/books", data={"title": "x" * 1_500_000}).status_code == 413


def test_a_form_of_many_parts_is_refused(client: FlaskClient) -> None:
    form = {f"f{number}": "x" for number in range(100)}
    assert client.post("/search", data={**form, "photo": upload(picture())}).status_code == 413


def test_a_body_that_is_no_form_is_no_fault(client: FlaskClient) -> None:
    for kind in (
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "text/plain",
        "application/x-www-form-urlencoded",
    ):
        assert client.post("/search", data=b"\xff\x00garbage", content_type=kind).status_code in (400, 413)


def test_health_says_which_part_is_missing(client: FlaskClient) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "degraded", "web": True, "ledger": True, "redis": False, "workers": {"index": 0, "ingest": 0},
    }  # fmt: skip


@pytest.mark.usefixtures("worker")
def test_health_counts_workers_by_their_heartbeats(client: FlaskClient) -> None:
    answer = client.get("/health").json
    assert answer is not None
    assert answer["redis"] is True
    assert answer["workers"] == {"index": 1, "ingest": 0}
    assert answer["status"] == "degraded"


def test_health_is_down_without_the_ledger(
    client: FlaskClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> object:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(ledger, "live_version", broken)
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["ledger"] is False


def test_versioned_assets_are_kept_for_good_and_others_are_not(client: FlaskClient) -> None:
    page = client.get("/").text
    address = next(part for part in page.split('"') if part.startswith("/static/recto.css?v="))
    assert "immutable" in client.get(address).headers["Cache-Control"]
    assert "immutable" not in client.get("/static/recto.css").headers["Cache-Control"]
