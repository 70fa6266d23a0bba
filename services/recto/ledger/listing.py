"""Jobs that Recto lists by itself: entered once, listed by one process at a time, chunk by chunk."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, null, or_, select, update

from recto.ledger.database import Database, add_rows
from recto.ledger.intake import check_entries, enter
from recto.ledger.items import READ, settle_own
from recto.ledger.jobs import end_listing
from recto.ledger.rows import PAUSED, Entry
from recto.ledger.schema import job, job_item
from recto.ledger.text import storable


@dataclass(frozen=True)
class Listing:
    """A job that the caller lists now: its first `position` rows are listed. `state` is what is known of the source."""

    job_id: str
    source: str
    document: Mapping[str, Any]
    position: int
    state: Mapping[str, Any]


class Listings:
    """Entering jobs and listing them under leases."""

    _database: Database

    def enter_job(
        self,
        job_id: str,
        source: str,
        document: Mapping[str, Any],
        *,
        paused: bool = False,
        state: Mapping[str, Any] | None = None,
        refusal: str = "",
    ) -> Mapping[str, Any]:
        """Enter a job under this id, unless there is one; returns the document of the job that is there now.

        `state`: what is known of the source (see `Listing`). With a `refusal` the job has failed before it began.
        """
        now = time.time()
        over = {"listed": now, "reason": storable(refusal), "counts": {"books": 0}} if refusal else {}
        row = {
            "job_id": job_id,
            "kind": "ingest",
            "source": storable(source),
            "created": now,
            "touched": now,
            "document": dict(document),
            "control": PAUSED if paused else "",
            "listing": dict(state or {}),
            **over,
        }
        with self._database.write() as connection:
            add_rows(connection, job, [row])
            query = select(job.c.document).where(job.c.job_id == job_id)
            return connection.execute(query).scalar_one() or {}

    def take_listings(self, lister: str, seconds: float, limit: int) -> list[Listing]:
        """Jobs for this lister: those that it holds and free ones, the oldest first, under a lease of `seconds`.

        Writes only where a lease is new or more than half spent, so asking costs little.
        """
        now = time.time()
        query = select(job).where(_to_list(), _free_for(lister, now)).order_by(job.c.created).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        if any(row.lister != lister or row.lister_until < now + seconds / 2 for row in rows):
            with self._database.write() as connection:
                rows = connection.execute(query.with_for_update()).all()
                lease = {"lister": lister, "lister_until": now + seconds}
                ids = [row.job_id for row in rows]
                connection.execute(update(job).where(job.c.job_id.in_(ids)).values(**lease))
        return [_listing_of(row) for row in rows]

    def release_listings(self, lister: str) -> None:
        """Free what a lister holds: it stops, or a former process of its name died."""
        with self._database.write() as connection:
            free = update(job).where(job.c.lister == lister, job.c.listed.is_(None))
            connection.execute(free.values(lister="", lister_until=None))

    def note_source(self, job_id: str, lister: str, state: Mapping[str, Any]) -> bool:
        """Keep what was found out about the source; False when the job is not this lister's any more."""
        with self._database.write() as connection:
            if held_listing(connection, job_id, lister) is None:
                return False
            _change(connection, job_id, listing=dict(state))
            return True

    def list_rows(
        self, job_id: str, lister: str, entries: Sequence[Entry], position: int, *, dry_run: bool = False
    ) -> bool:
        """Write the entries of a chunk together with the position behind it, all or nothing.

        A dry run writes its items only. False, and nothing is written, when the job was paused or cancelled
        meanwhile, or another process lists it.
        """
        checked = check_entries(entries)
        with self._database.write() as connection:
            row = held_listing(connection, job_id, lister)
            if row is None:
                return False
            books = (row.counts or {}).get("books", 0) + _new_books(connection, job_id, checked)
            enter(connection, job_id, checked, dry_run=dry_run)
            _change(connection, job_id, position=position, counts={"books": books})
            return True

    def end_listing_of(self, job_id: str, lister: str, state: Mapping[str, Any], reason: str = "") -> bool:
        """Finish the listing of a job, with a reason when its source could not be read to the end."""
        with self._database.write() as connection:
            if held_listing(connection, job_id, lister) is None:
                return False
            if reason:  # and what waits to be read again is not read either
                settle_own(connection, job_id, (), READ, storable(reason))
            end_listing(connection, job_id, storable(reason))
            _change(connection, job_id, listing=dict(state), lister="", lister_until=None)
            return True


def _to_list() -> ColumnElement[bool]:
    return and_(job.c.listed.is_(None), job.c.document.is_not(null()), job.c.control != PAUSED)


def _free_for(lister: str, now: float) -> ColumnElement[bool]:
    return or_(job.c.lister.in_(("", lister)), job.c.lister_until <= now)


def held_listing(connection: Connection, job_id: str, lister: str) -> Row[Any] | None:
    """The job, locked, if this lister still lists it and nobody has paused or cancelled it."""
    mine = (job.c.job_id == job_id, job.c.lister == lister)
    return connection.execute(select(job).where(*mine, _to_list()).with_for_update()).one_or_none()


def _change(connection: Connection, job_id: str, **values: Any) -> None:
    connection.execute(update(job).where(job.c.job_id == job_id).values(touched=time.time(), **values))


def _new_books(connection: Connection, job_id: str, entries: Sequence[Entry]) -> int:
    """How many books of a chunk are new to the job: counting all of them again and again would cost more and more."""
    ids = {entry.book.book_id for entry in entries if entry.book is not None and entry.items}
    known = select(job_item.c.book_id).where(job_item.c.job_id == job_id, job_item.c.book_id.in_(sorted(ids)))
    return len(ids) - len(set(connection.execute(known).scalars()))


def _listing_of(row: Row[Any]) -> Listing:
    return Listing(row.job_id, row.source, row.document, row.position, row.listing or {})
