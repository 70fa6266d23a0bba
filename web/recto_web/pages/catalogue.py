"""The catalogue: a shelf of covers with a text query, filters and pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from recto.ledger import BookRow
from recto_web.parts import parts
from recto_web.presenters.paging import Pager, page_number, pager
from recto_web.rendering import render

PAGE_SIZE = 48
"""Divisible by 2, 3, 4 and 6, so that every row of the grid is full at the usual widths."""
TEXT_FILTERS = ("author", "publisher", "language", "tag")
YEAR_FILTERS = ("year_from", "year_to")

blueprint = Blueprint("catalogue", __name__)


@dataclass(frozen=True)
class CataloguePage:
    """Context of `catalogue.html`. `filters` are the typed texts by field, `wrong` sentences by field."""

    template: ClassVar[str] = "catalogue.html"
    query: str
    filters: dict[str, str]
    wrong: dict[str, str]
    books: tuple[BookRow, ...]
    pager: Pager
    was_deleted: bool  # this page follows a deletion

    @property
    def is_filtered(self) -> bool:
        """True when a filter beside the query is set."""
        return bool(self.filters)


@blueprint.get("/books")
def browse() -> ResponseReturnValue:
    """A page of the catalogue."""
    query = request.args.get("q", "").strip()
    filters = {
        name: text for name in (*TEXT_FILTERS, *YEAR_FILTERS) if (text := request.args.get(name, "").strip())
    }
    years, wrong = _years(filters)
    texts: dict[str, Any] = {name: filters[name] for name in TEXT_FILTERS if name in filters}
    page = parts().ledger.browse(query=query, **texts, **years, page=page_number(), page_size=PAGE_SIZE)
    address = {**({"q": query} if query else {}), **filters}
    shown = pager(page, "catalogue.browse", address)
    return render(
        CataloguePage(query, filters, wrong, page.items, shown, "deleted" in request.args),
        400 if wrong else 200,
    )


def _years(filters: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    years: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name in YEAR_FILTERS:
        text = filters.get(name, "")
        if text.isascii() and text.isdigit() and len(text) <= 4 and int(text) < 3000:
            years[name] = int(text)
        elif text:
            wrong[name] = f"“{text[:20]}” is not a year."
    return years, wrong
