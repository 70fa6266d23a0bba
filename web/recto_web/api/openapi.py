"""The description of the API in OpenAPI 3.1: what the code says, with keys and errors that all resources share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from recto import __version__
from recto.ledger.key_tokens import Scope
from recto.records import BOOK_ID_MAX_LENGTH
from recto_web.api.kit import PREFIX, PROBLEM_RESPONSE, Description
from recto_web.book_urls import BookIdConverter
from recto_web.security.access import scopes_of

VERSION = "3.1.0"
DESCRIPTION = f"""Find a book by a photo of its cover, and keep the catalogue.

Where the server listens beyond loopback, every request needs a key: `Authorization: Bearer recto_…`. Each operation
says which scopes open it, of {", ".join(f"`{scope}`" for scope in Scope)}; `admin` opens all.

Errors are problem details (RFC 9457) with a sentence in `detail`. Lists come in pages (`page`, `page_size`), with the
addresses of their neighbours in the header `Link`. Moments are ISO 8601 in UTC. Work that takes longer is answered
with 202 and the address in `Location` where it can be followed.

Book ids stand percent-encoded in addresses; `.`, `..`, `new` and ids that begin with `~` get a `~` in front."""
KEY_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "recto_<key_id>_<secret>",
    "description": "A key that `recto keys create` made. On loopback none is needed unless RECTO_REQUIRE_KEYS is set.",
}
LINKS = (
    ("books_put", "201", "books_get", "book_id", "$request.path.book_id"),
    ("books_put", "201", "books_delete", "book_id", "$request.path.book_id"),
    ("books_listing", "200", "books_get", "book_id", "$response.body#/items/0/book_id"),
    ("covers_listing", "200", "covers_get", "cover_id", "$response.body#/items/0/cover_id"),
    ("covers_listing", "200", "covers_thumbnail", "cover_id", "$response.body#/items/0/cover_id"),
    ("covers_listing", "200", "covers_image", "cover_id", "$response.body#/items/0/cover_id"),
    ("covers_listing", "200", "covers_retry", "cover_id", "$response.body#/items/0/cover_id"),
    ("covers_listing", "200", "covers_delete", "cover_id", "$response.body#/items/0/cover_id"),
    ("covers_add", "202", "jobs_get", "job_id", "$response.body#/job_id"),
    ("covers_add", "202", "jobs_items", "job_id", "$response.body#/job_id"),
    ("jobs_submit", "202", "jobs_get", "job_id", "$response.body#/job_id"),
    ("jobs_submit", "202", "jobs_pause", "job_id", "$response.body#/job_id"),
    ("jobs_submit", "202", "jobs_resume", "job_id", "$response.body#/job_id"),
    ("jobs_submit", "202", "jobs_cancel", "job_id", "$response.body#/job_id"),
    ("searches_start", "200", "searches_get", "search_id", "$response.body#/search_id"),
    ("searches_start", "202", "searches_get", "search_id", "$response.body#/search_id"),
    ("searches_start", "200", "searches_photo", "search_id", "$response.body#/search_id"),
)
"""(operation, status, operation that it leads to, parameter of that, where its value comes from)"""
SHARED_ERRORS = {"401": "A key is needed, or this one is not valid.", "403": "The key has not the scope."}
_CONTROLS = r"\u0000-\u001f\u007f-\u009f"
BOOK_ID_PATTERN = rf"^[^\s{_CONTROLS}/~.]([^{_CONTROLS}\u2028\u2029]*[^\s{_CONTROLS}])?$"
"""Ids that stand in an address as they are; those with a slash, dot or tilde in front are taken too."""
BOOK_ID = {
    "type": "string",
    "minLength": 1,
    "maxLength": BOOK_ID_MAX_LENGTH,
    "pattern": BOOK_ID_PATTERN,
    "description": "Your own id of the book.",
}


def describe(app: Flask) -> Description:
    """An empty description of the API of an application, for resources to be registered with."""
    app.config.update(API_TITLE="Recto", API_VERSION=__version__, OPENAPI_VERSION=VERSION)
    about = {"description": DESCRIPTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}}
    description = Description(app, info=about, servers=[{"url": "/"}])
    description.describe_converter(BookIdConverter, BOOK_ID)
    description.spec.components.security_scheme("key", KEY_SCHEME)
    return description


def finished(description: Description, app: Flask) -> dict[str, Any]:
    """The document, once all resources are registered."""
    document: dict[str, Any] = description.spec.to_dict()
    for rule, operation in _operations(document, app):
        scopes = scopes_of(rule.endpoint)
        operation["operationId"] = rule.endpoint.removeprefix("api_").replace(".", "_")
        operation["tags"] = [tag.removeprefix("api_") for tag in operation["tags"]]
        operation["security"] = [{"key": [scope.value]} for scope in scopes]
        for status, sentence in SHARED_ERRORS.items():
            operation["responses"].setdefault(status, {**PROBLEM_RESPONSE, "description": sentence})
        operation["responses"] = dict(sorted(operation["responses"].items()))
    _link(document)
    for tag in document["tags"]:
        tag["name"] = tag["name"].removeprefix("api_")
    return document


def _link(document: dict[str, Any]) -> None:
    """Say where the ids of an answer lead."""
    operations = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    }
    for source, status, target, parameter, value in LINKS:
        links = operations[source]["responses"][status].setdefault("links", {})
        links[target] = {"operationId": target, "parameters": {parameter: value}}


def _operations(document: dict[str, Any], app: Flask) -> Iterator[tuple[Rule, dict[str, Any]]]:
    """Each rule of the API with what the document says of it."""
    for rule in app.url_map.iter_rules():
        for method in rule.methods or ():
            operation = document["paths"].get(_path(rule), {}).get(method.lower())
            if rule.rule.startswith(PREFIX) and operation is not None:
                yield rule, operation


def _path(rule: Rule) -> str:
    return "".join(f"{{{part}}}" if is_variable else part for is_variable, part in rule._trace if part != "|")
