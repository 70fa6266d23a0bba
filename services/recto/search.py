"""From photos of one book to an answer with its evidence: decode, views, embed, shortlist, verify, rank."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recto import local
from recto.engine import Engine
from recto.errors import NotFound, RectoError, Refused
from recto.images import MAX_SIDE, Decoded, encode_jpeg
from recto.index import Shortlist
from recto.lanes import Lane
from recto.ledger import PhotoRow, SearchRow
from recto.observe import metrics
from recto.rank import Answer, BookAnswer, Evidence, rank, regions
from recto.recipe import Version
from recto.records import Book, Side, Where
from recto.vectors import Floats, SparseWords
from recto.verify import PreparedPhoto, Verification, verify
from recto.views import views

DISPLAY_SIDE = 1280
"""Longest side in pixels of the copy of a photo that result pages show."""
RANK_CONSTANT = 60
"""Constant of reciprocal rank fusion, the value of Cormack, Clarke and Buettcher (SIGIR 2009)."""


VERIFIED_TOGETHER = 16
"""Candidates verified before the search looks whether it may stop; look-alikes of a cover stand beside it."""
BEYOND_DOUBT = 60
"""Inliers from which further candidates are not verified. Set beforehand, not fitted; checked on smvs_dvd: no verdict
and no first place differs from verifying all, and p50 of a found photo falls from 121 to 88 ms."""


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidate:
    """A cover that a witness named; the score of a witness that did not name it is 0."""

    cover_id: str
    book_id: str
    side: Side
    embedding_score: float
    local_score: float


@dataclass(frozen=True)
class Photo:
    """A photo in work: its place in the search, its picture, its local features."""

    number: int
    decoded: Decoded
    features: local.LocalFeatures

    def full_size(self, outline: Floats) -> Floats:
        """Corners (4, 2) in pixels of the described photo -> in pixels of the upright full-size photo."""
        scale = (
            self.decoded.full_width / self.features.width,
            self.decoded.full_height / self.features.height,
        )
        return np.asarray(outline * np.array(scale), np.float32)


@dataclass
class StageTimes:
    """Milliseconds spent in each stage of one search."""

    started: float = field(default_factory=time.perf_counter)
    milliseconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = (time.perf_counter() - start) * 1000
            self.milliseconds[name] = self.milliseconds.get(name, 0.0) + spent

    def report(self) -> dict[str, float]:
        """Milliseconds by stage, with the total since the beginning."""
        total = (time.perf_counter() - self.started) * 1000
        return {name: round(value, 2) for name, value in (self.milliseconds | {"total": total}).items()}


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
    except Exception:  # whoever waits for the answer is told; the worker's log gets the rest
        engine.ledger.fail_search(search_id, "The search failed inside Recto; its log says why.")
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
    with times.stage("decode"):
        photos = _decode(engine, row.photos)
    for number, (photo, decoded) in enumerate(zip(row.photos, photos, strict=True)):
        with times.stage("embed"):
            embeddings = lane.encoder.embed(views(decoded.pixels, lane.encoder.view_side))
        with times.stage("describe"):
            features = local.describe(decoded.pixels, photo=True)
            words = local.words(features, photo=True)
        with times.stage("shortlist"):
            shortlists = {
                side: _nearest(engine, lane.version, side, embeddings, words, row.where)
                for side in _sides(photo.side, row.where)
            }
        with times.stage("verify"):
            evidence += _verify(engine, lane.version, Photo(number, decoded, features), fuse(shortlists))
    with times.stage("rank"):
        books = engine.ledger.books_by_id(sorted({item.book_id for item in evidence}))
        calibration = engine.calibrations.of(lane.version.recipe_id)
        known = [item for item in evidence if item.book_id in books]
        answer = rank(known, limit=row.limit, calibration=calibration)
    with times.stage("store"):
        display = [_store_display_copy(engine, decoded) for decoded in photos]
    result = _result(lane.version, row, answer, books, photos, display, times)
    return {**result, "calibration": calibration.told(lane.version.recipe_id)}


def _decode(engine: Engine, photos: Sequence[PhotoRow]) -> list[Decoded]:
    uploads = [engine.blobs.incoming(photo.name) for photo in photos]
    decoded = []
    for number, outcome in enumerate(engine.pool.decode_many(uploads, MAX_SIDE), start=1):
        if isinstance(outcome, Refused):
            metrics.count_refusal(outcome.reason)
            prefix = f"Photo {number}: " if len(photos) > 1 else ""
            raise Refused(outcome.reason, prefix + str(outcome))
        decoded.append(outcome)
    return decoded


def _sides(shown: Side | None, where: Where) -> list[Side]:
    """The sides to search: the one that the photo shows when it is known, and only what the filter allows."""
    return [side for side in Side if shown in (None, side) and where.side in (None, side)]


def _nearest(
    engine: Engine,
    version: Version,
    side: Side,
    embeddings: Floats,
    words: SparseWords,
    where: Where,
) -> Shortlist:
    """The shortlist of one side, without the books that the search leaves out."""
    spare = sum(len(engine.ledger.covers_of(book_id)) for book_id in where.without)
    limit = engine.settings.shortlist
    found = engine.index.nearest(version, side, embeddings, words, limit + spare, where)
    kept = [
        [hit for hit in hits if hit.book_id not in where.without][:limit]
        for hits in (found.embedding, found.local)
    ]
    return Shortlist(*kept)


def _verify(
    engine: Engine, version: Version, photo: Photo, candidates: Sequence[Candidate]
) -> list[Evidence]:
    """Compare the photo with the candidates, best first, until one fits beyond doubt or none is left."""
    prepared = PreparedPhoto(photo.features)
    evidence: list[Evidence] = []
    for start in range(0, len(candidates), VERIFIED_TOGETHER):
        chunk = candidates[start : start + VERIFIED_TOGETHER]
        packed = _features(engine, version, chunk)
        for candidate in chunk:
            stored = packed.get(candidate.cover_id)
            match = verify(prepared, local.unpack(stored)) if stored is not None else None
            evidence.append(_evidence(photo, candidate, match))
        if max(item.inliers for item in evidence) >= BEYOND_DOUBT:
            break
    return evidence


def _features(engine: Engine, version: Version, candidates: Sequence[Candidate]) -> dict[str, bytes]:
    """Packed features of covers of either side, in one read a side."""
    packed: dict[str, bytes] = {}
    for side in Side:
        wanted = [candidate.cover_id for candidate in candidates if candidate.side is side]
        if wanted:
            packed |= engine.index.features(version, side, wanted)
    return packed


def _evidence(photo: Photo, candidate: Candidate, match: Verification | None) -> Evidence:
    return Evidence(
        cover_id=candidate.cover_id,
        book_id=candidate.book_id,
        side=candidate.side,
        photo_index=photo.number,
        inliers=match.inliers if match else 0,
        outline=photo.full_size(match.outline) if match else None,
        embedding_score=candidate.embedding_score,
        local_score=candidate.local_score,
    )


def fuse(shortlists: Mapping[Side, Shortlist]) -> list[Candidate]:
    """Union of the lists of both witnesses on all sides by reciprocal rank fusion, best first."""
    ranks: dict[str, float] = defaultdict(float)
    named: dict[str, tuple[str, Side]] = {}
    embedding: dict[str, float] = {}
    words: dict[str, float] = {}
    for side, shortlist in shortlists.items():
        for hits, scores in ((shortlist.embedding, embedding), (shortlist.local, words)):
            for place, hit in enumerate(hits, start=1):
                ranks[hit.cover_id] += 1 / (RANK_CONSTANT + place)
                named[hit.cover_id] = (hit.book_id, side)
                scores[hit.cover_id] = hit.score
    return [
        Candidate(cover_id, *named[cover_id], embedding.get(cover_id, 0.0), words.get(cover_id, 0.0))
        for cover_id in sorted(named, key=lambda cover_id: (-ranks[cover_id], cover_id))
    ]


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
