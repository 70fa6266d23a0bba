"""JSON of comparisons of a photo with a cover."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from recto_web.api.fields import Whole, address, said

_POINT = fields.List(fields.Float(), metadata={"description": "x, y", "minItems": 2, "maxItems": 2})
_SHARE = "as a share of the cover's area"
VERDICTS = ("alike", "differs", "other", "unjudged", "unaligned")


def _numbers(count: int, description: str) -> fields.List[float]:
    metadata = {"description": description, "minItems": count, "maxItems": count}
    return fields.List(fields.Float(), dump_only=True, metadata=metadata)


class EvidenceRequest(Schema):
    """Which photo of a search to compare with which cover of its answer."""

    photo = Whole(
        load_default=0,
        validate=validate.Range(min=0, max=15),
        metadata={"description": "Number of the photo, from 0."},
    )
    cover_id = fields.UUID(required=True, metadata={"description": "A cover that the answer names."})


class PendingEvidenceSchema(Schema):
    """A comparison that is not made yet."""

    search_id = said(fields.String, "Id of the search.", dump_only=True, required=True)
    photo = said(fields.Integer, "Number of the photo, from 0.", dump_only=True, required=True)
    cover_id = said(fields.String, "Id of the cover.", dump_only=True, required=True)
    state = said(fields.String, "`pending`, or `done` with the comparison.", dump_only=True, required=True)
    url = address("Where the comparison is, or will be.")


class RegionSchema(Schema):
    """A place in which photo and cover differ, in pixels of the cover's original."""

    box = _numbers(4, "x, y, width, height.")
    outline = fields.List(_POINT, dump_only=True, metadata={"description": "Its border."})
    share = said(fields.Float, f"Its size {_SHARE}.", dump_only=True)
    strength = said(fields.Float, "Mean difference; 1: nothing in common.", dump_only=True)
    place = said(fields.String, "Where it is, in words.", dump_only=True)


class HiddenSchema(Schema):
    """What cannot be judged."""

    outside = said(fields.Float, f"Outside the photo, {_SHARE}.", dump_only=True)
    glare = said(fields.Float, f"Hidden by mirrored light, {_SHARE}.", dump_only=True)


class PicturesSchema(Schema):
    """Pictures in the shape of the cover; without `aligned` there is only that of the cover."""

    photo = address("The photo, straightened (JPEG).")
    matched = address("The same in colours near those of the cover (JPEG).")
    cover = address("The cover at that size (JPEG).")
    heat = address("The differences in colour, the rest transparent (PNG).")


class EvidenceSchema(PendingEvidenceSchema):
    """A comparison of a photo with a cover."""

    aligned = said(
        fields.Boolean, "Whether the cover could be laid over the photo.", dump_only=True, required=True
    )
    verdict = said(
        fields.String,
        "`alike`, `differs` in some places, `other` (much differs), `unjudged` (too little is seen), `unaligned`.",
        dump_only=True,
        required=True,
        validate=validate.OneOf(VERDICTS),
    )
    sentence = said(fields.String, "The same for people.", dump_only=True, required=True)
    inliers = said(fields.Integer, "Points that photo and cover share.", dump_only=True)
    photo_size = _numbers(2, "Width and height of the photo in pixels.")
    cover_size = _numbers(2, "Width and height of the cover's original in pixels.")
    matches = fields.List(
        _numbers(4, "x, y in the photo, x, y on the cover, in pixels."),
        dump_only=True,
        metadata={"description": "Matches that agree with the homography."},
    )
    outline = fields.List(
        _POINT,
        dump_only=True,
        allow_none=True,
        metadata={"description": "Corners of the cover in the photo, in pixels."},
    )
    homography = fields.List(
        _numbers(3, "A row."),
        dump_only=True,
        allow_none=True,
        metadata={"description": "Three rows; it maps pixels of the cover to those of the photo."},
    )
    regions = fields.List(fields.Nested(RegionSchema), dump_only=True, required=True)
    share = said(fields.Float, f"All regions together, {_SHARE}.", dump_only=True)
    judged = said(fields.Float, f"What could be compared, {_SHARE}.", dump_only=True)
    hidden = fields.Nested(HiddenSchema, dump_only=True)
    pictures = fields.Nested(PicturesSchema, dump_only=True)
    timings_ms = fields.Dict(
        keys=fields.String(),
        values=fields.Float(),
        dump_only=True,
        metadata={"description": "Milliseconds by stage."},
    )
