"""Pages of a listing: where it stands and the addresses of its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from recto.ledger import Page

LAST_PAGE = 1_000_000


@dataclass(frozen=True)
class Pager:
    """Context of `_pager.html`: rows `first` to `last` of `total`; an address is empty where there is no such page."""

    first: int
    last: int
    total: int
    page: int
    pages: int
    previous_url: str
    next_url: str


def page_number() -> int:
    """The page that the address asks for; 1 where it asks for none that could exist."""
    text = request.args.get("page", "1")
    return min(max(int(text), 1), LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def pager(page: Page[Any], endpoint: str, values: Mapping[str, Any]) -> Pager:
    """The pager of a page; `values` are the other parts of the address."""
    first = (page.page - 1) * page.page_size + 1
    before, after = min(page.page - 1, page.pages), page.page + 1

    def address(number: int) -> str:
        return url_for(endpoint, **values, page=number)

    return Pager(
        first=first if page.items else 0,
        last=first + len(page.items) - 1 if page.items else 0,
        total=page.total,
        page=page.page,
        pages=page.pages,
        previous_url=address(before) if before >= 1 else "",
        next_url=address(after) if after <= page.pages else "",
    )
