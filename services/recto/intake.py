"""Acknowledging covers: copy the originals into the blob store, write books and covers into the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from recto.blobs import BlobStore
from recto.errors import BadInput, Unavailable
from recto.ledger import Entry, EntryItem, Ledger
from recto.manifest import BadRow, ManifestRow
from recto.records import Side
from recto.settings import MIB, Settings

CHUNK = 64
"""Rows per ledger transaction: large enough that the commit does not count, small enough that work starts at once."""


def take_in(
    settings: Settings, ledger: Ledger, blobs: BlobStore, job_id: str, rows: Iterable[ManifestRow | BadRow]
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


def _entry(settings: Settings, blobs: BlobStore, row: ManifestRow | BadRow) -> Entry:
    if isinstance(row, BadRow):
        return Entry(None, (EntryItem(None, f"line {row.line}", "", "manifest", row.reason),))
    items = [
        *(_item(settings, blobs, Side.FRONT, path) for path in row.fronts),
        *(_item(settings, blobs, Side.BACK, path) for path in row.backs),
    ]
    return Entry(row.book, tuple(items))


def _item(settings: Settings, blobs: BlobStore, side: Side, path: Path) -> EntryItem:
    try:
        size = path.stat().st_size
        if size > settings.max_image_bytes:
            raise BadInput(too_large(size, settings.max_image_bytes))
        return EntryItem(side, str(path), blobs.put_file(path), "", "")
    except FileNotFoundError:
        reason = "The file does not exist."
    except BadInput as error:
        reason = str(error)
    except Unavailable:
        raise
    except OSError as error:
        reason = f"The file cannot be read: {error.strerror}."
    return EntryItem(side, str(path), "", "read", reason)


def too_large(size: int, limit: int) -> str:
    """The sentence for a file over the limit, both in bytes."""
    return f"The file has {size / MIB:.1f} MiB; at most {limit / MIB:.0f} MiB are accepted (RECTO_MAX_IMAGE_BYTES)."
