"""Evidence of searches: a photo compared with a cover of the answer, with pictures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, abort, jsonify, make_response, url_for
from flask.typing import ResponseReturnValue

from recto.ledger import EvidenceRow
from recto_web.api.evidence_schemas import EvidenceRequest, EvidenceSchema, PendingEvidenceSchema
from recto_web.api.examples import EVIDENCE, EVIDENCE_REQUEST
from recto_web.api.kit import FILE, NOT_MODIFIED, Resource, described, fails, gives, may_give, takes_json
from recto_web.errors import problem
from recto_web.parts import parts
from recto_web.usecases.comparing import NOT_IN_TIME, send, status_of, wait_for, without_names
from recto_web.usecases.pictures import picture_of
from recto_web.usecases.searching import RETRY_SECONDS

resource = Resource("evidence", "Why an answer is what it is: a photo compared with a cover, on demand.")
NO_EVIDENCE = "Nobody has asked for this comparison, or it was cleared away."
PICTURE = {"schema": FILE}
ADDRESS = "/searches/<search_id>/evidence/<int:photo>/<uuid:cover_id>"


@resource.on("POST", "/searches/<search_id>/evidence")
@takes_json(EvidenceRequest, EVIDENCE_REQUEST)
@gives(200, EvidenceSchema, "The comparison.", example=EVIDENCE, headers=["Location"])
@may_give(
    202, PendingEvidenceSchema, "It takes longer than two seconds.", headers=["Location", "Retry-After"]
)
@fails(
    s404="There is no such answered search, or its answer names no such cover.",
    s410="Photo or cover was cleared away.",
    s422="A field or picture cannot be used.",
    s429="Too many searches wait.",
)
def ask(body: dict[str, Any], search_id: str) -> ResponseReturnValue:
    """Compare a photo with a cover

    Asking twice gives the same comparison. It comes within two seconds, or 202 says where it will be.
    """
    photo, cover_id = int(body["photo"]), str(body["cover_id"])
    send(search_id, photo, [cover_id])
    rows = wait_for(search_id, photo, [cover_id])
    return _answer(rows[0] if rows else abort(404, NO_EVIDENCE))


@resource.on("GET", ADDRESS)
@gives(200, EvidenceSchema, "The comparison.", example=EVIDENCE, headers=["Location"])
@may_give(202, PendingEvidenceSchema, "It is not made yet.", headers=["Location", "Retry-After"])
@fails(
    s404=NO_EVIDENCE,
    s410="Photo or cover was cleared away.",
    s422="A picture could not be read.",
    s503="No worker answered in time.",
)
def get(search_id: str, photo: int, cover_id: UUID) -> ResponseReturnValue:
    """Get a comparison of a photo with a cover"""
    return _answer(parts().ledger.evidence(search_id, photo, str(cover_id)) or abort(404, NO_EVIDENCE))


@resource.on("GET", f"{ADDRESS}/<picture>")
@described(
    responses={
        200: {"description": "The picture.", "content": {"image/jpeg": PICTURE, "image/png": PICTURE}},
        **NOT_MODIFIED,
    }
)
@fails(s404="There is no such picture, or it was cleared away.")
def picture(search_id: str, photo: int, cover_id: UUID, picture: str) -> Response:
    """Get a picture of a comparison: photo, matched, cover or heat"""
    return picture_of(search_id, photo, str(cover_id), picture)


def _answer(row: EvidenceRow) -> ResponseReturnValue:
    status = status_of(row)
    if status >= 400:
        return problem(status, row.error or NOT_IN_TIME)
    place: dict[str, Any] = {"search_id": row.search_id, "photo": row.photo, "cover_id": row.cover_id}
    url = url_for("api_evidence.get", **place)
    body: dict[str, Any] = {**place, "state": row.state, "url": url}
    if row.result is not None:
        names = {
            name: url_for("api_evidence.picture", **place, picture=name) for name in row.result["pictures"]
        }
        body |= {**without_names(row.result), "pictures": names}
    response = make_response(jsonify(body), status)
    response.headers["Location"] = url
    if status == 202:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        response.headers["Cache-Control"] = "no-store"
    return response
