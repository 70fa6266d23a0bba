"""The HTTP API under /api/v1, and its description."""

from __future__ import annotations

from flask import Flask, current_app, request
from werkzeug.exceptions import UnsupportedMediaType

from recto_web.forms.refusals import refuse_fields
from recto_web.rendering import is_api


def register(app: Flask) -> None:
    """Add the API to the application."""
    from recto_web.api import books, covers, docs, duplicates, evidence, index, jobs, searches, status
    from recto_web.api.openapi import describe, finished

    description = describe(app)
    for module in (searches, evidence, books, covers, duplicates, jobs, index, status):
        description.add(module.resource)
    app.register_blueprint(docs.blueprint)
    app.extensions[docs.EXTENSION] = finished(description, app)
    app.before_request(_check_body)


def _check_body() -> None:
    """Refuse a body of another kind, or with other fields, than the view reads; what no view reads is ignored."""
    view = current_app.view_functions.get(request.endpoint or "")
    wanted = getattr(view, "body_type", None)
    if is_api() and wanted and request.mimetype != wanted:
        raise UnsupportedMediaType(f"The body must be {wanted}, not {request.mimetype or 'of no type'}.")
    if known := getattr(view, "known_fields", None):
        unknown = sorted({*request.form, *request.files} - known)
        if unknown:
            refuse_fields(dict.fromkeys(unknown, "Unknown field."))
