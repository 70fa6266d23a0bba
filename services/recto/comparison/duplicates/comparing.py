"""Comparing covers that became searchable with those that are: candidates from the index, few of them verified.

Both orders of arrival give the same finding: whichever cover of a pair is compared last finds the other in the index,
and what is measured depends on the two covers alone. It stands apart from the step that indexes: searches find a cover
before anybody looks whether it is alike to others, and a worker that dies in between loses nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from recto import features as local
from recto.comparison.duplicates.kinds import kind_of
from recto.comparison.duplicates.measuring import Described, Likeness, measure
from recto.errors import NotFound, RectoError, Unavailable
from recto.images import MAX_SIDE, Decoded
from recto.images.phash import distance
from recto.index import StoredCover
from recto.ledger import Finding
from recto.observe import metrics
from recto.records import Alike, Cover, Side
from recto.runtime import Engine
from recto.vectors import RGB, SparseWords
from recto.versions import Version

TOGETHER = 16
"""Covers compared before the ledger hears of it: a second of work on a busy machine."""
NAMED = 5
"""Covers that each witness names from the index."""
COSINE, WORDS = 0.5, 0.1
"""Candidates are verified from this cosine of embeddings on, or this product of visual words: of the pairs that bench
lists as alike .97 pass, of all pairs of its 1,524 covers one in 780, one for each cover."""
VERIFIED = 3
"""Candidates verified for one cover, the most alike first. A series of hundreds has more look-alikes than anybody
wants to see, and a copy stands before them."""
SAME_FILES = 20
"""Covers of one file that are named at most: a placeholder may stand for thousands of books."""

_log = logging.getLogger(__name__)
Pair = tuple[str, str]


@dataclass(frozen=True)
class _Batch:
    """Covers of one side that are to be compared, and whatever they are compared with, by id."""

    version: Version
    side: Side
    stored: Mapping[str, StoredCover]
    covers: Mapping[str, Cover]
    hashes: Mapping[str, str]
    """Perceptual hashes by sha256."""


def compare_waiting(engine: Engine, pause: Callable[[], None] = lambda: None) -> int:
    """Compare some covers that were never compared and keep what was found; returns how many, 0: none waits.

    `pause` is called before each of them and may wait while something more urgent goes on.
    """
    waiting = engine.ledger.to_compare(TOGETHER)
    version = engine.ledger.live_version()
    if not waiting or version is None:
        return 0
    with metrics.ingest_stage("compare"):
        compared: list[str] = []
        findings: dict[Pair, Finding] = {}
        for side in Side:
            covers = [cover for cover in waiting if cover.side is side]
            compared += _compare_side(engine, version, side, covers, findings, pause)
        engine.ledger.finish_comparison(compared, list(findings.values()))
    return len(compared)


def _compare_side(
    engine: Engine,
    version: Version,
    side: Side,
    covers: Sequence[Cover],
    findings: dict[Pair, Finding],
    pause: Callable[[], None],
) -> list[str]:
    """Add findings about covers of one side; returns those that were compared, not those that the index lost."""
    if not covers:
        return []
    own = {one.cover_id: one for one in engine.index.get(version, side, [c.cover_id for c in covers])}
    named: dict[str, list[str]] = {}
    for cover in covers:
        pause()
        findings.update(_same_files(engine, cover))
        if cover.cover_id in own:
            named[cover.cover_id] = _named(engine, version, side, cover, own[cover.cover_id])
    batch = _batch(engine, version, side, own, named)
    for cover_id, others in named.items():
        for pair, likeness in _promising(batch, cover_id, others):
            if pair not in findings:
                pause()
                findings.update(_finding(engine, batch, pair, likeness))
    return list(named)


def _same_files(engine: Engine, cover: Cover) -> dict[Pair, Finding]:
    """Other covers of the same bytes; also of the same book, whose back is then a copy of its front."""
    found = {}
    for other in engine.ledger.covers_of_file(cover.sha256, SAME_FILES):
        if other.cover_id != cover.cover_id:
            low, high = sorted((cover.cover_id, other.cover_id))
            found[low, high] = Finding(low, high, Alike.SAME_FILE, {})
    return found


def _named(engine: Engine, version: Version, side: Side, cover: Cover, own: StoredCover) -> list[str]:
    """Covers of other books that either witness names."""
    assert own.embedding is not None, "every cover has one"
    words = own.local if isinstance(own.local, SparseWords) and len(own.local.indices) else None
    limit = NAMED + len(engine.ledger.covers_of(cover.book_id))
    near = engine.index.nearest(version, side, own.embedding[None], words, limit)
    return list(
        dict.fromkeys(
            hit.cover_id
            for hits in (near.embedding, near.local)
            for hit in [hit for hit in hits if hit.book_id != cover.book_id][:NAMED]
        )
    )


def _batch(
    engine: Engine,
    version: Version,
    side: Side,
    own: Mapping[str, StoredCover],
    named: Mapping[str, Sequence[str]],
) -> _Batch:
    others = sorted({other for ids in named.values() for other in ids} - set(own))
    stored = {**own, **{one.cover_id: one for one in engine.index.get(version, side, others)}}
    covers = engine.ledger.covers_by_id(list(stored))
    pictures = engine.ledger.pictures({cover.sha256 for cover in covers.values()})
    return _Batch(version, side, stored, covers, {sha256: one.phash for sha256, one in pictures.items()})


def _promising(batch: _Batch, cover_id: str, others: Sequence[str]) -> list[tuple[Pair, Likeness]]:
    """The candidates worth verifying, the most alike first. Of the index only the names count, not its scores: those of
    the words change with every cover that is added."""
    found: list[tuple[Pair, Likeness]] = []
    for other in others:
        if other in batch.covers and cover_id in batch.covers:
            low, high = sorted((cover_id, other))
            likeness = _vectors(batch, low, high)
            if likeness.cosine >= COSINE or likeness.words >= WORDS:
                found.append(((low, high), likeness))
    return sorted(found, key=lambda one: -(one[1].cosine + 2 * one[1].words))[:VERIFIED]


def _vectors(batch: _Batch, low: str, high: str) -> Likeness:
    first, other = batch.stored[low], batch.stored[high]
    assert first.embedding is not None, "every cover has one"
    assert other.embedding is not None, "every cover has one"
    hashes = [batch.hashes.get(batch.covers[each].sha256) for each in (low, high)]
    bits = distance(hashes[0], hashes[1]) if hashes[0] and hashes[1] else 64
    return Likeness(float(first.embedding @ other.embedding), _product(first.local, other.local), bits)


def _product(first: object, other: object) -> float:
    """Product of two vectors of visual words."""
    if not isinstance(first, SparseWords) or not isinstance(other, SparseWords):
        return 0.0
    _, here, there = np.intersect1d(first.indices, other.indices, assume_unique=True, return_indices=True)
    return float(first.values[here] @ other.values[there])


def _finding(engine: Engine, batch: _Batch, pair: Pair, likeness: Likeness) -> dict[Pair, Finding]:
    """What two covers are to each other; nothing where they are not alike, or cannot be read at present."""
    packed = engine.index.features(batch.version, batch.side, list(pair))
    if len(packed) < len(pair):
        return {}
    try:
        first, other = (
            Described(local.unpack(packed[each]), partial(_picture, engine, batch.covers[each]))
            for each in pair
        )
        measured = measure(first, other, likeness)
    except Unavailable:
        raise
    except (RectoError, cv2.error) as error:  # of one pair; the others must not wait for ever
        _log.warning("Covers %s and %s are not compared: %s", *pair, error)
        return {}
    kind = kind_of(measured)
    return {pair: Finding(*pair, kind, measured.rounded())} if kind else {}


def _picture(engine: Engine, cover: Cover) -> RGB:
    """The pixels of a cover: of its thumbnail, which is there since before it was indexed, else of its original."""
    thumbnail = engine.blobs.read_thumbnail(cover.sha256)
    if thumbnail is not None:
        pixels = cv2.imdecode(np.frombuffer(thumbnail, np.uint8), cv2.IMREAD_COLOR_RGB)
        if pixels is not None:
            return np.asarray(pixels, np.uint8)
    decoded = engine.pool.decode_many([engine.blobs.get(cover.sha256)], MAX_SIDE)[0]
    if isinstance(decoded, Decoded):
        return decoded.pixels
    raise NotFound(f"The picture of cover {cover.cover_id} cannot be read: {decoded}") from None
