"""Book ids in addresses. An id is any text, so a few need care: slashes, dots, and the words that pages use."""

from __future__ import annotations

from urllib.parse import quote

from werkzeug.routing import BaseConverter

ESCAPE = "~"
RESERVED = frozenset({"new", ".", ".."})
"""Ids that cannot stand alone in a path: `/books/new` is the form, browsers resolve dots themselves."""


class BookIdConverter(BaseConverter):
    """Any text, slashes included, quoted as one segment; a leading `~` marks an id that was escaped."""

    part_isolating = False
    regex = r"[\s\S]+?"

    def to_python(self, value: str) -> str:
        """The id that an address names."""
        return value.removeprefix(ESCAPE)

    def to_url(self, value: str) -> str:
        """The id as it stands in an address."""
        escaped = ESCAPE + value if value in RESERVED or value.startswith(ESCAPE) else value
        return quote(escaped, safe="")
