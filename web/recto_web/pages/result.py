"""The result of a search: the answer, how sure it is, and the region of the photo that matched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Blueprint, Response, abort, jsonify, redirect, url_for
from flask.typing import ResponseReturnValue

from recto.calibration import shows_percentage
from recto.ledger import SearchRow
from recto_web.parts import parts
from recto_web.presenters import barcodes as barcode_views
from recto_web.presenters import calibration as calibration_words
from recto_web.presenters import evidence as evidence_views
from recto_web.presenters import result as result_views
from recto_web.presenters.barcodes import BarcodeView
from recto_web.presenters.evidence import Twin
from recto_web.presenters.result import Candidate, Difference, PhotoView, ShownBook
from recto_web.rendering import render, wants_json
from recto_web.usecases.pictures import photo_of
from recto_web.usecases.searching import RETRY_SECONDS, wait_for

blueprint = Blueprint("result", __name__)


@dataclass(frozen=True)
class ResultPage:
    """Context of `result.html`. `best` is the first book, `twins` the look-alikes when the verdict is ambiguous."""

    template: ClassVar[str] = "result.html"
    search_id: str
    verdict: str
    best: Candidate | None
    twins: tuple[Candidate, ...]
    differences: tuple[Difference, ...]
    contradiction: tuple[ShownBook, ...]  # what each photo shows, where that is not one book
    compared: tuple[Twin, ...]  # the look-alikes with what comparisons found
    advice: str
    also: tuple[Candidate, ...]  # further books seen in the photo
    others: tuple[Candidate, ...]  # runners-up
    photos: tuple[PhotoView, ...]
    with_numbers: bool  # whether probabilities may be shown, not only words
    calibration: str  # why so, as a sentence
    barcodes: tuple[BarcodeView, ...]
    timings: Mapping[str, float]
    filter: str
    created: float
    catalogue_is_empty: bool


@dataclass(frozen=True)
class PendingPage:
    """Context of `pending.html`: a search that is not answered yet."""

    template: ClassVar[str] = "pending.html"
    url: str
    photo_urls: tuple[str, ...]
    retry_seconds: int = RETRY_SECONDS


@dataclass(frozen=True)
class FailedPage:
    """Context of `search_failed.html`: a search that has no answer, and why."""

    template: ClassVar[str] = "search_failed.html"
    title: str
    sentence: str


@blueprint.get("/searches/<search_id>")
def show(search_id: str) -> ResponseReturnValue:
    """The result of a search."""
    return respond(
        parts().ledger.search(search_id) or abort(404, "There is no such search, or it was cleared away.")
    )


@blueprint.get("/searches/<search_id>/photos/<int:number>")
def photo(search_id: str, number: int) -> Response:
    """A photo of a search."""
    return photo_of(search_id, number)


def answer(search_id: str) -> ResponseReturnValue:
    """The answer of a search that was just sent, or a redirection to it, or the address where it will be."""
    row = wait_for(search_id)
    if row.state == "pending" or wants_json():
        return respond(row)
    return redirect(url_for("result.show", search_id=search_id), 303)


def respond(row: SearchRow) -> ResponseReturnValue:
    """A search as it stands: 200 with its answer, 202 while it is worked on, 422 or 503 when there is none."""
    if row.state == "done" and row.result is not None:
        return _done(row, row.result)
    if row.state == "pending":
        return _pending(row)
    if row.state == "failed":
        return _failed(422, "This photo could not be searched", row.error)
    if row.error:
        return _failed(503, "Not at the moment", row.error)
    return _failed(
        503, "No answer in time", "No worker answered in time. Try again; `recto status` shows what runs."
    )


def _done(row: SearchRow, result: Mapping[str, Any]) -> ResponseReturnValue:
    url = url_for("result.show", search_id=row.search_id)
    if wants_json():
        photo_url = url_for("result.photo", search_id=row.search_id, number=0)
        return jsonify({"search": url, "photo": photo_url, **result}), 200, {"Vary": "Accept"}
    return render(_page(row, result))


def _page(row: SearchRow, result: Mapping[str, Any]) -> ResultPage:
    found = result_views.candidates(result)
    best = found[0] if found and result["verdict"] != "not_found" else None
    twins = result_views.twins(result, found) if result["verdict"] == "ambiguous" else []
    shown = twins or ([best] if best else [])
    contradiction = result_views.contradiction(result, found)
    compared = evidence_views.compared(row.search_id, twins) if twins and not contradiction else []
    also = result_views.also_seen(result, found, shown) if best else []
    return ResultPage(
        search_id=row.search_id,
        verdict=result["verdict"],
        best=best,
        twins=tuple(twins),
        differences=tuple(result_views.differences(twins)),
        contradiction=tuple(contradiction),
        compared=tuple(compared),
        advice=evidence_views.advice(compared),
        also=tuple(also),
        others=tuple(result_views.runners_up(found, [*shown, *also])),
        photos=tuple(result_views.photos(row, shown, also)),
        with_numbers=shows_percentage(result.get("calibration")),
        calibration=calibration_words.of_answer(result.get("calibration")),
        barcodes=tuple(barcode_views.barcodes(result)),
        timings=result["timings_ms"],
        filter=result_views.filter_words(row.where),
        created=row.created,
        catalogue_is_empty=parts().ledger.browse(page=1, page_size=1).total == 0,
    )


def _pending(row: SearchRow) -> ResponseReturnValue:
    url = url_for("result.show", search_id=row.search_id)
    headers = {
        "Location": url,
        "Retry-After": str(RETRY_SECONDS),
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }
    if wants_json():
        return jsonify(search=url, state="pending"), 202, headers
    urls = [
        url_for("result.photo", search_id=row.search_id, number=number) for number in range(len(row.photos))
    ]
    return render(PendingPage(url, tuple(urls)), 202, headers)


def _failed(status: int, title: str, sentence: str) -> ResponseReturnValue:
    if wants_json():
        response = jsonify(type="about:blank", title=title, status=status, detail=sentence)
        response.mimetype = "application/problem+json"
        return response, status
    return render(FailedPage(title, sentence), status)
