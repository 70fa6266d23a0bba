"""From acknowledged covers to searchable ones: decode, store, embed, describe, hand over, index."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from recto import local
from recto.blobs.ahead import fetched
from recto.cover_facts import note_pictures, read_cover
from recto.engine import Engine
from recto.errors import RectoError, Refused, Unavailable
from recto.images import Decoded, encode_jpeg
from recto.index import CoverPoint
from recto.lanes import Lane
from recto.ledger import KeptVersions
from recto.ledger.facts import BUILDING
from recto.maintenance import delete_surplus
from recto.observe import metrics
from recto.recipe import Version
from recto.records import Cover, Side
from recto.staging import DescribedCover, read_staged, write_staged

THUMBNAIL_SIDE = 480
"""Longest side of a thumbnail in pixels: sharp in a catalogue grid at twice the density, about 30 KB."""

STORED_TOGETHER = 4
"""Thumbnails written at a time: each waits for a disk to sync, or for an answer of the object store."""

SHARE_OF_BUILD = 0.25
"""Share of the batches that go to a version being built first while covers wait for the live one. A choice: additions
take a third longer to become searchable, and a re-index beside endless additions four times as long as alone."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IngestReport:
    """Outcome of one batch; `staged_file` is empty when nothing was left to index."""

    claimed: int = 0
    failed: int = 0
    staged_file: str = ""


def ingest_batch(engine: Engine, worker: str) -> IngestReport:
    """Claim a batch of covers, describe them and stage their vectors: for the live version as long as any wait for it.

    A batch that raises is given back, its attempts counted: its covers are tried again one at a time, and the one
    that keeps failing is quarantined.
    """
    lane, covers = _claim(engine, worker)
    if not covers:
        return IngestReport()
    try:
        wanted = _quarantine(engine, lane.version, covers)
        with metrics.ingest_stage("decode"):
            readable, printed = _decode(engine, lane.version, wanted)
        note_pictures(engine, readable, printed)
        with metrics.ingest_stage("thumbnails"):
            _store_thumbnails(engine, lane.version, readable)
        with metrics.ingest_stage("describe"):
            described = _describe(lane, readable)
        with metrics.ingest_stage("hand_over"):
            staged_file = _hand_over(engine, lane.version, described)
    except Unavailable:  # a full disk or a stopping process says nothing about the covers
        engine.ledger.release(worker, untried=True)
        raise
    except Exception:  # whatever went wrong, the covers must not wait for their lease to expire
        engine.ledger.release(worker)
        raise
    metrics.COVERS_DESCRIBED.inc(len(described))
    return IngestReport(len(covers), len(covers) - len(described), staged_file)


def _claim(engine: Engine, worker: str) -> tuple[Lane, list[Cover]]:
    """Covers to work on and the lane that they are for."""
    settings, kept = engine.settings, engine.ledger.kept_versions()
    for version in _in_turn(kept):
        try:
            lane = engine.lanes.get(version)
        except RectoError as error:
            if version == kept.live:
                raise
            _log.warning("Covers of version %s wait: %s", version.recipe_id, error)
            engine.ledger.note_trouble(version, f"A worker cannot describe covers for it: {error}")
            continue
        covers = engine.ledger.claim(worker, settings.ingest_batch, settings.lease_seconds, version.recipe_id)
        if covers:
            return lane, covers
    return engine.live(), []


def _in_turn(kept: KeptVersions) -> list[Version]:
    """The version to work for first: the live one, but now and then the one that is built, so that it gets done also
    while covers are added without end. Before a switch the other one: then it misses nothing that searches find.
    """
    now_and_then = kept.other_state == BUILDING and random.random() < SHARE_OF_BUILD  # noqa: S311 - no secret
    return kept.written[::-1] if kept.is_switching or now_and_then else kept.written


def index_staged(engine: Engine, staged_file: str, worker: str = "index") -> int:
    """Put the covers of a staged file into the index and return how many became searchable.

    Doing it twice changes nothing; of two workers that are told at once the second leaves it to the first. Covers
    whose vectors are lost, damaged or of another recipe are queued again. So are those of a batch that raises,
    attempts counted as in `ingest_batch`; a batch that the index cannot take at present stays where it is.
    """
    try:
        return _index_staged(engine, staged_file, worker)
    except RectoError as error:
        if error.permanent:
            engine.ledger.unstage(staged_file)
        raise
    except Exception:  # whatever is wrong with the batch, its covers must not wait for ever
        engine.ledger.unstage(staged_file)
        raise


def _index_staged(engine: Engine, staged_file: str, worker: str) -> int:
    waiting = engine.ledger.take_staged(staged_file, worker, engine.settings.lease_seconds)
    if not waiting and engine.ledger.covers_of_staged(staged_file):
        return 0  # in the hands of another index worker
    try:
        with metrics.ingest_stage("index"):
            indexed = _write_staged(engine, staged_file, waiting)
    except Unavailable:
        engine.ledger.free_staged(worker)
        raise
    metrics.COVERS_INDEXED.inc(indexed)
    engine.blobs.delete_staged(staged_file)
    return indexed


