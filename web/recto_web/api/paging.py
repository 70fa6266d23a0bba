"""Pages of a listing in JSON, with the addresses of their neighbours in the header `Link`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from flask import request, url_for
from marshmallow import Schema, fields, validate

from recto.ledger import Page
from recto_web.api.fields import said

PAGE_SIZE, LARGEST_PAGE = 50, 200
LAST_PAGE = 1_000_000

Row = TypeVar("Row")
Answer = tuple[dict[str, Any], int, dict[str, str]]


class PageQuery(Schema):
    """Which page of a listing."""

    page = said(
        fields.Integer, "Number of the page, from 1.", load_default=1, validate=validate.Range(1, LAST_PAGE)
    )
    page_size = said(
        fields.Integer,
        "Items of a page.",
        load_default=PAGE_SIZE,
        validate=validate.Range(1, LARGEST_PAGE),
    )


@cache
def page_of(item: type[Schema]) -> type[Schema]:
    """Schema of a page of items."""
    name = item.__name__.removesuffix("Schema")
    members = {
        "items": fields.List(fields.Nested(item), required=True),
        "total": said(fields.Integer, "Items of all pages.", required=True),
        "page": said(fields.Integer, "Number of this page.", required=True),
        "page_size": said(fields.Integer, "Items of a page.", required=True),
    }
    return Schema.from_dict(members, name=f"{name}PageSchema")


def answer_page(page: Page[Row], show: Callable[[Row], Any]) -> Answer:
    """The body, status and headers of a page."""
    body = {
        "items": [show(row) for row in page.items],
        "total": page.total,
        "page": page.page,
        "page_size": page.page_size,
    }
    return body, 200, {"Link": ", ".join(_links(page))}


def _links(page: Page[Any]) -> list[str]:
    numbers = {"first": 1, "last": page.pages}
    if page.page > 1:
        numbers["prev"] = min(page.page - 1, page.pages)
    if page.page < page.pages:
        numbers["next"] = page.page + 1
    return [f'<{_address(number)}>; rel="{relation}"' for relation, number in numbers.items()]


def _address(number: int) -> str:
    values = {**(request.view_args or {}), **request.args.to_dict(flat=True), "page": number}
    return url_for(request.endpoint or "", **values)
