"""Headers, host names, origins and tokens."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.web.pages.shelf import token

from recto.ledger import Ledger
from recto.records import Book
from recto.settings import Settings
from recto_web.security.secret_key import secret_key

PAGES = ("/", "/books", "/books/new", "/jobs", "/health", "/nothing", "/static/recto.css")


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_strict_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=(self)" in headers["Permissions-Policy"]


@pytest.mark.parametrize("path", ["/", "/books", "/books/new", "/jobs", "/nothing"])
def test_no_page_has_inline_scripts_or_styles_or_names_another_host(client: FlaskClient, path: str) -> None:
    text = client.get(path).text
    assert "<style" not in text
    assert " style=" not in text
    assert " onclick=" not in text
    assert "<script>" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:1234", "LOCALHOST", "localhost.:80"]
)
def test_its_own_names_are_answered(client: FlaskClient, host: str) -> None:
    expected = 400 if host.startswith("localhost.") else 200
    assert client.get("/", headers={"Host": host}).status_code == expected


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:8000", "127.0.0.1.nip.io", "[::"]
)
def test_another_host_name_is_refused_and_named(client: FlaskClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "RECTO_ALLOWED_HOSTS" in answer.text or host == "[::"


def test_a_name_from_the_settings_is_answered(settings: Settings) -> None:
    from recto_web.app import create_app

    allowed = Settings(
        data_dir=settings.data_dir, redis_url=settings.redis_url, allowed_hosts=("books.example", "::1")
    )
    client = create_app(allowed).test_client()
    assert client.get("/health", headers={"Host": "books.example"}).status_code == 200
    assert client.get("/health", headers={"Host": "[::1]:8000"}).status_code == 200
    assert client.get("/health", headers={"Host": "localhost"}).status_code == 400


FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "not a url ["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_what_another_site_sends_is_refused(
    browser: FlaskClient, ledger: Ledger, headers: dict[str, str]
) -> None:
    ledger.put_book(Book("b", "Kept"))
    form = {"form_token": token(browser, "/books/b")}
    assert browser.post("/books/b/delete", data=form, headers=headers).status_code == 403
    assert ledger.book("b") is not None


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}, {}], ids=str
)
def test_a_browser_with_its_token_is_served(
    browser: FlaskClient, ledger: Ledger, headers: dict[str, str]
) -> None:
    ledger.put_book(Book("b", "Gone"))
    form = {"form_token": token(browser, "/books/b")}
    assert browser.post("/books/b/delete", data=form, headers=headers).status_code == 303
    assert ledger.book("b") is None


@pytest.mark.parametrize("sent", ["", "0" * 64, "ä" * 64])
def test_a_browser_without_its_token_is_refused(browser: FlaskClient, ledger: Ledger, sent: str) -> None:
    ledger.put_book(Book("b", "Kept"))
    token(browser, "/books/b")
    answer = browser.post(
        "/books/b/delete", data={"form_token": sent}, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == 403
    assert "reload" in answer.text
    assert ledger.book("b") is not None


def test_the_token_of_one_browser_does_not_serve_another(app: Flask, ledger: Ledger) -> None:
    ledger.put_book(Book("b", "Kept"))
    one, other = app.test_client(), app.test_client()
    token(other, "/books/b")
    assert other.post("/books/b/delete", data={"form_token": token(one, "/books/b")}).status_code == 403


def test_two_tabs_of_one_browser_have_the_same_token(browser: FlaskClient) -> None:
    assert token(browser, "/") == token(browser, "/books/new")


def test_a_program_needs_no_token(client: FlaskClient, ledger: Ledger) -> None:
    ledger.put_book(Book("b", "Gone"))
    assert client.post("/books/b/delete").status_code == 303


def test_the_cookie_is_kept_from_scripts_and_other_sites(browser: FlaskClient) -> None:
    cookie = browser.get("/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    keys: list[bytes] = []
    threads = [threading.Thread(target=lambda: keys.append(secret_key(settings))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    path = tmp_path / "run" / "secret_key"
    assert len(set(keys)) == 1
    assert len(keys[0]) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret_key"]


def test_a_key_from_the_settings_is_used_and_not_written(tmp_path: Path) -> None:
    assert secret_key(Settings(data_dir=tmp_path, secret_key="mine")) == b"mine"
    assert not (tmp_path / "run").exists()
