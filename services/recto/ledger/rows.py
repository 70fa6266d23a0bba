"""Rows that the ledger returns, and the entries that it takes, as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from recto.records import Book, Cover, CoverState, Side, Where

T = TypeVar("T")
PAUSED, RESUMING, CANCELLED = "paused", "resuming", "cancelled"
"""What column `control` says of a job that a person has laid hands on; empty for all others."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a listing. `total` counts all pages, `page` counts from 1."""

    items: tuple[T, ...]
    total: int
    page: int
    page_size: int

    @property
    def pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-self.total // self.page_size))


@dataclass(frozen=True)
class BookRow:
    """A book as a catalogue lists it: with the cover that stands for each side, and its covers by state."""

    book: Book
    front: Cover | None
    back: Cover | None
    states: Mapping[CoverState, int]


class Outcome(StrEnum):
    """What became of an item of a job."""

    WAITING = "waiting"
    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    CHECKED = "checked"  # by a dry run: it would be indexed
    FAILED = "failed"


@dataclass(frozen=True)
class NewItem:
    """An item for `add_items`; without `cover_id` it failed while being read, as `stage` and `reason` say."""

    book_id: str
    side: Side | None
    path: str
    cover_id: str | None = None
    unchanged: bool = False
    stage: str = ""
    reason: str = ""


@dataclass(frozen=True)
class EntryItem:
    """One image of an entry: stored under `sha256`, or failed (`sha256` empty) with stage and reason."""

    side: Side | None
    path: str
    sha256: str
    stage: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Entry:
    """A book with its images as a manifest lists them; without a book, all its items failed.

    Empty fields of the book say nothing; `clear` names those to empty.
    """

    book: Book | None
    items: tuple[EntryItem, ...]
    clear: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemRow:
    """An item of a job."""

    item_id: int
    job_id: str
    book_id: str
    side: Side | None
    path: str
    cover_id: str | None
    outcome: Outcome
    stage: str
    reason: str
    attempts: int = 0  # of its cover


@dataclass(frozen=True)
class JobRow:
    """A job with its counts: `covers` is their sum. Times are in epoch seconds.

    `state` is `listing` while items are added, `running` while items wait, then `done`; `failed` when its
    source could not be read to the end (`reason` says why; the items that were listed are worked on); `paused`;
    `cancelling` while covers are still given up, then `cancelled`.
    """

    job_id: str
    kind: str
    source: str
    state: str
    created: float
    finished: float | None
    books: int
    covers: int
    indexed: int
    unchanged: int
    failed: int
    waiting: int
    reason: str = ""
    checked: int = 0  # covers that a dry run found fit
    document: Mapping[str, Any] | None = None  # of a job that Recto lists by itself; see `recto.intake.bulk`
    control: str = ""
    is_listed: bool = True
    position: int = 0  # rows of the source that are listed, where Recto lists it by itself
    rows: int | None = None  # rows that the source has, about, where that is known
    trouble: str = ""  # why the source cannot be read at the moment; it is tried again
    changed: Mapping[str, int] = field(
        default_factory=dict
    )  # how many books that were there changed, by field
    recent: int = 0  # covers that were settled in the last `jobs.RATE_SECONDS`, unchanged ones not counted


@dataclass(frozen=True)
class PhotoRow:
    """A photo of a search: the side that it shows, where known, and its name among the incoming files."""

    side: Side | None
    name: str


@dataclass(frozen=True)
class SearchRow:
    """A search: `state` is `pending`, `done` (with `result`), `failed` (with `error`) or `expired`.

    One that expired may be sent again; where a part was away, `error` says which.
    """

    search_id: str
    state: str
    photos: tuple[PhotoRow, ...]
    where: Where
    limit: int
    created: float
    result: dict[str, Any] | None
    error: str


@dataclass(frozen=True)
class EvidenceRow:
    """A photo of a search (counted from 0) compared with a cover: `pending`, `done` (with `result`), or with an `error`
    `failed`, `gone` (a picture was deleted meanwhile) or `expired` (it may be asked for again)."""

    search_id: str
    photo: int
    cover_id: str
    state: str
    result: dict[str, Any] | None
    error: str
    created: float
