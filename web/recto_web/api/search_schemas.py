"""JSON of searches."""

from __future__ import annotations

from marshmallow import Schema, fields

from recto.records import Side, Verdict
from recto_web.api.fields import address, said

_CORNER = fields.List(fields.Float(), metadata={"description": "x, y", "minItems": 2, "maxItems": 2})


class PendingSchema(Schema):
    """A search that is not answered yet."""

    search_id = said(fields.String, "Id of the search.", dump_only=True, required=True)
    state = said(fields.String, "`pending`, or `done` with the answer.", dump_only=True, required=True)
    url = address("Where the answer is, or will be.")


class CandidateSchema(Schema):
    """A book of an answer."""

    book_id = said(fields.String, "Your own id of it.", dump_only=True)
    probability = said(fields.Float, "How sure it is that the photo shows this book.", dump_only=True)
    side = said(fields.Enum, "Side that was recognised.", enum=Side, by_value=True, dump_only=True)
    inliers = said(fields.Integer, "Points that photo and cover share.", dump_only=True)
    barcode = said(
        fields.Boolean, "Its barcode was read; without inliers nothing else speaks for it.", dump_only=True
    )
    outline = fields.List(
        _CORNER,
        dump_only=True,
        allow_none=True,
        metadata={
            "description": "Corners of the cover in the photo, in pixels, or of the barcode where nothing else "
            "was seen of it; null where it was not located."
        },
    )
    photo = said(fields.Integer, "Number of the photo, from 0.", dump_only=True)
    cover_id = said(
        fields.String,
        "Cover that was recognised; empty where a barcode names a book without covers.",
        dump_only=True,
    )
    title = said(fields.String, "Title.", dump_only=True)
    authors = said(fields.List, "Authors.", cls_or_instance=fields.String(), dump_only=True)
    publisher = said(fields.String, "Publisher.", dump_only=True)
    year = said(fields.Integer, "Year.", dump_only=True, allow_none=True)


class PlaceSchema(Schema):
    """A place of the photo in which a book was seen."""

    outline = fields.List(_CORNER, dump_only=True, allow_none=True, metadata={"description": "Its corners."})
    verdict = said(fields.Enum, "What is concluded there.", enum=Verdict, by_value=True, dump_only=True)
    books = said(fields.List, "Ids, best first.", cls_or_instance=fields.String(), dump_only=True)


class ShownSchema(Schema):
    """The book that one photo shows by itself."""

    photo = said(fields.Integer, "Number of the photo, from 0.", dump_only=True)
    book_id = said(fields.String, "The book.", dump_only=True)


class BarcodeSchema(Schema):
    """A barcode that was read in a photo."""

    photo = said(fields.Integer, "Number of the photo, from 0.", dump_only=True)
    text = said(fields.String, "The digits of its EAN-13.", dump_only=True)
    isbn = said(fields.String, "The same where it is an ISBN-13; else empty.", dump_only=True)
    outline = fields.List(
        _CORNER, dump_only=True, metadata={"description": "Corners of its bars, in pixels."}
    )
    books = said(
        fields.List, "Ids of the books with this number.", cls_or_instance=fields.String(), dump_only=True
    )
    agrees = said(
        fields.Boolean,
        "Do the covers say the same? false: that of another book lies there; null: they say nothing of it.",
        dump_only=True,
        allow_none=True,
    )


class PhotoSchema(Schema):
    """A photo of a search."""

    url = address("The photo.")
    width = said(fields.Integer, "Pixels.", dump_only=True)
    height = said(fields.Integer, "Pixels.", dump_only=True)
    side = said(fields.Enum, "Side that it shows.", enum=Side, by_value=True, dump_only=True, allow_none=True)


class CalibrationSchema(Schema):
    """How far the probabilities of an answer can be trusted."""

    error = said(
        fields.Float,
        "Mean distance of probability and share of right answers on labelled photos; null where not measured.",
        dump_only=True,
        allow_none=True,
    )
    items = said(fields.Integer, "Searches that it was measured on.", dump_only=True)
    recipe_fits = said(
        fields.Boolean, "Whether it was fitted for the index that was searched.", dump_only=True
    )


class SearchSchema(PendingSchema):
    """A search with its answer. `books` come best first, also below the threshold of the verdict."""

    verdict = said(
        fields.Enum,
        "`found`; `ambiguous`: look-alikes that the photo does not tell apart; `not_found`.",
        enum=Verdict,
        by_value=True,
        dump_only=True,
        required=True,
    )
    books = fields.List(fields.Nested(CandidateSchema), dump_only=True, required=True)
    answers = fields.List(fields.Nested(PlaceSchema), dump_only=True)
    contradiction = fields.List(
        fields.Nested(ShownSchema),
        dump_only=True,
        metadata={"description": "What each photo shows, where they show different books; empty otherwise."},
    )
    photos = fields.List(fields.Nested(PhotoSchema), dump_only=True)
    barcodes = fields.List(fields.Nested(BarcodeSchema), dump_only=True)
    timings_ms = fields.Dict(
        keys=fields.String(),
        values=fields.Float(),
        dump_only=True,
        metadata={"description": "Milliseconds by stage."},
    )
    recipe = said(fields.String, "Recipe of the index that was searched.", dump_only=True)
    calibration = fields.Nested(
        CalibrationSchema,
        dump_only=True,
        metadata={
            "description": "Show its probabilities only when `recipe_fits` and `error` is at most .05."
        },
    )
