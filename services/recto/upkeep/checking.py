"""What is checked of a version before it becomes live: that it holds every cover, and that covers find themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recto import features as local
from recto.encoders.device import embed
from recto.encoders.registry import Lane
from recto.errors import NotFound
from recto.images import MAX_SIDE, Decoded, DecodePool
from recto.index import StoredCover
from recto.records import Cover, Side
from recto.runtime import Engine
from recto.upkeep.maintenance import compare
from recto.vectors import RGB

SAMPLE = 24
"""Covers of each side that are looked for by their own originals."""
SAME = 0.98
"""Cosine of a stored embedding with one made anew of the same original. They differ by rounding only, in bfloat16 by
less than 0.001; another network gives about 0."""
TIE = 0.02
"""What quantised vectors may take from the score of a cover that finds itself, or of another with the same picture."""


@dataclass(frozen=True)
class Wrong:
    """What keeps a version from becoming live, as a sentence, and whether work that goes on will put it right."""

    sentence: str
    passes: bool


def wrong_with(engine: Engine, lane: Lane) -> Wrong | None:
    """What keeps a version from becoming live; None when nothing does. Covers that the index lacks are queued again."""
    for side in compare(engine, lane.version):
        if side.missing:
            return Wrong(
                f"Of {side.in_ledger} {side.side} covers {side.missing} were missing in the index of version "
                f"{lane.version.recipe_id}; they are indexed again.",
                passes=True,
            )
    with DecodePool(engine.settings) as pool:  # of its own: searches need theirs
        for side_ in Side:
            asked, lost = _look_for(engine, lane, side_, pool)
            if lost:
                return Wrong(
                    f"Of {asked} {side_} covers that were looked for in version {lane.version.recipe_id} by their own "
                    f"originals, {len(lost)} were not found, among them {lost[0]}: it is not made live.",
                    passes=False,
                )
    return None


def _look_for(engine: Engine, lane: Lane, side: Side, pool: DecodePool) -> tuple[int, list[str]]:
    """How many covers were looked for by their originals, and the ids of those that were not found."""
    ids = engine.ledger.sample_indexed(lane.version.recipe_id, side, SAMPLE)
    covers = list(engine.ledger.covers_by_id(ids).values())
    pictures = _pictures(engine, covers, pool)
    stored = {cover.cover_id: cover for cover in engine.index.get(lane.version, side, list(pictures))}
    lost = [
        cover_id
        for cover_id, pixels in pictures.items()
        if cover_id in stored and not _finds_itself(engine, lane, side, pixels, stored[cover_id])
    ]
    return len(pictures), lost


def _pictures(engine: Engine, covers: Sequence[Cover], pool: DecodePool) -> dict[str, RGB]:
    """Decoded originals by cover; what was deleted meanwhile is left out."""
    pictures = {}
    for cover in covers:
        try:
            outcome = pool.decode_many([engine.blobs.source(cover.sha256)], MAX_SIDE)[0]
        except NotFound:
            continue
        if isinstance(outcome, Decoded):
            pictures[cover.cover_id] = outcome.pixels
    return pictures


def _finds_itself(engine: Engine, lane: Lane, side: Side, pixels: RGB, stored: StoredCover) -> bool:
    """Whether its embedding is the one that is stored, and a search by it has nothing nearer than that."""
    embedding = embed(lane.encoder, [pixels])
    own = float(np.dot(embedding[0], stored.embedding)) if stored.embedding is not None else 0.0
    words = local.words(local.describe(pixels, photo=False), photo=False)
    hits = engine.index.nearest(lane.version, side, embedding, words, 5).embedding
    return own >= SAME and bool(hits) and abs(hits[0].score - own) <= TIE
