"""Keeping ledger and index at one: reconcile at start, deletion, rebuilding from ledger and blobs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from recto import local
from recto.encoders import load_encoder
from recto.engine import Engine, version_of
from recto.ledger import Ledger
from recto.recipe import Version
from recto.records import Side
from recto.settings import Settings

PAGE = 1000
"""Ids compared at a time: a page of each side fits in a few hundred kilobytes."""

log = logging.getLogger(__name__)


def reconcile(engine: Engine) -> None:
    """Make the index hold exactly the covers that the ledger calls indexed; versions that are not live are dropped.

    Missing points are queued again from their originals, surplus points are deleted. Done at the start of the index
    process, before it answers anything: a lost index folder costs time, never a book.
    """
    for version in engine.index.versions():
        if version.recipe_id != engine.version.recipe_id:
            engine.index.drop(version)
    for side in Side:
        known = set(_ledger_ids(engine, side))
        stored = set(_stored_ids(engine, side))
        if missing := sorted(known - stored):
            log.warning("%d %s covers are missing in the index and are queued again", len(missing), side)
            engine.ledger.requeue(missing)
        if surplus := sorted(stored - known):
            deleted = delete_surplus(engine, side, surplus)
            log.warning("%d %s points that the ledger does not want were deleted", deleted, side)


def delete_surplus(engine: Engine, side: Side, cover_ids: Sequence[str]) -> int:
    """Delete those of the points whose covers are gone or failed; returns how many.

    Other processes write meanwhile. A cover that was entered again, and perhaps written before its point was deleted
    here, is indexed once more: that costs a little work and never a point.
    """
    unwanted = engine.ledger.unwanted(cover_ids, engine.version.recipe_id)
    if unwanted:
        engine.index.delete_covers(engine.version, side, unwanted)
        engine.ledger.index_again(unwanted, engine.version.recipe_id)
    return len(unwanted)


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

    When the recipe changes, this process is no longer live afterwards (`engine.is_live`) and must be started again.
    """
    job_id = prepare_rebuild(engine.settings, engine.ledger, encoder)
    engine.index.drop(engine.version)
    if engine.is_live:
        engine.index.ensure(engine.version, engine.encoder.card.dimension, local.LOCAL)
        engine.index.publish(engine.version)
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


def _ledger_ids(engine: Engine, side: Side) -> Iterator[str]:
    after = ""
    while page := engine.ledger.indexed_cover_ids(side, after, PAGE):
        yield from page
        after = page[-1]


def _stored_ids(engine: Engine, side: Side) -> Iterator[str]:
    after: str | None = None
    while True:
        page, after = engine.index.scroll(engine.version, side, PAGE, after)
        yield from (cover.cover_id for cover in page)
        if after is None:
            return
