"""Acknowledging covers: copy the originals into the blob store, write books and covers into the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from recto.blobs import Blobs
from recto.errors import Refused
from recto.ledger import Entry, EntryItem, Ledger
from recto.manifest import BadRow, ManifestRow
from recto.records import Side
from recto.settings import Settings

CHUNK = 64
"""Rows per ledger transaction: large enough that the commit does not count, small enough that work starts at once."""


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
        ledger.acknowledge(job_id, [_entry(settings, blobs, row) for row in chunk])
        done += len(chunk)
        yield done
    ledger.finish_listing(job_id)


def _entry(settings: Settings, blobs: Blobs, row: ManifestRow | BadRow) -> Entry:
    if isinstance(row, BadRow):
        return Entry(None, (EntryItem(None, f"line {row.line}", "", "manifest", row.reason),))
    items = [
        *(_item(settings, blobs, Side.FRONT, path) for path in row.fronts),
        *(_item(settings, blobs, Side.BACK, path) for path in row.backs),
    ]
    return Entry(row.book, tuple(items))


def _item(settings: Settings, blobs: Blobs, side: Side, path: Path) -> EntryItem:
    try:
        return EntryItem(side, str(path), blobs.put_file(path, settings.max_image_bytes))
    except Refused as refusal:
        return EntryItem(side, str(path), "", "read", str(refusal))
