"""The id of each request, and its time in the metrics."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from recto.observe import context, metrics

HEADER = "X-Request-ID"
"""Header in which callers may give an id, and in which every answer names the one that its log lines carry."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "(none)"
"""Route of requests that match none: their paths are as many as people can type."""


def trace(app: Flask) -> None:
    """Register it. Call it before every other `before_request`, so that their log lines carry the id."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.started = time.perf_counter()
    context.clear()
    context.bind(request_id=context.request_id(request.headers.get(HEADER, "")))


def _end(response: Response) -> Response:
    response.headers[HEADER] = context.current().get("request_id", "")
    method = request.method if request.method in METHODS else "other"
    route = request.url_rule.rule if request.url_rule else NO_ROUTE
    status = str(response.status_code)
    metrics.HTTP.labels(method=method, route=route, status=status).observe(time.perf_counter() - g.started)
    return response
