"""Listing the jobs of the ledger: one chunk of each in turn, no faster than the covers are worked on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from recto.errors import BadInput, RectoError, Refused
from recto.intake.bulk.document import JobDocument, parse_document
from recto.intake.bulk.dry_run import DryRun
from recto.intake.bulk.reader import Reader, Row, source_of
from recto.intake.manifest.cells import UnusableError
from recto.intake.sources import Source, keep_image
from recto.intake.take_in import entries_of
from recto.ledger import EntryItem, ItemRow, Ledger, Listing
from recto.observe import context
from recto.settings import Settings
from recto.storage.blobs import Blobs

LEASE_SECONDS = 60.0
"""Time after which another process goes on with a job whose lister is silent; a chunk takes a second or a few."""
JOBS_AT_ONCE = 32
"""Jobs that take turns, the oldest ones; each keeps a file open and some kilobytes of it in memory."""
AGAIN_AT_ONCE = 32
"""Images that are read again in one turn."""
TROUBLE_SECONDS = 5.0
"""Pause before a job whose source or store did not answer is tried again."""
FAULT_SECONDS = 60.0
"""The same after a fault of this program."""

_log = logging.getLogger(__name__)


class Lister:
    """Lists jobs under leases in its name. Use it from one thread."""

    def __init__(self, settings: Settings, ledger: Ledger, blobs: Blobs, name: str) -> None:
        self._settings = settings
        self._ledger = ledger
        self._blobs = blobs
        self._name = name
        self._readers: dict[str, Reader] = {}
        self._served: dict[str, float] = {}  # when each job had its last turn
        self._resting: dict[str, float] = {}  # until when a job is left alone
        self._dry_run = DryRun(settings)
        self._stopped = False

    def turn(self, on_listed: Callable[[], None] = lambda: None) -> bool:
        """Give each job one chunk, those first that waited longest; True when there may be more to do at once.

        `on_listed` is called after each chunk whose covers are to be worked on.
        """
        listings = self._ledger.take_listings(self._name, LEASE_SECONDS, JOBS_AT_ONCE)
        self._forget_others({listing.job_id for listing in listings})
        listings.sort(key=lambda listing: self._served.get(listing.job_id, 0.0))
        served = [self._serve_named(listing, on_listed) for listing in listings if not self._stopped]
        return any(served)

    def stop(self) -> None:
        """Let `turn` return after the chunk in hand; may be called from anywhere."""
        self._stopped = True

    def close(self) -> None:
        """Give all jobs back."""
        self._readers.clear()
        self._dry_run.close()
        self._ledger.release_listings(self._name)

    def _serve_named(self, listing: Listing, on_listed: Callable[[], None]) -> bool:
        """`_serve`, whose log lines name the job."""
        with context.bound(job_id=listing.job_id):
            return self._serve(listing, on_listed)

    def _serve(self, listing: Listing, on_listed: Callable[[], None]) -> bool:
        job_id = listing.job_id
        if time.monotonic() < self._resting.get(job_id, 0.0):
            return False
        try:
            document = parse_document(listing.document)
            if not (document.dry_run or self._has_room()):
                return False
            self._served[job_id] = time.monotonic()
            self._list_some(listing, document)
        except BadInput as error:
            self._end(listing, str(error))
        except (RectoError, OSError) as error:
            self._rest(listing, error)
            return False
        except Exception:  # nobody knows what a source can bring about; the other jobs must go on
            _log.exception("Job %s is left alone for %.0f s", job_id, FAULT_SECONDS)
            self._readers.pop(job_id, None)
            self._resting[job_id] = time.monotonic() + FAULT_SECONDS
            return False
        if not document.dry_run:
            on_listed()
        return True

    def _rest(self, listing: Listing, error: Exception) -> None:
        """Leave a job alone for a while, and say on its page why."""
        _log.warning("Job %s is tried again in %.0f s: %s", listing.job_id, TROUBLE_SECONDS, error)
        self._readers.pop(listing.job_id, None)
        self._resting[listing.job_id] = time.monotonic() + TROUBLE_SECONDS
        if listing.state.get("trouble") != str(error):
            state = {**listing.state, "trouble": str(error)}
            self._ledger.note_source(listing.job_id, self._name, state)

    def _has_room(self) -> bool:
        return self._ledger.backlog(self._settings.job_backlog) < self._settings.job_backlog

    def _list_some(self, listing: Listing, document: JobDocument) -> None:
        """One chunk of a job, or a part of the way to where its listing stands, or its end."""
        if not listing.state.get("ended"):
            reader = self._reader(listing)
            if not reader.wind():
                return
            rows = reader.chunk()
            if rows and not self._list_rows(listing, document, reader, rows):
                return
            if not reader.is_at_end:
                return
        if items := self._ledger.to_read_again(listing.job_id, AGAIN_AT_ONCE):
            self._read_again(listing, document, items)
        else:
            self._end(listing)

    def _list_rows(
        self, listing: Listing, document: JobDocument, reader: Reader, rows: Sequence[Row]
    ) -> bool:
        """Write a chunk; False when the job is not ours any more."""
        dry_run, position = document.dry_run, reader.position + len(rows)
        checked = self._dry_run.entries_of(rows) if dry_run else None
        entries = entries_of(self._settings, self._blobs, rows) if checked is None else checked
        if self._ledger.list_rows(listing.job_id, self._name, entries, position, dry_run=dry_run):
            reader.advance(len(rows))
            return True
        self._readers.pop(listing.job_id, None)
        return False

    def _read_again(self, listing: Listing, document: JobDocument, items: Sequence[ItemRow]) -> None:
        """Behind the last row: images that a person wants to be read once more."""
        source = source_of(self._settings, listing)
        found = [(item, self._item(item, source, document)) for item in items]
        self._ledger.list_again(listing.job_id, self._name, found, dry_run=document.dry_run)

    def _item(self, item: ItemRow, source: Source, document: JobDocument) -> EntryItem:
        assert item.side is not None, "only items of images are read again"
        try:
            place = source.locate(item.path)
            if document.dry_run:
                return self._dry_run.item(item.side, place)
            return EntryItem(item.side, item.path, keep_image(self._settings, self._blobs, place))
        except (Refused, UnusableError) as error:
            return EntryItem(item.side, item.path, "", "read", str(error))

    def _reader(self, listing: Listing) -> Reader:
        """The open source of a job, where it still stands at the position of the ledger."""
        reader = self._readers.get(listing.job_id)
        if reader is None or reader.position != listing.position:
            reader = self._readers[listing.job_id] = Reader(self._settings, listing)
            if reader.state != listing.state:
                self._ledger.note_source(listing.job_id, self._name, reader.state)
        return reader

    def _end(self, listing: Listing, reason: str = "") -> None:
        reader = self._readers.pop(listing.job_id, None)
        state = {**(reader.state if reader else listing.state), "ended": not reason}
        self._ledger.end_listing_of(listing.job_id, self._name, state, reason)
        _log.info("The listing of job %s has ended%s", listing.job_id, f": {reason}" if reason else "")

    def _forget_others(self, job_ids: set[str]) -> None:
        for known in (self._readers, self._served, self._resting):
            for job_id in known.keys() - job_ids:
                known.pop(job_id)
