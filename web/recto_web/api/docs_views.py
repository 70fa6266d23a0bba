"""What the page about the API shows of its description: plain records for the template."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

JSON = "application/json"
METHODS = ("get", "post", "put", "delete")


@dataclass(frozen=True)
class Field:
    """An argument, a field of a body or of an answer: `rule` says what it may be."""

    name: str
    place: str
    rule: str
    description: str
    required: bool


@dataclass(frozen=True)
class AnswerView:
    """An answer by status; `example` is JSON, empty without one."""

    status: str
    description: str
    headers: tuple[str, ...]
    example: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class OperationView:
    """An operation. `curl` is a line that uses it."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    scopes: tuple[str, ...]
    arguments: tuple[Field, ...]
    body_type: str
    answers: tuple[AnswerView, ...]
    curl: str


@dataclass(frozen=True)
class TagView:
    """The operations of one kind of thing."""

    name: str
    description: str
    operations: tuple[OperationView, ...]


def tags(document: Mapping[str, Any]) -> Iterator[TagView]:
    """The description, by tag."""
    for tag in document["tags"]:
        operations = [
            _operation(document, path, method, paths[method], paths.get("parameters", []))
            for path, paths in document["paths"].items()
            for method in METHODS
            if method in paths and tag["name"] in paths[method]["tags"]
        ]
        yield TagView(tag["name"], tag["description"], tuple(operations))


def _operation(
    document: Mapping[str, Any], path: str, method: str, said: Mapping[str, Any], shared: list[Any]
) -> OperationView:
    bodies: Mapping[str, Any] = said.get("requestBody", {}).get("content", {})
    kind = next(iter(bodies), "")
    body: Mapping[str, Any] = bodies.get(kind, {})
    arguments = [_argument(document, each) for each in [*shared, *said.get("parameters", [])]]
    arguments += _fields(document, body.get("schema", {}), "field")
    return OperationView(
        name=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said["summary"],
        description=" ".join(said.get("description", "").split()),
        scopes=tuple(scope for each in said["security"] for scope in each["key"]),
        arguments=tuple(arguments),
        body_type=kind,
        answers=tuple(_answer(document, *each) for each in said["responses"].items()),
        curl=_curl(method, path, kind, body),
    )


def _argument(document: Mapping[str, Any], said: Mapping[str, Any]) -> Field:
    found = _resolved(document, said)
    schema = _resolved(document, found["schema"])
    sentence = found.get("description") or schema.get("description", "")
    return Field(found["name"], found["in"], _rule(schema), sentence, bool(found.get("required")))


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any], place: str) -> list[Field]:
    found = _resolved(document, schema)
    required = found.get("required", ())
    return [
        Field(name, place, _rule(_resolved(document, each)), each.get("description", ""), name in required)
        for name, each in found.get("properties", {}).items()
    ]


def _answer(document: Mapping[str, Any], status: str, said: Mapping[str, Any]) -> AnswerView:
    found = _resolved(document, said)
    content = found.get("content", {}).get(JSON, {})
    example = content.get("example")
    return AnswerView(
        status=status,
        description="Any other error." if status == "default" else found.get("description", ""),
        headers=tuple(found.get("headers", {})),
        example=json.dumps(example, indent=2, ensure_ascii=False) if example else "",
        fields=tuple(_fields(document, _of_an_item(document, content.get("schema", {})), "")),
    )


def _of_an_item(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of the items where this is that of a page of them."""
    items: Mapping[str, Any] = (
        _resolved(document, schema).get("properties", {}).get("items", {}).get("items", {})
    )
    return items or schema


def _rule(schema: Mapping[str, Any]) -> str:
    """What a value may be, in a few words: `integer, 1 to 200, default 50`."""
    if "enum" in schema:
        return "one of " + ", ".join(
            "null" if each is None else str(each) or "(empty)" for each in schema["enum"]
        )
    if "const" in schema:
        return f"always {schema['const']}"
    kind = schema.get("type", "object")
    words = [" or ".join(kind) if isinstance(kind, list) else kind]
    if kind == "array":
        words = [f"list of {schema.get('items', {}).get('type', 'object')}s"]
    if schema.get("format") == "binary" or schema.get("items", {}).get("format") == "binary":
        words = ["file" if kind == "string" else "files"]
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if "maxLength" in schema and kind == "string":
        words.append(f"at most {schema['maxLength']:,} characters")
    if schema.get("default") not in (None, "", [], {}):
        words.append(f"default {json.dumps(schema['default'])}")
    return ", ".join(words)


def _curl(method: str, path: str, kind: str, body: Mapping[str, Any]) -> str:
    """A line for the shell; what stands in capitals is to be replaced."""
    address = "".join(part.upper() if number % 2 else part for number, part in enumerate(_split(path)))
    words = ["curl", *([] if method == "get" else ["-X", method.upper()]), '-H "$KEY"']
    if kind == JSON:
        example = json.dumps(body.get("example", {}), ensure_ascii=False)
        words += [f"-H 'Content-Type: {JSON}'", f"-d {shlex.quote(example)}"]
    elif kind:
        words += ["-F photo=@photo.jpg"] if "photo" in body["schema"]["properties"] else []
        words += (
            ["-F book_id=BOOK_ID", "-F front=@front.jpg"] if "book_id" in body["schema"]["properties"] else []
        )
    return " ".join([*words, f'"$RECTO{address}"'])


def _split(path: str) -> list[str]:
    return path.replace("{", "\0").replace("}", "\0").split("\0")


def _resolved(document: Mapping[str, Any], said: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference leads to; anything else as it is."""
    found = said
    while "$ref" in found:
        names = found["$ref"].removeprefix("#/").split("/")
        found = document
        for name in names:
            found = found[name]
    return found
