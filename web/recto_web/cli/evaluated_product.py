"""The whole product as a method of `recto evaluate`: workers of its own on an empty data folder, then searches."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recto.errors import BadInput, Refused
from recto.ledger import ItemRow, Ledger
from recto.records import Side, Where
from recto.settings import Settings
from recto_web.cli.search import run_one
from recto_web.cli.session import Session
from recto_workers.instance import temporary
from recto_workers.messages import Producer

if TYPE_CHECKING:
    from recto.intake.labelled.sets import LabelledPhoto, Reference
    from recto_lab.evaluation.outcomes import Answer

POLL_SECONDS = 0.3
PAGE_SIZE = 1000
MANIFEST = "references.jsonl"


class Product:
    """Recto as its users meet it: `recto ingest`, then one search a photo."""

    name = "recto"

    def __init__(self, session: Session, folder: Path) -> None:
        self._session = session
        self._folder = folder

    def index(self, references: Sequence[Reference], progress: Callable[[int, int], None]) -> list[str]:
        """Ingest the covers and wait until they are searchable; gives a sentence for each that is not."""
        from recto.intake.manifest import read_manifest
        from recto.intake.take_in import take_in
        from recto.storage.blobs import open_blobs

        manifest = self._folder / MANIFEST
        manifest.write_text("".join(f"{json.dumps(row)}\n" for row in _rows(references)))
        ledger = self._session.ledger
        job_id = ledger.create_job("ingest", str(manifest))
        rows = read_manifest(manifest, Path("/"))
        for _ in take_in(self._session.settings, ledger, open_blobs(self._session.settings), job_id, rows):
            self._session.wake_ingest()
        while (job := ledger.job(job_id)) is not None and job.state not in ("done", "failed", "cancelled"):
            progress(job.covers - job.waiting, job.covers)
            time.sleep(POLL_SECONDS)
        return [f"{item.path}: {item.reason}" for item in failed_items(ledger, job_id)]

    def search(self, photo: LabelledPhoto, without: Sequence[frozenset[str]]) -> list[Answer]:
        """The answer to a photo for each set of books to leave out."""
        from recto_lab.evaluation.outcomes import LONGEST

        shown: list[tuple[Side | None, Path]] = [(None, photo.path)]
        wheres = [Where(without=tuple(sorted(left_out))) for left_out in without]
        try:
            return [to_answer(run_one(self._session, shown, where, LONGEST)) for where in wheres]
        except BadInput as error:  # the worker refused the photo; the sentence is all that is known here
            raise Refused("refused", str(error)) from error


@contextmanager
def product(settings: Settings) -> Iterator[Product]:
    """Recto with these settings, but parts, ledger, images and index of its own, gone at the end."""
    from recto.encoders.added import copy_encoder
    from recto.storage.blobs import open_blobs

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recto-evaluate-")))
        own = replace(
            settings, data_dir=folder / "data", ledger_url="", redis_url="", qdrant_url="", images_url=""
        )
        copy_encoder(settings.encoder, open_blobs(settings), open_blobs(own))
        instance = stack.enter_context(temporary(own))
        ledger = Ledger.open(own)
        stack.callback(ledger.close)
        yield Product(Session(own, ledger, Producer(instance.redis_url, own)), folder)


def failed_items(ledger: Ledger, job_id: str, page_size: int = PAGE_SIZE) -> Iterator[ItemRow]:
    """What failed in a job, page by page: the ledger gives no more than a thousand rows at once."""
    page = 1
    while items := ledger.job_items(job_id, "failed", page, page_size).items:
        yield from items
        page += 1


def to_answer(result: dict[str, Any]) -> Answer:
    """The result of a search as an answer: it asserts the first book of every place, unless it says "not found"."""
    from recto_lab.evaluation.outcomes import Answer, Hit

    hits = [Hit(book["book_id"], book["probability"], book["probability"]) for book in result["books"]]
    found = list(dict.fromkeys(place["books"][0] for place in result["answers"]))
    if result["verdict"] == "not_found":
        found = []
    elif not found:
        found = [hit.book_id for hit in hits[:1]]
    return Answer(tuple(hits), tuple(found), result["timings_ms"])


def _rows(references: Sequence[Reference]) -> Iterator[dict[str, Any]]:
    for reference in references:
        yield {
            "book_id": reference.book_id,
            reference.side.value: [str(reference.path.resolve())],
            "title": reference.title,
        }
