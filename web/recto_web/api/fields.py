"""Fields of the API's JSON that marshmallow does not have: moments, addresses, texts that a ledger can keep."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from marshmallow import fields, validate

TEXT_PATTERN = "^[^\\u0000]*$"
"""Any text but NUL, which no database keeps."""


class Moment(fields.Field[float]):
    """UTC epoch seconds, as ISO 8601 with milliseconds: `2026-11-21T09:30:00.000Z`."""

    def _serialize(self, value: float | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else iso(value)


class Whole(fields.Integer):
    """A whole number in JSON: `7` or `7.0`, but not `"7"`, `7.5` or `true`."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
            raise self.make_error("invalid", input=value)
        return int(value)


class Flag(fields.Boolean):
    """`true` or `false` in JSON, and nothing that could stand for them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


def iso(moment: float) -> str:
    """Epoch seconds as ISO 8601."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def text(longest: int, description: str, **options: Any) -> fields.String:
    """A text of limited length."""
    rules = [validate.Length(max=longest), validate.Regexp(r"[^\x00]*\Z")]
    metadata = {"description": description, "pattern": TEXT_PATTERN}
    return fields.String(validate=rules, metadata=metadata, **options)


def said(kind: Callable[..., fields.Field[Any]], description: str, **options: Any) -> Any:
    """A field with its description."""
    return kind(metadata={"description": description}, **options)


def moment(description: str, *, allow_none: bool = False) -> Moment:
    """A moment that is only shown."""
    return Moment(dump_only=True, allow_none=allow_none, metadata={"description": description})


def address(description: str, *, allow_none: bool = False) -> fields.String:
    """An address on this server."""
    metadata = {"description": description, "format": "uri-reference"}
    return fields.String(dump_only=True, allow_none=allow_none, metadata=metadata)
