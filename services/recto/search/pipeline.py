"""From photos of one book to an answer with its evidence: decode, views, embed, shortlist, verify, rank."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from recto.encoders.registry import Lane
from recto.errors import NotFound, RectoError, Refused
from recto.faults import fault_of
from recto.images import MAX_SIDE, Decoded, encode_jpeg
from recto.ledger import SearchRow
from recto.observe import metrics
from recto.records import Book, Side, Where
from recto.runtime import Engine
from recto.search.barcodes import listen, report
from recto.search.photo import search_photo
from recto.search.rank import Answer, BookAnswer, Evidence, rank, regions
from recto.search.retrieval import Matcher
from recto.storage.blobs import Content
from recto.timing import StageTimes
from recto.vectors import Floats
from recto.versions import Version

DISPLAY_SIDE = 1280
"""Longest side in pixels of the copy of a photo that result pages show."""

_log = logging.getLogger(__name__)


def run_search(engine: Engine, search_id: str) -> None:
    """Answer a search of the ledger and write the result, or the sentence that says why there is none, into it."""
    row = engine.ledger.search(search_id)
    if row is None or row.state != "pending":
        return
    waited = time.time() - row.created
    metrics.SEARCH_WAIT.observe(max(0.0, waited))  # 0 where the clock of the asker is ahead
    times = StageTimes()
    try:
        result = _pinned(engine, row)
        engine.ledger.finish_search(search_id, result)
        metrics.observe_search(result["verdict"], result["timings_ms"])
        _log.info("The search is answered: %s", result["verdict"])
    except RectoError as error:
        engine.ledger.fail_search(search_id, str(error), transient=not error.permanent)
        metrics.observe_search("failed", times.report())
        _log.info("The search has no answer: %s", error)
    except Exception as error:  # whoever waits for the answer is told; the worker's log gets the rest
        fault = fault_of(error)
        sentence = str(fault or "The search failed inside Recto; its log says why.")
        engine.ledger.fail_search(search_id, sentence, transient=fault is not None)
        raise


def _pinned(engine: Engine, row: SearchRow) -> dict[str, Any]:
    """The answer of one version: the one that is live at the beginning, or its successor where that was dropped."""
    while True:
        lane = engine.live()
        try:
            return search(engine, row, lane)
        except NotFound:
            if engine.ledger.live_version() == lane.version:
                raise


def search(engine: Engine, row: SearchRow, lane: Lane) -> dict[str, Any]:
    """Which book do the photos show? All photos of a search are of one book, so their evidence is fused.

    Everything is asked of the version of `lane`, whatever becomes live meanwhile.

    Raises:
        Refused: a photo cannot be read; the message says which and why.
        NotFound: a photo was cleared away before anybody came to search it.
    """
    times = StageTimes()
    evidence: list[Evidence] = []
    calibration = engine.calibrations.of(lane.version.recipe_id)
    with times.stage("decode"):
        uploads = [engine.blobs.incoming(photo.name) for photo in row.photos]
        witnesses = listen(engine, uploads, row.where)
        photos = _decode(engine, uploads)
    for number, (photo, decoded) in enumerate(zip(row.photos, photos, strict=True)):
        sides = _sides(photo.side, row.where)
        matcher = Matcher(
            engine, lane.version, sides, row.where, number, calibration, times, witnesses[number]
        )
        evidence += search_photo(matcher, lane, decoded, engine.settings.shortlist)
        evidence += witnesses[number].votes()
    with times.stage("rank"):
        books = engine.ledger.books_by_id(sorted({item.book_id for item in evidence}))
        known = [item for item in evidence if item.book_id in books]
        answer = rank(known, limit=row.limit, calibration=calibration)
    with times.stage("store"):
        display = [_store_display_copy(engine, decoded) for decoded in photos]
    result = _result(lane.version, row, answer, books, photos, display, times)
    result["barcodes"] = report(witnesses, answer, books, calibration)
    return {**result, "calibration": calibration.told(lane.version.recipe_id)}


def _decode(engine: Engine, uploads: Sequence[Content]) -> list[Decoded]:
    decoded = []
    for number, outcome in enumerate(engine.pool.decode_many(uploads, MAX_SIDE), start=1):
        if isinstance(outcome, Refused):
            metrics.count_refusal(outcome.reason)
            prefix = f"Photo {number}: " if len(uploads) > 1 else ""
            raise Refused(outcome.reason, prefix + str(outcome))
        decoded.append(outcome)
    return decoded


def _sides(shown: Side | None, where: Where) -> list[Side]:
    """The sides to search: the one that the photo shows when it is known, and only what the filter allows."""
    return [side for side in Side if shown in (None, side) and where.side in (None, side)]


def _result(
    version: Version,
    row: SearchRow,
    answer: Answer,
    books: Mapping[str, Book],
    photos: Sequence[Decoded],
    display: Sequence[str],
    times: StageTimes,
) -> dict[str, Any]:
    """The answer as plain data; outlines are in pixels of the upright full-size photo."""
    return {
        "verdict": answer.verdict.value,
        "books": [_book(entry, books[entry.book_id]) for entry in answer.books],
        "answers": regions(answer),
        "contradiction": [
            {"photo": shown.photo_index, "book_id": shown.book_id} for shown in answer.contradiction
        ],
        "photos": [
            {
                "name": name,
                "width": decoded.full_width,
                "height": decoded.full_height,
                "side": photo.side.value if photo.side else None,
            }
            for name, decoded, photo in zip(display, photos, row.photos, strict=True)
        ],
        "timings_ms": times.report(),
        "recipe": version.recipe_id,
    }


def _book(entry: BookAnswer, book: Book) -> dict[str, Any]:
    return {
        "book_id": entry.book_id,
        "probability": round(entry.probability, 4),
        "side": entry.side.value,
        "inliers": entry.inliers,
        "barcode": entry.barcode,
        "outline": _plain(entry.outline),
        "photo": entry.photo_index,
        "cover_id": entry.cover_id,
        "title": book.title,
        "authors": list(book.authors),
        "publisher": book.publisher,
        "year": book.year,
    }


def _store_display_copy(engine: Engine, decoded: Decoded) -> str:
    return engine.blobs.put_incoming(encode_jpeg(decoded.pixels, DISPLAY_SIDE))


def _plain(outline: Floats | None) -> list[list[float]] | None:
    return None if outline is None else [[round(float(x), 1), round(float(y), 1)] for x, y in outline]
