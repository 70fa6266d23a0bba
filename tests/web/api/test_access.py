"""Keys and scopes of the API, and its guards."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from tests.web.api.conftest import ADMIN_KEY, Asks
from tests.web.pages.shelf import token

from recto.ledger import Ledger
from recto.ledger.key_tokens import Scope
from recto.records import Book
from recto.settings import Settings
from recto_web.app import create_app
from recto_web.parts import EXTENSION

COVER = "/covers/00000000-0000-4000-8000-000000000000"
OPERATIONS = {
    ("GET", "/books"): {Scope.SEARCH, Scope.WRITE},
    ("GET", "/books/b"): {Scope.SEARCH, Scope.WRITE},
    ("PUT", "/books/b"): {Scope.WRITE},
    ("DELETE", "/books/b"): {Scope.WRITE},
    ("POST", "/searches"): {Scope.SEARCH},
    ("GET", "/searches/x"): {Scope.SEARCH},
    ("POST", "/searches/x/evidence"): {Scope.SEARCH},
    ("GET", f"/searches/x/evidence/0{COVER.removeprefix('/covers')}"): {Scope.SEARCH},
    ("GET", "/covers"): {Scope.SEARCH, Scope.WRITE},
    ("POST", "/covers"): {Scope.WRITE},
    ("GET", COVER): {Scope.SEARCH, Scope.WRITE},
    ("DELETE", COVER): {Scope.WRITE},
    ("GET", "/jobs"): {Scope.WRITE},
    ("POST", "/jobs"): {Scope.WRITE},
    ("POST", "/jobs/x/cancel"): {Scope.WRITE},
    ("GET", "/failures"): {Scope.WRITE},
    ("GET", "/index"): set(),
    ("POST", "/index/reindex"): set(),
    ("GET", "/status"): {Scope.SEARCH, Scope.WRITE},
    ("GET", "/openapi.json"): {Scope.SEARCH, Scope.WRITE},
}


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_opens_what_its_scope_says(ask_as: Callable[[Scope], Asks], scope: Scope) -> None:
    ask = ask_as(scope)
    for (method, path), scopes in OPERATIONS.items():
        refused = ask(method, path).status_code == 403
        assert refused == (scope not in {*scopes, Scope.ADMIN}), (method, path)


@pytest.mark.parametrize(("method", "path"), [*OPERATIONS, ("GET", "/nothing"), ("PATCH", "/books")])
def test_nothing_is_open_without_a_key(anonymous: FlaskClient, method: str, path: str) -> None:
    answer = anonymous.open(f"/api/v1{path}", method=method)
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", f"Basic {ADMIN_KEY}", ADMIN_KEY, f"Bearer {ADMIN_KEY}x"]
)
def test_another_header_is_no_key(anonymous: FlaskClient, header: str) -> None:
    assert anonymous.get("/api/v1/books", headers={"Authorization": header}).status_code == 401


def test_a_revoked_key_opens_nothing(anonymous: FlaskClient, ledger: Ledger) -> None:
    key, secret = ledger.create_key("robot", [Scope.WRITE])
    headers = {"Authorization": f"Bearer {secret}"}
    assert anonymous.get("/api/v1/books", headers=headers).status_code == 200
    ledger.revoke_key(key.key_id)
    assert anonymous.get("/api/v1/books", headers=headers).status_code == 401


def test_a_browser_that_is_signed_in_reads_the_description_but_commands_nothing(settings: Settings) -> None:
    app = create_app(settings)
    browser = app.test_client()
    browser.post("/sign-in", data={"key": ADMIN_KEY, "form_token": token(browser, "/sign-in")})
    assert browser.get("/api/v1/docs").status_code == 200
    assert browser.get("/api/v1/openapi.json").status_code == 200
    assert browser.get("/api/v1/books").status_code == 401
    app.extensions[EXTENSION].ledger.close()


def test_the_page_about_the_api_asks_to_sign_in(anonymous: FlaskClient) -> None:
    assert anonymous.get("/api/v1/docs").location == "/sign-in?next=/api/v1/docs"


def test_who_shows_a_key_needs_no_origin_nor_token(ask: Asks) -> None:
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Cookie": "a=b"}
    assert ask("PUT", "/books/b", foreign, json={"title": "x"}).status_code == 201


def test_on_loopback_another_site_still_cannot_write(settings: Settings) -> None:
    app = create_app(dataclasses.replace(settings, require_keys=False))
    client = app.test_client()
    ledger: Ledger = app.extensions[EXTENSION].ledger
    assert client.put("/api/v1/books/b", json={"title": "x"}).status_code == 201
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.put("/api/v1/books/b", json={"title": "y"}, headers=headers)
        assert answer.status_code == 403
        assert answer.mimetype == "application/problem+json"
    assert ledger.book("b") == Book("b", "x")
    ledger.close()
