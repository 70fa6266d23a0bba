"""Acknowledging covers: copy the originals into the blob store, write books and covers into the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from recto.errors import Refused
from recto.intake.manifest import BadRow, ManifestRow
from recto.intake.sources import keep_image
from recto.ledger import Entry, EntryItem, Ledger
from recto.records import Side
from recto.settings import Settings
from recto.storage.blobs import Blobs
from recto.storage.s3 import Place

CHUNK = 64
"""Rows per ledger transaction: large enough that the commit does not count, small enough that work starts at once."""
COPIED_TOGETHER = 8
"""Rows whose images are copied at a time: each waits for a disk to sync, or for answers of the object store."""


def take_in(
    settings: Settings, ledger: Ledger, blobs: Blobs, job_id: str, rows: Iterable[ManifestRow | BadRow]
) -> Iterator[int]:
    """Acknowledge the rows of a manifest for a job, chunk by chunk; yields the number of rows after each chunk.

    A row or file that cannot be used becomes a failed item of the job with its reason; it never stops the others.
    Once a chunk is yielded, its covers are safe: their originals and the ledger are on disk.

    Raises:
        Unavailable: the disk is full; chunks yielded before are safe, and the same call may be made again.
    """
    iterator = iter(rows)
    done = 0
    while chunk := list(islice(iterator, CHUNK)):
        ledger.acknowledge(job_id, entries_of(settings, blobs, chunk))
        done += len(chunk)
        yield done
    ledger.finish_listing(job_id)


def entries_of(settings: Settings, blobs: Blobs, rows: Sequence[ManifestRow | BadRow]) -> list[Entry]:
    """What rows say, for the ledger: their images are in the store when this returns, or refused with a reason.

    Raises:
        Unavailable: a store does not answer, or the disk is full; the same call may be made again.
    """
    with ThreadPoolExecutor(COPIED_TOGETHER, "intake") as threads:
        return list(threads.map(lambda row: _entry(settings, blobs, row), rows))


def _entry(settings: Settings, blobs: Blobs, row: ManifestRow | BadRow) -> Entry:
    if isinstance(row, BadRow):
        return Entry(None, (EntryItem(None, f"line {row.line}", "", "manifest", row.reason),))
    items = [
        *(_item(settings, blobs, Side.FRONT, place) for place in row.fronts),
        *(_item(settings, blobs, Side.BACK, place) for place in row.backs),
    ]
    return Entry(row.book, tuple(items), row.clear)


def _item(settings: Settings, blobs: Blobs, side: Side, place: Place) -> EntryItem:
    try:
        return EntryItem(side, str(place), keep_image(settings, blobs, place))
    except Refused as refusal:
        return EntryItem(side, str(place), "", "read", str(refusal))
