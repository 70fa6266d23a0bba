"""What every resource of the API is made of: arguments, answers, their description. Only this knows flask-smorest.

It also turns an untyped library into typed decorators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar, cast

from flask import Flask
from flask_smorest import Api
from flask_smorest.blueprint import Blueprint
from marshmallow import RAISE, Schema, fields
from webargs.flaskparser import FlaskParser
from werkzeug.routing import BaseConverter

from recto_web.security.guard import accepts_files

PREFIX = "/api/v1"
JSON, MULTIPART, PROBLEM = "application/json", "multipart/form-data", "application/problem+json"
FILE: Mapping[str, Any] = {"type": "string", "format": "binary"}
PICTURES = "image/jpeg, image/png, image/webp, image/tiff, image/gif, image/heic, image/avif"

View = TypeVar("View", bound=Callable[..., Any])
SchemaLike = Schema | type[Schema]


class _Parser(FlaskParser):
    """An argument that does not exist is refused: a filter with a typing error must not show everything."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}  # noqa: RUF012


class ProblemSchema(Schema):
    """What went wrong, as RFC 9457 has it."""

    type = fields.String(required=True, metadata={"description": "`about:blank`: the status says it all."})
    title = fields.String(required=True, metadata={"description": "The status in words."})
    status = fields.Integer(required=True, metadata={"description": "The status."})
    detail = fields.String(
        required=True, metadata={"description": "What went wrong and what to do, as a sentence."}
    )
    errors = fields.Dict(metadata={"description": "Which fields cannot be used, and why."})


class Description(Api):
    """Collects the description of all resources. The application itself answers with problems."""

    ERROR_SCHEMA: type[Schema] = ProblemSchema  # type: ignore[assignment]
    DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM  # of what is not said otherwise: errors

    def __init__(self, app: Flask, **document: Any) -> None:
        super().__init__(app, spec_kwargs=document)

    def add(self, resource: Resource) -> None:
        """Serve and describe the views of a resource."""
        self.register_blueprint(resource)

    def describe_converter(self, converter: type[BaseConverter], schema: Mapping[str, Any]) -> None:
        """Say what the parts of addresses are that a converter reads."""
        self.register_converter(converter, lambda _: dict(schema))

    def _register_error_handlers(self) -> None:
        """Leave errors to `recto_web.errors`."""


class Resource(Blueprint):
    """Views of one kind of thing, described where they are written."""

    ARGUMENTS_PARSER = _Parser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(f"api_{name}", __name__, url_prefix=PREFIX, description=description)

    def on(self, method: str, rule: str) -> Callable[[View], View]:
        """Register a view: `@resource.on("GET", "/books")`."""
        return cast("Callable[[View], View]", self.route(rule, methods=[method]))


NOT_MODIFIED: Mapping[int, Any] = {304: {"description": "The copy that `If-None-Match` names is still good."}}
"""Part of `described(responses=...)` for answers that carry an entity tag."""
_anonymous = Resource("kit", "")
"""The decorators need an instance, but use only its class."""


def takes_query(schema: SchemaLike) -> Callable[[View], View]:
    """The view gets the arguments of the address, checked, as a dict before those of the path."""
    return cast("Callable[[View], View]", Resource.arguments(_anonymous, schema, location="query"))


def takes_json(schema: SchemaLike, example: Mapping[str, Any]) -> Callable[[View], View]:
    """The view gets the JSON body, checked, as a dict before the arguments of the path."""
    decorate = Resource.arguments(_anonymous, schema, location="json", example=example)

    def mark(view: View) -> View:
        decorated = decorate(view)
        decorated.body_type = JSON
        return cast("View", decorated)

    return mark


def takes_document(schema: Mapping[str, Any], example: Mapping[str, Any]) -> Callable[[View], View]:
    """The view reads a JSON body itself, which follows this JSON schema."""
    body = {"required": True, "content": {JSON: {"schema": schema, "example": example}}}

    def mark(view: View) -> View:
        decorated = Resource.doc(requestBody=body)(view)
        decorated.body_type = JSON
        return cast("View", decorated)

    return mark


def takes_form(
    fields: Mapping[str, Any], files: Mapping[str, Any], most_files: int, **rules: Any
) -> Callable[[View], View]:
    """The view reads a form itself: `fields` and `files` are JSON schemas by name, `rules` others for the whole."""
    schema = {"type": "object", "properties": {**files, **fields}, "additionalProperties": False, **rules}
    encoding = {name: {"contentType": PICTURES} for name in files}
    body = {"required": True, "content": {MULTIPART: {"schema": schema, "encoding": encoding}}}

    def mark(view: View) -> View:
        decorated = accepts_files(most_files)(Resource.doc(requestBody=body)(view))
        decorated.body_type = MULTIPART
        decorated.known_fields = frozenset(schema["properties"])
        return cast("View", decorated)

    return mark


def gives(
    status: int,
    schema: SchemaLike | None = None,
    description: str = "",
    *,
    example: Any = None,
    content_type: str = JSON,
    headers: Sequence[str] = (),
) -> Callable[[View], View]:
    """The view returns what the schema turns into JSON, or a response of its own."""
    return cast(
        "Callable[[View], View]",
        Resource.response(
            _anonymous,
            status,
            schema,
            description=description or HTTPStatus(status).phrase,
            example=example,
            content_type=content_type,
            headers={name: HEADERS[name] for name in headers} or None,
        ),
    )


def may_give(
    status: int, schema: SchemaLike, description: str, *, headers: Sequence[str] = ()
) -> Callable[[View], View]:
    """Another answer that is no error."""
    return cast(
        "Callable[[View], View]",
        Resource.alt_response(
            _anonymous,
            status,
            schema=schema,
            description=description,
            content_type=JSON,
            headers={name: HEADERS[name] for name in headers} or None,
            success=True,
        ),
    )


def fails(**sentences: str) -> Callable[[View], View]:
    """Errors that are worth a sentence of their own, by status: `fails(s404="There is no such book.")`."""

    def mark(view: View) -> View:
        for name, sentence in sentences.items():
            status = int(name.removeprefix("s"))
            view = Resource.doc(responses={status: {**PROBLEM_RESPONSE, "description": sentence}})(view)
        return view

    return mark


def described(**openapi: Any) -> Callable[[View], View]:
    """Parts of the description that the code does not say."""
    return cast("Callable[[View], View]", Resource.doc(**openapi))


PROBLEM_RESPONSE: Mapping[str, Any] = {
    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
}
_TEXT = {"type": "string"}
HEADERS: Mapping[str, Any] = {
    "Location": {
        "description": "Where to ask for it.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {"description": "Seconds to wait before asking again.", "schema": {"type": "integer"}},
    "ETag": {"description": "State of the book, for `If-Match`.", "schema": _TEXT},
    "Link": {"description": "Addresses of the first, previous, next and last page.", "schema": _TEXT},
}
