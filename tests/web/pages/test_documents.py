"""The page about the pages names every address."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "web.md"


def test_every_route_is_documented(app: Flask) -> None:
    text = DOCUMENT.read_text()
    routes = [
        f"`{method} {re.sub('<[a-z]+:', '<', rule.rule)}`"
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith("/api/")  # they describe themselves; tests/api looks at that
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    assert routes
    assert [route for route in routes if route not in text] == []
