"""What the work in hand belongs to: the request that asked for it, its task, its search. Log lines carry it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

FIELDS = ("request_id", "task", "search_id", "job_id")
"""What may be known of the work in hand."""

_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}")
"""Ids of others as proxies and tracing systems write them; nothing that could forge a line of a log."""

_NOTHING: Mapping[str, str] = MappingProxyType({})
_bound: ContextVar[Mapping[str, str]] = ContextVar("recto_context", default=_NOTHING)


def current() -> Mapping[str, str]:
    """What is known of the work in hand."""
    return _bound.get()


def bind(**fields: str) -> None:
    """Add to what is known, for the rest of this thread or request; an empty value adds nothing."""
    assert fields.keys() <= set(FIELDS), f"unknown fields: {fields.keys()}"
    _bound.set({**_bound.get(), **{name: value for name, value in fields.items() if value}})


def clear() -> None:
    """Forget everything: the next request or task begins."""
    _bound.set(_NOTHING)


@contextmanager
def bound(**fields: str) -> Iterator[None]:
    """Add to what is known within the block."""
    before = _bound.get()
    bind(**fields)
    try:
        yield
    finally:
        _bound.set(before)


def request_id(given: str = "") -> str:
    """The id that a caller gave, if it can be used, else a new one."""
    return given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex
