"""Why an answer is what it is: a photo compared with a cover, on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from flask import Blueprint, Response, abort, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from recto.ledger import EvidenceRow
from recto_web.errors import problem
from recto_web.pages.result import PendingPage
from recto_web.parts import parts
from recto_web.presenters import evidence as evidence_views
from recto_web.presenters import result as result_views
from recto_web.presenters.evidence import EvidenceView, Twin
from recto_web.rendering import render, wants_json
from recto_web.usecases.comparing import (
    NOT_IN_TIME,
    least,
    send,
    status_of,
    wait_for,
    without_names,
)
from recto_web.usecases.pictures import picture_of
from recto_web.usecases.searching import RETRY_SECONDS

NO_EVIDENCE = (
    "Nobody has asked for this comparison yet, or it was cleared away. Open the result and choose Compare."
)

blueprint = Blueprint("evidence", __name__)


@dataclass(frozen=True)
class EvidencePage:
    """Context of `evidence.html`. `twins`: all look-alikes of an ambiguous answer, this one among them."""

    template: ClassVar[str] = "evidence.html"
    view: EvidenceView
    twins: tuple[Twin, ...]
    advice: str
    url: str
    result_url: str


@blueprint.post("/searches/<search_id>/evidence")
def ask(search_id: str) -> ResponseReturnValue:
    """Compare a photo with one cover, or with several look-alikes; leads to the one that differs least."""
    number, covers = request.form.get("photo", "0"), request.form.getlist("cover_id")
    if not number.isascii() or not number.isdigit() or len(number) > 2:
        return problem(400, "Say which photo of the search to compare: 0 for the first.")
    if not 1 <= len(covers) <= result_views.MOST_TWINS or not all(map(_is_uuid, covers)):
        return problem(
            400, f"Say which covers to compare with: 1 to {result_views.MOST_TWINS} ids of covers."
        )
    send(search_id, int(number), covers)
    rows = wait_for(search_id, int(number), covers)
    chosen = least(rows) if all(row.state != "pending" for row in rows) else None
    cover_id = chosen.cover_id if chosen else covers[0]
    return redirect(url_for(".show", search_id=search_id, photo=int(number), cover_id=cover_id), 303)


@blueprint.get("/searches/<search_id>/evidence/<int:photo>/<uuid:cover_id>")
def show(search_id: str, photo: int, cover_id: UUID) -> ResponseReturnValue:
    """A comparison: the difference, both pictures in one frame, the matched points."""
    row = parts().ledger.evidence(search_id, photo, str(cover_id)) or abort(404, NO_EVIDENCE)
    url = url_for(".show", search_id=search_id, photo=photo, cover_id=cover_id)
    if row.state == "pending":
        return _pending(row, url)
    if row.result is None:
        return problem(status_of(row), row.error or NOT_IN_TIME)
    if wants_json():
        pictures = {name: picture_url(row, name) for name in row.result["pictures"]}
        body = {**without_names(row.result), "evidence": url, "pictures": pictures}
        return jsonify(body), 200, {"Vary": "Accept"}
    view, twins = evidence_views.view(row), evidence_views.twins(row)
    if view is None:
        abort(404, NO_EVIDENCE)
    advice = evidence_views.advice(twins)
    back = url_for("result.show", search_id=search_id)
    return render(EvidencePage(view, tuple(twins), advice, url, back))


@blueprint.get("/searches/<search_id>/evidence/<int:photo>/<uuid:cover_id>/<picture>")
def picture(search_id: str, photo: int, cover_id: UUID, picture: str) -> Response:
    """A picture of a comparison."""
    return picture_of(search_id, photo, str(cover_id), picture)


def picture_url(row: EvidenceRow, name: str) -> str:
    """Address of a picture of a comparison."""
    return url_for(
        "evidence.picture", search_id=row.search_id, photo=row.photo, cover_id=row.cover_id, picture=name
    )


def _pending(row: EvidenceRow, url: str) -> ResponseReturnValue:
    headers = {
        "Location": url,
        "Retry-After": str(RETRY_SECONDS),
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }
    if wants_json():
        return jsonify(evidence=url, state="pending"), 202, headers
    photo = url_for("result.photo", search_id=row.search_id, number=row.photo)
    return render(PendingPage(url, (photo,)), 202, headers)


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
