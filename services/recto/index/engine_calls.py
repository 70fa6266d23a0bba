"""Calls of the vector engine, timed and counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from recto.index.base import Index
from recto.observe import metrics

_WRITING = ("ensure", "upsert", "delete_covers", "delete_book", "publish", "drop")
_READING = ("nearest", "features", "get", "scroll", "count", "versions", "published")
OPERATIONS = frozenset((*_WRITING, *_READING))
"""Methods of `Index` that ask the engine."""


def timed(index: Index) -> Index:
    """The index, with every call of the engine noted."""
    return cast("Index", _Timed(index))


class _Timed:
    def __init__(self, index: Index) -> None:
        self._index = index

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._index, name)
        return _noted(name, method) if name in OPERATIONS else method


def _noted(operation: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(*arguments: Any, **named: Any) -> Any:
        errors = metrics.INDEX_ERRORS.labels(operation=operation)
        with errors.count_exceptions(BaseException), metrics.timed(metrics.INDEX_CALL, operation=operation):
            return method(*arguments, **named)

    return call
