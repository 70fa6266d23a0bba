"""Every error of the API is a problem in JSON."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from tests.web.api.conftest import Asks

from recto.errors import Unavailable
from recto.ledger import Ledger


def _assert_problem(answer: Any, status: int) -> None:
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["type"] == "about:blank"
    assert answer.json["title"]
    assert answer.json["detail"].endswith(".")


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/json", "image/png"])
def test_whatever_the_caller_accepts(ask: Asks, accept: str) -> None:
    _assert_problem(ask("GET", "/nothing", {"Accept": accept}), 404)


def test_another_method_names_those_that_there_are(ask: Asks) -> None:
    answer = ask("PATCH", "/books/b")
    _assert_problem(answer, 405)
    assert {"GET", "PUT", "DELETE"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("PUT", "/books/b", "text/plain"),
        ("PUT", "/books/b", "application/x-www-form-urlencoded"),
        ("POST", "/jobs", "application/xml"),
        ("POST", "/searches", "application/json"),
        ("POST", "/covers", "image/jpeg"),
    ],
)
def test_a_body_of_another_kind(ask: Asks, method: str, path: str, kind: str) -> None:
    _assert_problem(ask(method, path, data=b"x", content_type=kind), 415)


@pytest.mark.parametrize("body", [b"{", b"\xff", b"", b"[]", b"null", b"{} {}"])
def test_a_body_that_is_no_object(ask: Asks, body: bytes) -> None:
    answer = ask("PUT", "/books/b", data=body, content_type="application/json")
    _assert_problem(answer, answer.status_code)
    assert answer.status_code in (400, 422)


def test_a_body_that_is_too_large(ask: Asks) -> None:
    body = b'{"title": "' + b"x" * 2_000_000 + b'"}'
    _assert_problem(ask("PUT", "/books/b", data=body, content_type="application/json"), 413)


def test_a_part_that_does_not_answer(ask: Asks, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        raise Unavailable("The ledger does not answer.")

    monkeypatch.setattr(ledger, "browse", broken)
    answer = ask("GET", "/books")
    _assert_problem(answer, 503)
    assert answer.headers["Retry-After"]


def test_a_fault_says_nothing_of_the_inside(
    app: Flask, ask: Asks, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(ledger, "browse", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = ask("GET", "/books")
    _assert_problem(answer, 500)
    assert "secret detail" not in answer.text


@pytest.mark.usefixtures("worker")
def test_too_many_searches_that_wait(ask: Asks, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.web.pages.shelf import picture, upload

    monkeypatch.setattr("recto_web.usecases.searching.QUEUE_LIMIT", 0)
    answer = ask("POST", "/searches", data={"photo": upload(picture())}, content_type="multipart/form-data")
    _assert_problem(answer, 429)
    assert answer.headers["Retry-After"]
