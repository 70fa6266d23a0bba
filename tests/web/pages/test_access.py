"""Keys: who must have one, what each opens, and signing in with a browser."""

from __future__ import annotations

import dataclasses

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.web.pages.shelf import token
from werkzeug.test import TestResponse

from recto.errors import BadSetting
from recto.ledger import Ledger
from recto.ledger.key_tokens import Scope
from recto.records import Book
from recto.settings import Settings
from recto_web.app import create_app
from recto_web.parts import EXTENSION
from recto_web.security.access import ACCESS, OPEN
from recto_web.security.signed_in import COOKIE

ADMIN_KEY = f"recto_boss_{'ab' * 32}"
JSON = {"Accept": "application/json"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings under which every request needs a key."""
    return dataclasses.replace(settings, host="0.0.0.0", admin_key=ADMIN_KEY)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def sign_in(browser: FlaskClient, secret: str, wanted: str = "") -> TestResponse:
    form = {"key": secret, "next": wanted, "form_token": token(browser, "/sign-in")}
    return browser.post("/sign-in", data=form, headers={"Origin": "http://localhost"})


def test_every_address_says_who_may_open_it(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    missing = [
        endpoint
        for endpoint in sorted(endpoints - OPEN)
        if endpoint not in ACCESS and endpoint.rpartition(".")[0] not in ACCESS
    ]
    assert missing == []


@pytest.mark.parametrize("path", ["/", "/books", "/jobs", "/books/b", "/searches/x", "/nothing"])
def test_a_browser_without_a_key_is_asked_to_sign_in(browser: FlaskClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")


@pytest.mark.parametrize("path", ["/books", "/nothing", "/jobs"])
def test_a_program_without_a_key_is_told_so(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=JSON)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer realm=Recto"
    assert answer.mimetype == "application/problem+json"


def test_health_and_styles_need_no_key(client: FlaskClient) -> None:
    assert client.get("/health").status_code == 200
    assert client.get("/static/recto.css").status_code == 200


def test_a_key_in_the_header_opens_pages(client: FlaskClient) -> None:
    assert client.get("/books", headers=bearer(ADMIN_KEY)).status_code == 200
    assert client.get("/books", headers=bearer(ADMIN_KEY[:-1] + "0")).status_code == 401


def test_signing_in_leads_on_and_opens_the_pages(browser: FlaskClient) -> None:
    answer = sign_in(browser, ADMIN_KEY, "/books?q=raven")
    assert answer.status_code == 303
    assert answer.location == "/books?q=raven"
    page = browser.get("/books").text
    assert "Signed in as RECTO_ADMIN_KEY" in page
    cookie = browser.get_cookie(COOKIE)
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert cookie.max_age == 8 * 3600
    assert ADMIN_KEY.split("_")[2] not in cookie.value


def test_the_cookie_is_secure_behind_a_proxy_that_speaks_https(settings: Settings) -> None:
    app = create_app(dataclasses.replace(settings, trusted_proxies=("127.0.0.0/8",)))
    browser = app.test_client()
    https = {"X-Forwarded-Proto": "https", "Origin": "https://localhost"}
    form = {"key": ADMIN_KEY, "form_token": token(browser, "/sign-in")}
    answer = browser.post("/sign-in", data=form, headers=https)
    assert answer.status_code == 303
    assert "Secure" in answer.headers["Set-Cookie"]
    app.extensions[EXTENSION].ledger.close()


def test_what_a_stranger_says_of_a_proxy_is_not_believed(browser: FlaskClient) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    form = {"key": ADMIN_KEY, "form_token": token(browser, "/sign-in")}
    answer = browser.post("/sign-in", data=form, headers=forwarded)
    assert answer.status_code == 303
    assert "Secure" not in answer.headers["Set-Cookie"]


def test_a_wrong_key_is_refused_and_not_repeated(browser: FlaskClient) -> None:
    answer = sign_in(browser, "recto_hunter2_x")
    assert answer.status_code == 401
    assert "not valid" in answer.text
    assert "hunter2" not in answer.text
    assert browser.get_cookie(COOKIE) is None


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"]
)
def test_signing_in_never_leads_to_another_site(browser: FlaskClient, wanted: str) -> None:
    assert sign_in(browser, ADMIN_KEY, wanted).location == "/"


def test_signing_out_ends_it(browser: FlaskClient) -> None:
    sign_in(browser, ADMIN_KEY)
    browser.post(
        "/sign-out", data={"form_token": token(browser, "/")}, headers={"Origin": "http://localhost"}
    )
    assert browser.get("/books").status_code == 303


def test_revoking_a_key_ends_what_was_signed_in_with_it(browser: FlaskClient, ledger: Ledger) -> None:
    key, secret = ledger.create_key("kiosk", [Scope.SEARCH])
    sign_in(browser, secret)
    assert browser.get("/books").status_code == 200
    ledger.revoke_key(key.key_id)
    assert browser.get("/books").status_code == 303


def test_a_forged_or_old_cookie_is_no_key(browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.set_cookie(COOKIE, "ImJvc3Mi.aaaa.bbbb")
    assert browser.get("/books").status_code == 303
    sign_in(browser, ADMIN_KEY)
    monkeypatch.setattr("recto_web.security.signed_in.SIGNED_IN_SECONDS", -1)
    assert browser.get("/books").status_code == 303


SEARCHES = {("GET", "/"), ("GET", "/books"), ("GET", "/books/b"), ("POST", "/search")}
WRITES = {
    ("GET", "/"), ("GET", "/books"), ("GET", "/books/b"), ("GET", "/jobs"),
    ("POST", "/books"), ("POST", "/books/b/delete"),
}  # fmt: skip


@pytest.mark.parametrize(("scope", "allowed"), [(Scope.SEARCH, SEARCHES), (Scope.WRITE, WRITES)])
def test_a_key_opens_what_its_scope_says(
    client: FlaskClient, ledger: Ledger, scope: Scope, allowed: set[tuple[str, str]]
) -> None:
    ledger.put_book(Book("b", "Kept"))
    _, secret = ledger.create_key("robot", [scope])
    for method, path in sorted(SEARCHES | WRITES):
        status = client.open(path, method=method, headers=bearer(secret)).status_code
        assert (status != 403) == ((method, path) in allowed), (method, path, status)


def test_pages_offer_only_what_the_key_opens(client: FlaskClient, ledger: Ledger) -> None:
    _, secret = ledger.create_key("kiosk", [Scope.SEARCH])
    page = client.get("/books", headers=bearer(secret)).text
    assert 'href="/jobs"' not in page
    assert 'href="/books"' in page


def test_on_loopback_no_key_is_needed_but_one_that_is_shown_counts(settings: Settings) -> None:
    app = create_app(dataclasses.replace(settings, host="127.0.0.1"))
    client = app.test_client()
    ledger = app.extensions[EXTENSION].ledger
    _, secret = ledger.create_key("kiosk", [Scope.SEARCH])
    assert client.get("/jobs").status_code == 200
    assert client.get("/sign-in").location == "/"
    assert client.get("/jobs", headers=bearer(secret)).status_code == 403
    assert client.get("/jobs", headers=bearer("nonsense")).status_code == 401
    ledger.close()


def test_the_server_does_not_start_beyond_loopback_without_a_key(settings: Settings) -> None:
    with pytest.raises(BadSetting, match="recto keys create"):
        create_app(dataclasses.replace(settings, admin_key=""))
