"""What people and programs do with bulk jobs: submit, pause, resume, cancel, retry, export.

Light on purpose: the web server, the HTTP API and the command line call it. All of it is written into the ledger; the
jobs process (`recto worker jobs`) sees it there within a second and does the work.
"""

from __future__ import annotations

import csv
import hashlib
import io
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recto.errors import BadInput, NotFound
from recto.intake.bulk.document import JobDocument, parse_document
from recto.ledger import ItemRow, Ledger, Outcome
from recto.ledger.text import storable

COLUMNS = ("item", "book_id", "side", "path", "outcome", "stage", "reason", "attempts")
"""Columns of an export."""
_SHOWN = 300
"""Characters of a refused document that are kept, so that its owner knows it again."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def submit(
    ledger: Ledger,
    document: Mapping[str, Any] | bytes | str,
    *,
    trusted: bool = False,
    roots: Sequence[str] = (),
) -> str:
    """Begin the job of a document (see `recto.intake.bulk.SCHEMA`) and return its id.

    A document with an `id` that was submitted before gives the same job. `trusted`: its owner reads the source for
    themselves, as at the command line, so it may lie anywhere and name files of its own folder and of `roots`;
    otherwise `RECTO_SOURCE_ROOTS` says what may be read.

    Raises:
        BadInput: the document cannot be used, or its `id` belongs to another document.
    """
    state = {"trusted": True, "roots": list(roots)} if trusted else {}
    return _enter(ledger, parse_document(document), uuid.uuid4().hex[:16], state)


def job_of(document_id: str) -> str:
    """The job of a document with this `id`, whether it has been submitted yet or not."""
    return hashlib.sha256(f"bulk job\0{document_id}".encode()).hexdigest()[:16]


def accept(ledger: Ledger, document: bytes, job_id: str) -> str:
    """`submit` for what was dropped into the queue: a document that cannot be used becomes a failed job.

    `job_id` names this very drop: however often it is accepted, it is one job.
    """
    try:
        return _enter(ledger, parse_document(document), job_id, {})
    except BadInput as error:
        shown = {"refused": storable(document[:_SHOWN].decode("utf-8", "replace"))}
        ledger.enter_job(job_id, "", shown, state={"ended": True}, refusal=str(error))
        return job_id


def pause(ledger: Ledger, job_id: str) -> None:
    """Stop listing the job and working on its covers until it is resumed; what a worker holds is finished.

    Raises:
        NotFound: there is no such job.
        BadInput: it is over, or it is no job that can be paused.
    """
    ledger.pause_job(job_id)


def resume(ledger: Ledger, job_id: str) -> None:
    """Go on with a paused job. Raises as `pause` does."""
    ledger.resume_job(job_id)


def cancel(ledger: Ledger, job_id: str) -> None:
    """Give a job up: its covers that nobody holds and no other job wants fail with stage `cancelled`.

    What is searchable stays so. Raises as `pause` does.
    """
    ledger.cancel_job(job_id)


def retry(ledger: Ledger, job_id: str, *, item_ids: Sequence[int] = (), stage: str = "") -> int:
    """Work again on failed items: these, those of a stage, or all; returns how many wait again.

    Rows of a manifest that could not be understood are not among them: mend the manifest and submit it again.

    Raises:
        NotFound: there is no such job.
    """
    return ledger.retry_items(job_id, item_ids=item_ids, stage=stage)


def export(ledger: Ledger, job_id: str, outcome: Outcome | None = None) -> Iterator[str]:
    """The items of a job as CSV with a header, in constant memory: the failed ones first, or those of one outcome.

    Raises:
        NotFound: there is no such job; raised before the first line.
    """
    if ledger.job(job_id) is None:
        raise NotFound(f"There is no job {job_id!r}.")
    return _lines(ledger, job_id, outcome)


def _enter(ledger: Ledger, document: JobDocument, job_id: str, state: Mapping[str, Any]) -> str:
    job_id = job_of(document.id) if document.id else job_id
    wanted = document.to_json()
    found = ledger.enter_job(job_id, document.source, wanted, paused=document.paused, state=state)
    if found != wanted:
        raise BadInput(
            f'The id "{document.id}" belongs to job {job_id}, which has another document; choose another id.'
        )
    return job_id


def _lines(ledger: Ledger, job_id: str, outcome: Outcome | None) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for items in ledger.exported_items(job_id, outcome):
        writer.writerows(_cells(item) for item in items)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cells(item: ItemRow) -> list[object]:
    side = item.side.value if item.side else ""
    texts = (item.book_id, side, item.path, item.outcome.value, item.stage, item.reason)
    return [item.item_id, *map(_harmless, texts), item.attempts]


def _harmless(text: str) -> str:
    """The text, so that a spreadsheet does not take what came with a manifest for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
