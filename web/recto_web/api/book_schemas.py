"""JSON of books and covers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import url_for
from marshmallow import Schema, ValidationError, fields, validate

from recto.ledger import BarcodeConflict, BookRow
from recto.ledger.validation import MAX_CODE, MAX_ENTRIES, MAX_EXTRA_TEXT, MAX_NAME, MAX_TITLE, MAX_YEAR
from recto.records import Book, Cover, CoverState, Side
from recto_web.api.fields import Whole, address, said, text
from recto_web.api.paging import PageQuery

NAME_PATTERN = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
"""A name in a list: not blank."""
EXTRA_VALUE = {
    "type": ["string", "number", "boolean"],  # and null, as `allow_none` says
    "maxLength": MAX_EXTRA_TEXT,
    "pattern": r"^[^\u0000]*$",
}


def _names(description: str) -> fields.List[str]:
    rules = [validate.Length(1, MAX_NAME), validate.Regexp(r"(?s)(?=.*\S)[^\x00]*\Z")]
    one = fields.String(validate=rules, metadata={"pattern": NAME_PATTERN})
    return fields.List(
        one,
        load_default=[],
        validate=validate.Length(max=MAX_ENTRIES),
        metadata={"description": description},
    )


def _check_extra(extra: Mapping[str, Any]) -> None:
    for name, value in extra.items():
        is_number = isinstance(value, float) and not math.isfinite(value)
        if is_number or not isinstance(value, (str, int, float, bool, type(None))):
            raise ValidationError("Only texts, finite numbers, true, false and null are kept.", name)
        if isinstance(value, str) and len(value) > MAX_EXTRA_TEXT:
            raise ValidationError(f"At most {MAX_EXTRA_TEXT} characters are kept.", name)


class BookFieldsSchema(Schema):
    """What is known of a book."""

    title = text(MAX_TITLE, "May be empty.", required=True)
    authors = _names("Who wrote it.")
    isbn = text(MAX_CODE, "As it is printed.", load_default="")
    publisher = text(MAX_NAME, "Publisher.", load_default="")
    year = said(
        Whole,
        "Year of publication.",
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, MAX_YEAR),
    )
    language = text(MAX_CODE, "Any code or name that you use.", load_default="")
    tags = _names("Words to filter by.")
    extra = fields.Dict(
        keys=fields.String(validate=validate.Length(max=MAX_NAME)),
        values=fields.Raw(allow_none=True, metadata=EXTRA_VALUE),
        load_default=dict,
        validate=[validate.Length(max=MAX_ENTRIES), _check_extra],
        metadata={
            "description": "Whatever else you want to keep with it.",
            "maxProperties": MAX_ENTRIES,
            "propertyNames": {"maxLength": MAX_NAME, "pattern": r"^[^\u0000]*$"},
        },
    )


class BookChangeSchema(BookFieldsSchema):
    """What is said of a book. A field that is left out, empty or null changes nothing."""

    clear = fields.List(
        text(MAX_NAME, "Name of a field, or of a key of `extra`."),
        validate=validate.Length(max=MAX_ENTRIES),
        metadata={
            "description": "Fields to empty. A key of `extra` must stand there too, with null. "
            "A field to which a value is given as well is refused."
        },
    )

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Let every field be left out, or null."""
        field_obj.required, field_obj.allow_none, field_obj.load_default = False, True, None


class BookSchema(BookFieldsSchema):
    """A book of the catalogue."""

    book_id = said(fields.String, "Your own id of it.", dump_only=True)
    url = address("This book.")
    covers_url = address("Its covers.")
    page_url = address("Its page for people.")


class ListedBookSchema(BookSchema):
    """A book as a list shows it."""

    front_url = address("Thumbnail of its front.", allow_none=True)
    back_url = address("Thumbnail of its back.", allow_none=True)
    covers = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        dump_only=True,
        metadata={"description": "Number of its covers by state."},
    )


class BookQuery(PageQuery):
    """Which books to list."""

    q = text(200, "Words, all of which must occur in title, authors, ISBN or id.", load_default="")
    author = text(MAX_NAME, "An author, whole.", load_default="")
    publisher = text(MAX_NAME, "A publisher, whole.", load_default="")
    language = text(MAX_CODE, "A language.", load_default="")
    tag = text(MAX_NAME, "A tag, whole.", load_default="")
    year_from = said(
        fields.Integer, "Earliest year.", load_default=None, validate=validate.Range(0, MAX_YEAR)
    )
    year_to = said(fields.Integer, "Latest year.", load_default=None, validate=validate.Range(0, MAX_YEAR))


