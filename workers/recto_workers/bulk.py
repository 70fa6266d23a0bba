"""What people and programs do with bulk jobs: submit, pause, resume, cancel, retry, export.

Light on purpose: the web server, the HTTP API and the command line call it. All of it is written into the ledger; the
jobs process (`recto worker jobs`) sees it there within a second and does the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recto.ledger import Ledger, Outcome


def submit(ledger: Ledger, document: Mapping[str, Any] | bytes | str, *, root: str = "") -> str:
    """Begin the job of a document (see `recto.bulk.SCHEMA`) and return its id.

    A document with an `id` that was submitted before gives the same job. `root`: a folder that the caller may read, and
    which the source may therefore lie in; without one `RECTO_SOURCE_ROOTS` alone says what may be read.

    Raises:
        BadInput: the document cannot be used, or its `id` belongs to another document.
    """
    raise NotImplementedError


def pause(ledger: Ledger, job_id: str) -> None:
    """Stop listing the job and working on its covers until it is resumed; what a worker holds is finished.

    Raises:
        NotFound: there is no such job.
        BadInput: it is over, or it is no job that can be paused.
    """
    raise NotImplementedError


def resume(ledger: Ledger, job_id: str) -> None:
    """Go on with a paused job. Raises as `pause` does."""
    raise NotImplementedError


def cancel(ledger: Ledger, job_id: str) -> None:
    """Give a job up: its covers that nobody holds and no other job wants fail with stage `cancelled`.

    What is searchable stays so. Raises as `pause` does.
    """
    raise NotImplementedError


def retry(ledger: Ledger, job_id: str, *, item_ids: Sequence[int] = (), stage: str = "") -> int:
    """Work again on failed items: these, those of a stage, or all; returns how many could be queued again.

    Rows of a manifest that could not be understood are not among them: mend the manifest and submit it again.

    Raises:
        NotFound: there is no such job.
    """
    raise NotImplementedError


def export(ledger: Ledger, job_id: str, outcome: Outcome | None = None) -> Iterator[str]:
    """The items of a job as lines of CSV with a header, in constant memory: failed ones first, or those of one outcome.

    Raises:
        NotFound: there is no such job; raised before the first line.
    """
    raise NotImplementedError
