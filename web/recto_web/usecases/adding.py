"""Entering books that were given in the browser: stored and committed before the answer goes out."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from recto.errors import Unavailable
from recto.ledger import Entry, EntryItem
from recto.records import Book
from recto_web.forms.book import Images
from recto_web.parts import parts

log = logging.getLogger(__name__)


def enter(book: Book, images: Images, clear: Sequence[str] = ()) -> str:
    """Keep the images, write book, covers and job in one transaction, wake the workers. Returns the job's id.

    Empty fields of the book change nothing; `clear` names those to empty.
    """
    ledger, blobs = parts().ledger, parts().blobs
    items = tuple(EntryItem(side, upload.name, blobs.put(upload.data)) for side, upload in images)
    job_id = ledger.create_job("ingest", book.title or book.book_id)
    ledger.acknowledge(job_id, [Entry(book, items, tuple(clear))])
    ledger.finish_listing(job_id)
    wake()
    return job_id


def wake() -> None:
    """Tell the ingest workers that there is work. Without Redis it waits in the ledger, where they look anyway."""
    try:
        parts().producer.wake_ingest()
    except Unavailable as error:
        log.warning("The workers were not woken: %s", error)
