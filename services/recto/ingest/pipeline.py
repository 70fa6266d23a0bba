"""From acknowledged covers to searchable ones: decode, store, embed, describe, hand over, index."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from recto import features as local
from recto.encoders.registry import Lane
from recto.errors import BadInput, RecipeMismatch, RectoError, Refused, Unavailable
from recto.images import Decoded
from recto.index import CoverPoint, Layout
from recto.index.base import Fields
from recto.index.checks import check_points
from recto.ingest.describing import FAILS, Describer
from recto.ledger import KeptVersions
from recto.ledger.facts import BUILDING
from recto.observe import metrics
from recto.records import Cover, Side
from recto.runtime import Engine, delete_surplus
from recto.storage.blobs.ahead import fetched
from recto.storage.staging import DescribedCover, read_staged, write_staged
from recto.versions import Version

STORED_TOGETHER = 4
"""Thumbnails written at a time: each waits for a disk to sync, or for an answer of the object store."""

KNOWN_ORIGINALS = 8
"""Originals of searchable covers that are looked for when a store seems to be empty."""

SHARE_OF_BUILD = 0.25
"""Share of the batches that go to a version being built first while covers wait for the live one. A choice: additions
take a third longer to become searchable, and a re-index beside endless additions four times as long as alone."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IngestReport:
    """Outcome of one batch; `staged_file` is empty when nothing was left to index."""

    claimed: int = 0
    failed: int = 0
    staged_file: str = ""


def ingest_batch(engine: Engine, worker: str) -> IngestReport:
    """Claim a batch of covers, describe them and stage their vectors: for the live version as long as any wait for it.

    Against a cover counts that its worker died on it, and what `describing` proves to be of its image: then it is
    tried again alone, and fails after `RECTO_INGEST_ATTEMPTS`. Whatever else goes wrong is no fault of the covers: they
    are given back untried, and wait.
    """
    if worker in engine.owed:
        engine.ledger.release(worker, untried=True)
        engine.owed.discard(worker)
    lane, covers = _claim(engine, worker)
    if not covers:
        return IngestReport()
    describer = Describer(engine, lane)
    try:
        wanted = _quarantine(engine, lane.version, covers)
        with metrics.ingest_stage("decode"):
            readable = _decode(engine, describer, lane.version, wanted)
        with metrics.ingest_stage("thumbnails"):
            readable = _store_thumbnails(engine, describer, lane.version, readable)
        with metrics.ingest_stage("describe"):
            described = _kept(
                engine, lane.version, [cover for cover, _ in readable], describer.describe(readable)
            )
        with metrics.ingest_stage("hand_over"):
            staged_file = _hand_over(engine, lane.version, described)
    except BaseException:  # libraries in Rust panic beside `Exception`
        _give_back(engine, worker)
        raise
    metrics.COVERS_DESCRIBED.inc(len(described))
    return IngestReport(len(covers), len(covers) - len(described), staged_file)


