"""Keeping ledger and index at one: reconcile at start, deletion, rebuilding from ledger and blobs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recto import features as local
from recto.encoders import load_encoder
from recto.encoders.registry import version_of
from recto.errors import RectoError
from recto.ledger import Ledger
from recto.records import Side
from recto.runtime import Engine, delete_surplus
from recto.settings import Settings
from recto.versions import Version

PAGE = 1000
"""Ids compared at a time: a page of each side fits in a few hundred kilobytes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compared:
    """One side of a version, ledger against index: how many covers each holds, and how many were put right."""

    side: Side
    in_ledger: int
    in_index: int
    missing: int
    surplus: int


def reconcile(engine: Engine) -> None:
    """Make the index hold exactly what the ledger says of each version that is kept; other versions are dropped.

    Missing points are queued again from their originals, surplus points are deleted. Done at the start of the index
    process: a lost index folder costs time, never a book. Of several processes one does it at a time.
    """
    kept = engine.ledger.kept_versions()
    for version in engine.index.versions():
        if version not in (kept.live, kept.other):
            engine.index.drop(version)
    for version in kept.written:
        if version == kept.live or _ensure(engine, version):
            compare(engine, version)


def compare(engine: Engine, version: Version) -> list[Compared]:
    """Compare both sides of a version with the ledger and put right what differs. Others may write meanwhile."""
    return [_compare_side(engine, version, side) for side in Side]


def delete_books(engine: Engine) -> int:
    """Remove every book that was marked deleted: points of both sides, rows, originals. Returns how many."""
    count = 0
    while books := engine.ledger.deleted_books(limit=100):
        for book_id in books:
            engine.index.delete_book(book_id)
            for sha256 in engine.ledger.purge_deleted(book_id):
                engine.blobs.discard(sha256)
            count += 1
    return count


def rebuild(engine: Engine, encoder: str | None) -> str:
    """Empty the index and queue every cover again, with another encoder when one is named. Returns the job's id.

    The version beside the live one is dropped too.
    """
    job_id = prepare_rebuild(engine.settings, engine.ledger, encoder)
    for version in engine.index.versions():
        engine.index.drop(version)
    lane = engine.live()
    engine.index.ensure(lane.version, lane.encoder.card.dimension, local.LOCAL)
    engine.index.publish(lane.version)
    return job_id


def prepare_rebuild(settings: Settings, ledger: Ledger, encoder: str | None) -> str:
    """The ledger's part of a rebuild: the new live version and every cover queued. Needs no index and no worker.

    Raises:
        BadInput: no encoder has this name.
        WeightsMissing: the encoder's weights cannot be found; nothing was changed.
    """
    live = ledger.live_version()
    name = encoder or (live.encoder if live else settings.encoder)
    version: Version = version_of(load_encoder(name, settings))
    return ledger.begin_rebuild(version)


def _ensure(engine: Engine, version: Version) -> bool:
    """Make the collections of the version beside the live one where they were lost; False: it cannot be served."""
    try:
        lane = engine.lanes.get(version)
    except RectoError as error:
        log.warning("Version %s is left as it is: %s", version.recipe_id, error)
        return False
    engine.index.ensure(version, lane.encoder.card.dimension, local.LOCAL)
    return True


def _compare_side(engine: Engine, version: Version, side: Side) -> Compared:
    """Walk through both lists of ids at once, page by page, however long they are."""
    known = _Counted(_ledger_ids(engine, version, side))
    stored = _Counted(_stored_ids(engine, version, side))
    missing: list[str] = []
    surplus: list[str] = []
    for cover_id, in_ledger in _differences(known, stored):
        (missing if in_ledger else surplus).append(cover_id)
    missing = _truly_missing(engine, version, side, missing)  # some were written while both lists were read
    if missing:
        log.warning("%d %s covers are missing in the index and are queued again", len(missing), side)
        engine.ledger.index_again(missing, version.recipe_id)
    deleted = delete_surplus(engine, version, side, surplus) if surplus else 0
    if deleted:
        log.warning("%d %s points that the ledger does not want were deleted", deleted, side)
    return Compared(side, known.count, stored.count, len(missing), deleted)


def _truly_missing(engine: Engine, version: Version, side: Side, cover_ids: Sequence[str]) -> list[str]:
    missing: list[str] = []
    for start in range(0, len(cover_ids), PAGE):
        some = cover_ids[start : start + PAGE]
        there = {cover.cover_id for cover in engine.index.get(version, side, some)}
        missing += [cover_id for cover_id in some if cover_id not in there]
    return missing


class _Counted:
    """An iterator that counts what it gave."""

    def __init__(self, ids: Iterator[str]) -> None:
        self._ids = ids
        self.count = 0

    def next(self) -> str | None:
        """The next one; None at the end."""
        found = next(self._ids, None)
        self.count += found is not None
        return found


def _differences(known: _Counted, stored: _Counted) -> Iterator[tuple[str, bool]]:
    """Ids that are in one of two ascending lists, and whether that is the ledger's."""
    one, other = known.next(), stored.next()
    while one is not None or other is not None:
        if one == other:
            one, other = known.next(), stored.next()
        elif other is None or (one is not None and one < other):
            assert one is not None
            yield one, True
            one = known.next()
        else:
            yield other, False
            other = stored.next()


def _ledger_ids(engine: Engine, version: Version, side: Side) -> Iterator[str]:
    after = ""
    while page := engine.ledger.indexed_cover_ids(side, after, PAGE, version.recipe_id):
        yield from page
        after = page[-1]


def _stored_ids(engine: Engine, version: Version, side: Side) -> Iterator[str]:
    after: str | None = None
    while True:
        page, after = engine.index.scroll(version, side, PAGE, after)
        yield from (cover.cover_id for cover in page)
        if after is None:
            return
