"""The pages: one blueprint per feature."""

from __future__ import annotations

from flask import Flask

from recto_web.pages import (
    add_book,
    book,
    catalogue,
    covers,
    duplicates,
    evidence,
    examples,
    health,
    jobs,
    result,
    search,
    sign_in,
    versions,
)

BLUEPRINTS = (
    search.blueprint,
    examples.blueprint,
    result.blueprint,
    evidence.blueprint,
    catalogue.blueprint,
    add_book.blueprint,
    book.blueprint,
    covers.blueprint,
    jobs.blueprint,
    duplicates.blueprint,
    health.blueprint,
    sign_in.blueprint,
    versions.blueprint,
)


def register(app: Flask) -> None:
    """Add every page to the application."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