def _give_back(engine: Engine, worker: str) -> None:
    """Free what the worker holds, untried: now, or when the ledger answers again."""
    try:
        engine.ledger.release(worker, untried=True)
    except RectoError:
        engine.owed.add(worker)


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
    whose vectors are lost, damaged or of another recipe are queued anew, one whose vectors no index may hold is tried
    again alone, attempts counted. What the index, the ledger or the store cannot take at present stays where it is.
    """
    waiting = engine.ledger.take_staged(staged_file, worker, engine.settings.lease_seconds)
    if not waiting and engine.ledger.covers_of_staged(staged_file):
        return 0  # in the hands of another index worker
    try:
        with metrics.ingest_stage("index"):
            indexed = _write_staged(engine, staged_file, waiting)
    except BaseException:
        with suppress(RectoError):  # of the ledger: then the lease ends by itself
            engine.ledger.free_staged(worker)
        raise
    metrics.COVERS_INDEXED.inc(indexed)
    engine.blobs.delete_staged(staged_file)
    return indexed


def _write_staged(engine: Engine, staged_file: str, waiting: Sequence[Cover]) -> int:
    batch = read_staged(engine.blobs, staged_file) if waiting else None
    described = {cover.cover_id: cover for cover in batch[1]} if batch else {}
    version = _version_of_batch(engine, batch[0], waiting) if batch else None
    if version is None or any(cover.cover_id not in described for cover in waiting):
        engine.ledger.unstage(staged_file, anew=True)
        return 0
    refused = _refused(engine, version, waiting, described)
    for cover, reason in refused.items():
        engine.ledger.try_again([cover], "", reason, version.recipe_id, staged_file=staged_file)
    wanted = [cover for cover in waiting if cover.cover_id not in refused]
    for side in Side:
        _upsert(engine, version, side, [cover for cover in wanted if cover.side is side], described)
    ids = [cover.cover_id for cover in wanted]
    indexed = set(engine.ledger.mark_indexed(ids, version.recipe_id, staged_file))
    _undo(engine, version, [cover for cover in wanted if cover.cover_id not in indexed])
    return len(indexed)


def _refused(
    engine: Engine, version: Version, covers: Sequence[Cover], described: Mapping[str, DescribedCover]
) -> dict[str, str]:
    """Covers that no index of this version may hold, and why: what an index refuses beyond that is not of a cover."""
    layout = Layout(version.encoder, engine.lanes.get(version).encoder.card.dimension, local.LOCAL)
    refused = {}
    for cover in covers:
        try:
            check_points([_point(described[cover.cover_id], {"book_id": cover.book_id})], layout)
        except (BadInput, RecipeMismatch) as error:
            _log.warning("A cover is described again: %s", error)
            refused[cover.cover_id] = str(error)
    return refused


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
    """Set aside the cover that a worker died on, or that failed, too often."""
    limit = engine.settings.ingest_attempts
    for cover in covers:
        if cover.attempts > limit:
            died = f"The worker stopped {limit} times while it worked on this image."
            _fail(
                engine,
                version,
                cover,
                cover.stage or "quarantine",
                f"{cover.reason or died} It is not tried again.",
            )
    return [cover for cover in covers if cover.attempts <= limit]


def _decode(
    engine: Engine, describer: Describer, version: Version, covers: Sequence[Cover]
) -> list[tuple[Cover, Decoded]]:
    """The covers that can be read with their pixels; what is a fact of their images, whatever the version, is noted."""
    outcomes = [
        original if isinstance(original, Refused) else describer.read(cover, original)
        for cover, original in zip(
            covers, fetched(engine.blobs, [cover.sha256 for cover in covers]), strict=True
        )
    ]
    _check_store(engine, outcomes)
    for outcome in outcomes:
        if isinstance(outcome, Refused):
            metrics.count_refusal(outcome.reason)
    readable = [
        (cover, outcome)
        for cover, outcome in zip(covers, outcomes, strict=True)
        if not isinstance(outcome, Refused)
    ]
    _kept(engine, version, covers, outcomes, "decode")
    engine.ledger.put_pictures([picture for _, (_, picture) in readable])
    return [(cover, decoded) for cover, (decoded, _) in readable]


def _check_store(engine: Engine, outcomes: Sequence[object]) -> None:
    """See that the store is there at all, when it has none of the originals that it was asked for.

    Raises:
        Unavailable: it lacks what searches show, too, or all of several.
    """
    if not all(isinstance(outcome, Refused) and outcome.reason == "missing" for outcome in outcomes):
        return
    known = engine.ledger.sample_originals(KNOWN_ORIGINALS)
    if not any(engine.blobs.exists(sha256) for sha256 in known) and (known or len(outcomes) > 1):
        raise Unavailable(
            "The image store holds none of the originals that were looked for. Is its volume mounted, is it the "
            "right bucket?"
        )


def _store_thumbnails(
    engine: Engine, describer: Describer, version: Version, readable: Sequence[tuple[Cover, Decoded]]
) -> list[tuple[Cover, Decoded]]:
    """Keep a thumbnail of each; for a version beside the live one they are nearly all there."""
    is_live = version == engine.version

    def store(pair: tuple[Cover, Decoded]) -> tuple[Cover, Decoded] | Refused:
        cover, decoded = pair
        if is_live or engine.blobs.read_thumbnail(cover.sha256) is None:
            jpeg = describer.thumbnail(decoded)
            if isinstance(jpeg, Refused):
                return jpeg
            engine.blobs.put_thumbnail(cover.sha256, jpeg)
        return pair

    with ThreadPoolExecutor(STORED_TOGETHER, "thumbnails") as threads:
        outcomes = list(threads.map(store, readable))
    return _kept(engine, version, [cover for cover, _ in readable], outcomes)


def _kept(
    engine: Engine,
    version: Version,
    covers: Sequence[Cover],
    outcomes: Sequence[T | Refused],
    stage: str = "describe",
) -> list[T]:
    """The outcomes that are no refusals; the covers of the others fail, or are tried again alone."""
    kept = []
    for cover, outcome in zip(covers, outcomes, strict=True):
        if not isinstance(outcome, Refused):
            kept.append(outcome)
        elif outcome.reason == FAILS and cover.attempts < engine.settings.ingest_attempts:
            engine.ledger.try_again([cover.cover_id], stage, str(outcome), version.recipe_id)
        else:
            _fail(engine, version, cover, stage, str(outcome))
    return kept


def _fail(engine: Engine, version: Version, cover: Cover, stage: str, reason: str) -> None:
    engine.ledger.mark_failed(cover.cover_id, stage, reason, version.recipe_id)
    metrics.COVERS_FAILED.labels(stage=stage).inc()


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
    described: Mapping[str, DescribedCover],
) -> None:
    if not covers:
        return
    books = engine.ledger.books_by_id([cover.book_id for cover in covers])
    points = [
        _point(described[cover.cover_id], books[cover.book_id].filter_fields())
        for cover in covers
        if cover.book_id in books
    ]
    engine.index.upsert(version, side, points)


def _point(made: DescribedCover, fields: Fields) -> CoverPoint:
    return CoverPoint(made.cover_id, made.embedding, made.local, made.features, fields)
