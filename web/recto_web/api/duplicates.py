"""Covers that are alike: list them, and keep or take back that two books are different."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, abort, make_response, url_for
from marshmallow import Schema, fields, validate

from recto.ledger import Pair
from recto.ledger.duplicates import DIFFERENT, MAX_NOTE
from recto.records import Alike
from recto_web.api.book_schemas import CoverSchema, show_cover
from recto_web.api.examples import DUPLICATE
from recto_web.api.fields import address, moment, said, text
from recto_web.api.kit import Resource, fails, gives, takes_json, takes_query
from recto_web.api.paging import Answer, PageQuery, answer_page, page_of
from recto_web.parts import parts

resource = Resource("duplicates", "Covers that are alike, and what people decided about them.")
NO_PAIR = "Nothing was found about these two covers."


class DecisionSchema(Schema):
    """That two books are different, whatever their covers look like."""

    verdict = said(
        fields.String, "`different`.", load_default=DIFFERENT, validate=validate.OneOf([DIFFERENT])
    )
    note = text(MAX_NOTE, "Why, for people.", load_default="")


class KeptDecisionSchema(DecisionSchema):
    """The same, as it is kept."""

    decided = moment("When it was decided.")


class DuplicateSchema(Schema):
    """Two covers that are alike."""

    kind = said(
        fields.Enum,
        "`same_file`: the same bytes; `same_picture`: encoded anew, resized, slightly cropped; `same_artwork`: most "
        "agrees, a part differs; `look_alike`: layout and lettering agree.",
        enum=Alike,
        by_value=True,
        dump_only=True,
    )
    found = moment("When it was found.")
    measures = said(
        fields.Dict,
        "What it was judged by: `share` is the part of what is to be seen that agrees; docs/duplicates.md has all.",
        dump_only=True,
    )
    covers = fields.List(
        fields.Nested(CoverSchema),
        dump_only=True,
        metadata={"description": "Both covers.", "minItems": 2, "maxItems": 2},
    )
    decision = fields.Nested(KeptDecisionSchema, dump_only=True, allow_none=True)
    decision_url = address("Where a decision about it is kept.")


class DuplicateQuery(PageQuery):
    """Which pairs to list."""

    kind = said(fields.Enum, "Those of one kind.", enum=Alike, by_value=True, load_default=None)
    job_id = text(128, "Those with a cover of a job.", load_default="")
    book_id = text(128, "Those with a cover of a book.", load_default="")
    state = said(
        fields.String,
        "`open`: those that nobody decided about; `decided`: those of books that were called different.",
        load_default="open",
        validate=validate.OneOf(["open", "decided"]),
    )


@resource.on("GET", "/duplicates")
@takes_query(DuplicateQuery)
@gives(200, page_of(DuplicateSchema), "A page of pairs, by kind, the latest first.", headers=["Link"])
@fails(s404="There is no such job.")
def listing(query: dict[str, Any]) -> Answer:
    """List covers that are alike"""
    decided = query.pop("state") == "decided"
    return answer_page(parts().ledger.duplicates(**query, decided=decided), _show)


@resource.on("PUT", "/duplicates/<uuid:cover_id>/<uuid:other_id>/decision")
@takes_json(DecisionSchema, {"verdict": DIFFERENT, "note": "First and second edition"})
@gives(200, DuplicateSchema, "The pair with the decision.", example=DUPLICATE)
@fails(s404=NO_PAIR)
def decide(decision: dict[str, Any], cover_id: UUID, other_id: UUID) -> dict[str, Any]:
    """Keep that the books of two covers are different

    The decision is about the books: it holds for all their covers, also for those that come later.
    """
    pair = _pair(cover_id, other_id)
    parts().ledger.decide(pair.book.book_id, pair.other_book.book_id, decision["note"])
    return _show(_pair(cover_id, other_id))


@resource.on("DELETE", "/duplicates/<uuid:cover_id>/<uuid:other_id>/decision")
@gives(204, description="The pair is listed again.")
@fails(s404="Nothing was found about these two covers, or nobody decided about their books.")
def undo(cover_id: UUID, other_id: UUID) -> Response:
    """Take a decision back"""
    pair = _pair(cover_id, other_id)
    if not parts().ledger.undecide(pair.book.book_id, pair.other_book.book_id):
        abort(404, "Nobody decided about the books of these covers.")
    return make_response("", 204)


def _pair(cover_id: UUID, other_id: UUID) -> Pair:
    return parts().ledger.duplicate(str(cover_id), str(other_id)) or abort(404, NO_PAIR)


def _show(pair: Pair) -> dict[str, Any]:
    ids: dict[str, Any] = {"cover_id": pair.cover.cover_id, "other_id": pair.other_cover.cover_id}
    decision = pair.decision
    return {
        "kind": pair.kind,
        "found": pair.found,
        "measures": dict(pair.measures),
        "covers": [show_cover(pair.cover), show_cover(pair.other_cover)],
        "decision": {"verdict": DIFFERENT, "note": decision.note, "decided": decision.decided}
        if decision
        else None,
        "decision_url": url_for("api_duplicates.decide", **ids),
    }