def _write_staged(engine: Engine, staged_file: str, waiting: Sequence[Cover]) -> int:
    batch = read_staged(engine.blobs, staged_file) if waiting else None
    version = _version_of_batch(engine, batch[0], waiting) if batch else None
    if batch is None or version is None:
        engine.ledger.unstage(staged_file, anew=True)
        return 0
    described = {cover.cover_id: cover for cover in batch[1]}
    for side in Side:
        _upsert(engine, version, side, [cover for cover in waiting if cover.side is side], described)
    ids = [cover.cover_id for cover in waiting]
    indexed = set(engine.ledger.mark_indexed(ids, version.recipe_id, staged_file))
    _undo(engine, version, [cover for cover in waiting if cover.cover_id not in indexed])
    return len(indexed)


def _version_of_batch(engine: Engine, recipe_id: str, waiting: Sequence[Cover]) -> Version | None:
    """The version that a batch was described for; None when it is not kept, or its covers wait for another."""
    if any(cover.recipe != recipe_id for cover in waiting):
        return None
    kept = engine.ledger.kept_versions().written
    return next((version for version in kept if version.recipe_id == recipe_id), None)


def _undo(engine: Engine, version: Version, late: Sequence[Cover]) -> None:
    """Covers that changed while their batch was written: gone, failed, or on their way again with newer fields."""
    for side in Side:
        delete_surplus(engine, version, side, [cover.cover_id for cover in late if cover.side is side])
    # Of a cover that another worker wrote meanwhile nobody knows which of the two came last.
    engine.ledger.index_again([cover.cover_id for cover in late], version.recipe_id)


def _quarantine(engine: Engine, version: Version, covers: Sequence[Cover]) -> list[Cover]:
    """Set aside the cover that a worker died on too often."""
    limit = engine.settings.ingest_attempts
    for cover in covers:
        if cover.attempts > limit:
            reason = f"The worker stopped {limit} times while it worked on this image; it is not tried again."
            engine.ledger.mark_failed(cover.cover_id, "quarantine", reason, version.recipe_id)
            metrics.COVERS_FAILED.labels(stage="quarantine").inc()
    return [cover for cover in covers if cover.attempts <= limit]


def _decode(
    engine: Engine, version: Version, covers: Sequence[Cover]
) -> tuple[list[tuple[Cover, Decoded]], dict[str, tuple[str, ...]]]:
    """The covers that can be read with their pixels, and the barcodes on them by sha256."""
    readable, printed = [], {}
    for cover, original in zip(
        covers, fetched(engine.blobs, [cover.sha256 for cover in covers]), strict=True
    ):
        outcome, barcodes = (original, ()) if isinstance(original, Refused) else read_cover(engine, original)
        if isinstance(outcome, Refused):
            engine.ledger.mark_failed(cover.cover_id, "decode", str(outcome), version.recipe_id)
            metrics.COVERS_FAILED.labels(stage="decode").inc()
            metrics.count_refusal(outcome.reason)
        else:
            readable.append((cover, outcome))
            printed[cover.sha256] = barcodes
    return readable, printed


def _store_thumbnails(engine: Engine, version: Version, readable: Sequence[tuple[Cover, Decoded]]) -> None:
    """Keep a thumbnail of each; for a version beside the live one they are nearly all there."""
    is_live = version == engine.version

    def store(pair: tuple[Cover, Decoded]) -> None:
        cover, decoded = pair
        if is_live or engine.blobs.read_thumbnail(cover.sha256) is None:
            engine.blobs.put_thumbnail(cover.sha256, encode_jpeg(decoded.pixels, THUMBNAIL_SIDE))

    with ThreadPoolExecutor(STORED_TOGETHER, "thumbnails") as threads:
        list(threads.map(store, readable))


def _describe(lane: Lane, readable: Sequence[tuple[Cover, Decoded]]) -> list[DescribedCover]:
    if not readable:
        return []
    embeddings = lane.encoder.embed([decoded.pixels for _, decoded in readable])
    described = []
    for (cover, decoded), embedding in zip(readable, embeddings, strict=True):
        features = local.describe(decoded.pixels, photo=False)
        words = local.words(features, photo=False)
        described.append(DescribedCover(cover.cover_id, embedding, words, local.pack(features)))
    return described


def _hand_over(engine: Engine, version: Version, described: Sequence[DescribedCover]) -> str:
    if not described:
        return ""
    staged_file = write_staged(engine.blobs, version.recipe_id, described)
    engine.ledger.stage([cover.cover_id for cover in described], staged_file, version.recipe_id)
    return staged_file


def _upsert(
    engine: Engine,
    version: Version,
    side: Side,
    covers: Sequence[Cover],
    described: dict[str, DescribedCover],
) -> None:
    if not covers:
        return
    books = engine.ledger.books_by_id([cover.book_id for cover in covers])
    points = [
        CoverPoint(
            cover.cover_id,
            described[cover.cover_id].embedding,
            described[cover.cover_id].local,
            described[cover.cover_id].features,
            books[cover.book_id].filter_fields(),
        )
        for cover in covers
        if cover.book_id in books
    ]
    engine.index.upsert(version, side, points)
