"""Refusing the fields of a form, as the checked JSON arguments are refused: by field, with sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, UnprocessableEntity


class UnusableFields(UnprocessableEntity):
    """Fields that cannot be used; `data` is as flask-smorest's own errors carry it."""

    def __init__(self, errors: Mapping[str, str], location: str) -> None:
        super().__init__()
        self.data = {"messages": {location: {name: [sentence] for name, sentence in errors.items()}}}


def refuse_fields(errors: Mapping[str, str], status: int = 422, location: str = "form") -> NoReturn:
    """End the request with 413 where a file is too large, else 422."""
    if status == 413:
        raise RequestEntityTooLarge(" ".join(errors.values()))
    raise UnusableFields(errors, location)


def messages_of(error: HTTPException) -> Any:
    """What is wrong, by place and field; None where the error is about something else."""
    return (getattr(error, "data", None) or {}).get("messages")


def sentence_of(messages: Any) -> str:
    """The messages of all fields in a row: `title: Missing data for required field.`"""
    return " ".join(_flat(messages, ()))


def _flat(messages: Any, path: tuple[str, ...]) -> list[str]:
    if isinstance(messages, Mapping):
        return [each for name, inner in messages.items() for each in _flat(inner, (*path, str(name)))]
    if isinstance(messages, (list, tuple)):
        return [each for inner in messages for each in _flat(inner, path)]
    place = ".".join(name for name in path[1:] if name != "_schema")
    return [f"{place}: {messages}" if place else str(messages)]
