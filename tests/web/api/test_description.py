"""The description of the API: complete, right about its own examples, and readable."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from playwright.sync_api import Browser
from tests.web.api.conftest import ADMIN_KEY, Asks
from tests.web.pages.live import live

from recto.settings import Settings
from recto_web.api.kit import PREFIX

DESCRIBES_ITSELF = {"/api/v1/docs", "/api/v1/openapi.json"}


@pytest.fixture
def document(ask: Asks) -> dict[str, Any]:
    """The description."""
    found = ask("GET", "/openapi.json").json
    assert isinstance(found, dict)
    return found


def _operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    }


def test_every_route_is_described(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX) and rule.rule not in DESCRIBES_ITSELF
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes
    assert routes == set(_operations(document))


def test_the_description_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_every_operation_says_what_it_does_and_who_may(document: dict[str, Any]) -> None:
    for name, operation in _operations(document).items():
        assert operation["summary"], name
        assert operation["security"], name
        assert {"401", "403", "default"} <= set(operation["responses"]), name
        assert any(status.startswith("2") for status in operation["responses"]), name


def test_every_argument_and_field_has_a_sentence(document: dict[str, Any]) -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, rule in schema.get("properties", {}).items()
        if not rule.get("description") and "$ref" not in str(rule)
    ]
    assert silent == []


def test_every_example_follows_its_schema(document: dict[str, Any]) -> None:
    contents = [
        content
        for operation in _operations(document).values()
        for part in (operation.get("requestBody", {}), *operation["responses"].values())
        for content in part.get("content", {}).values()
        if "example" in content
    ]
    assert len(contents) > 20
    for content in contents:
        schema = {**content["schema"], "components": document["components"]}
        OAS31Validator(schema).validate(content["example"])


def test_operations_are_named_once(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in _operations(document).values()]
    assert len(names) == len(set(names))


def test_the_description_is_kept_while_it_is_the_same(ask: Asks) -> None:
    etag = ask("GET", "/openapi.json").headers["ETag"]
    assert ask("GET", "/openapi.json", {"If-None-Match": etag}).status_code == 304


def test_the_page_shows_every_operation_and_names_no_other_host(ask: Asks, document: dict[str, Any]) -> None:
    page = ask("GET", "/docs").text
    for operation in _operations(document).values():
        assert f'id="{operation["operationId"]}"' in page
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert "<script>" not in page
    assert " style=" not in page


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 390])
def test_the_page_fits_desks_and_phones(settings: Settings, chrome: Browser, width: int) -> None:
    said: list[str] = []
    with live(settings) as server:
        context = chrome.new_context(
            viewport={"width": width, "height": 900},
            extra_http_headers={"Authorization": f"Bearer {ADMIN_KEY}"},
        )
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{server.url}/api/v1/docs")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("link", name="Delete a book with its covers").click()
        assert page.locator("#books_delete").is_visible()
        context.close()
    assert said == []