class CoverSchema(Schema):
    """An image of one side of a book, and where it stands on its way into the index."""

    cover_id = said(fields.UUID, "Id, made from book, side and image.", dump_only=True)
    book_id = said(fields.String, "Its book.", dump_only=True)
    side = said(fields.Enum, "Side that it shows.", enum=Side, by_value=True, dump_only=True)
    state = said(fields.Enum, "Where it stands.", enum=CoverState, by_value=True, dump_only=True)
    stage = said(fields.String, "Where it failed.", dump_only=True)
    reason = said(fields.String, "Why it failed, as a sentence.", dump_only=True)
    attempts = said(fields.Integer, "How often it was tried.", dump_only=True)
    recipe = said(fields.String, "Recipe it was described by.", dump_only=True)
    sha256 = said(fields.String, "Hash of the original's bytes.", dump_only=True)
    url = address("This cover.")
    book_url = address("Its book.")
    thumbnail_url = address("A small JPEG of it, once it was decoded.")
    image_url = address("The original.")


class ConflictSchema(Schema):
    """A cover whose barcode is not that of its book: of another edition, or the record is wrong."""

    cover_id = said(fields.UUID, "The cover.", dump_only=True)
    book_id = said(fields.String, "Its book.", dump_only=True)
    side = said(fields.Enum, "Side that it shows.", enum=Side, by_value=True, dump_only=True)
    barcodes = said(
        fields.List, "ISBNs that were read from it.", cls_or_instance=fields.String(), dump_only=True
    )
    isbns = said(fields.List, "ISBNs that the record names.", cls_or_instance=fields.String(), dump_only=True)
    cover_url = address("The cover.")
    book_url = address("Its book.")


class ConflictQuery(PageQuery):
    """Which conflicts to list."""

    job_id = text(64, "Those of covers of a job.", load_default="")
    book_id = text(128, "Those of a book.", load_default="")


class CoverQuery(PageQuery):
    """Which covers to list."""

    book_id = text(128, "Those of a book.", load_default="")
    side = said(fields.Enum, "Those of one side.", enum=Side, by_value=True, load_default=None)
    state = said(fields.Enum, "Those in one state.", enum=CoverState, by_value=True, load_default=None)


def show_book(book: Book) -> dict[str, Any]:
    """A book as JSON."""
    return {
        **asdict(book),
        "authors": list(book.authors),
        "tags": list(book.tags),
        "extra": dict(book.extra),
        "url": url_for("api_books.get", book_id=book.book_id),
        "covers_url": url_for("api_covers.listing", book_id=book.book_id),
        "page_url": url_for("book.show", book_id=book.book_id),
    }


def show_listed_book(row: BookRow) -> dict[str, Any]:
    """A book of a list as JSON."""
    sides = {"front_url": row.front, "back_url": row.back}
    thumbnails = {name: _thumbnail(cover) if cover else None for name, cover in sides.items()}
    counts = {state.value: count for state, count in row.states.items()}
    return {**show_book(row.book), **thumbnails, "covers": counts}


def show_cover(cover: Cover) -> dict[str, Any]:
    """A cover as JSON."""
    return {
        **asdict(cover),
        "url": url_for("api_covers.get", cover_id=cover.cover_id),
        "book_url": url_for("api_books.get", book_id=cover.book_id),
        "thumbnail_url": _thumbnail(cover),
        "image_url": url_for("api_covers.image", cover_id=cover.cover_id),
    }


def show_conflict(conflict: BarcodeConflict) -> dict[str, Any]:
    """A cover whose barcode is not that of its book, as JSON."""
    cover = conflict.cover
    return {
        "cover_id": cover.cover_id,
        "book_id": cover.book_id,
        "side": cover.side,
        "barcodes": list(conflict.barcodes),
        "isbns": list(conflict.isbns),
        "cover_url": url_for("api_covers.get", cover_id=cover.cover_id),
        "book_url": url_for("api_books.get", book_id=cover.book_id),
    }


def _thumbnail(cover: Cover) -> str:
    return url_for("api_covers.thumbnail", cover_id=cover.cover_id)
