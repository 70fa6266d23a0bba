"""The records that travel between the stages: books, covers and filters. Plain data, no third-party imports."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

BOOK_ID_MAX_LENGTH = 128
BOOK_FIELDS = ("title", "authors", "isbn", "publisher", "year", "language", "tags")
"""What can be said of a book, beside its id and its other columns (`extra`)."""
_COVER_NAMESPACE = uuid.UUID("5d0a7b44-3b0c-5f0e-9f0b-0d6a4a4f2c11")

Extra = Mapping[str, str | int | float | bool | None]
Point2 = tuple[float, float]
Outline = tuple[Point2, Point2, Point2, Point2]
"""Corners of a cover in a photo, in pixels: top-left, top-right, bottom-right, bottom-left of the cover."""


class Side(StrEnum):
    """The side of a book that a cover image shows."""

    FRONT = "front"
    BACK = "back"


class CoverState(StrEnum):
    """Where a cover stands on its way into the index."""

    QUEUED = "queued"  # acknowledged, waiting for an ingest worker
    HELD = "held"  # queued, but the jobs that want it are paused
    WORKING = "working"  # claimed by an ingest worker under a lease
    STAGED = "staged"  # vectors lie in a staged file, waiting for the index worker
    INDEXED = "indexed"  # searchable
    FAILED = "failed"  # refused or quarantined, with stage and reason


class Verdict(StrEnum):
    """What a search concludes."""

    FOUND = "found"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"


class Alike(StrEnum):
    """In which way two covers are alike, the strongest first."""

    SAME_FILE = "same_file"  # the same bytes
    SAME_PICTURE = "same_picture"  # the same picture encoded anew, resized, slightly cropped
    SAME_ARTWORK = "same_artwork"  # most of the picture agrees, a part differs: another printing
    LOOK_ALIKE = "look_alike"  # layout and lettering agree, the picture differs: another volume of a series


@dataclass(frozen=True)
class Book:
    """A book of the catalogue. `book_id` is the caller's own id, an ISBN by default."""

    book_id: str
    title: str = ""
    authors: tuple[str, ...] = ()
    isbn: str = ""
    publisher: str = ""
    year: int | None = None
    language: str = ""
    tags: tuple[str, ...] = ()
    extra: Extra = field(default_factory=dict)

    def filter_fields(self) -> dict[str, str | int | list[str]]:
        """The flat payload stored beside the vectors: what a search can be filtered by, empty fields left out."""
        fields: dict[str, str | int | list[str] | None] = {
            "book_id": self.book_id,
            "year": self.year,
            "authors": list(self.authors),
            "publisher": self.publisher,
            "language": self.language,
            "tags": list(self.tags),
        }
        return {name: value for name, value in fields.items() if value not in (None, "", [])}

    def updated(self, said: Book, clear: Collection[str] = ()) -> Book:
        """This book with what `said` says of it, and without the fields and other columns that `clear` names.

        An empty field says nothing and changes nothing; `extra` is taken key by key. See `wrong_clear`.
        """
        fields = {name: getattr(said, name) for name in BOOK_FIELDS if is_said(getattr(said, name))}
        empty = {name: getattr(Book(self.book_id), name) for name in BOOK_FIELDS if name in clear}
        extra = {**self.extra, **{name: value for name, value in said.extra.items() if is_said(value)}}
        kept = {name: value for name, value in extra.items() if name not in clear}
        return replace(self, **{**fields, **empty}, extra=kept)

    def changed_fields(self, other: Book) -> tuple[str, ...]:
        """Names of the fields in which two states of a book differ; all other columns together are `extra`."""
        return tuple(name for name in (*BOOK_FIELDS, "extra") if getattr(self, name) != getattr(other, name))


@dataclass(frozen=True)
class Cover:
    """One image of one side of a book, as the ledger knows it."""

    cover_id: str
    book_id: str
    side: Side
    sha256: str
    state: CoverState
    recipe: str = ""
    attempts: int = 0
    stage: str = ""  # where it failed: read, decode, embed, describe, index, quarantine
    reason: str = ""  # why, as a sentence


@dataclass(frozen=True)
class Where:
    """Filter of a search; every given field must hold. `authors` and `tag` match any element of the book's list.

    `without`: ids of books that the answer must not name. The search leaves them out, the index knows nothing of it.
    """

    side: Side | None = None
    year_from: int | None = None
    year_to: int | None = None
    authors: tuple[str, ...] = ()  # any of these
    publisher: str = ""
    language: str = ""
    tag: str = ""
    without: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when nothing but the side is restricted."""
        return not any((self.year_from, self.year_to, self.authors, self.publisher, self.language, self.tag))


def is_said(value: object) -> bool:
    """False for what says nothing of a book: nothing, an empty list, a text without a character to see."""
    return bool(value.strip()) if isinstance(value, str) else value is not None and value not in ((), [])


def wrong_clear(said: Book, clear: Collection[str]) -> str:
    """Why these fields cannot be emptied, as a sentence; "" when they can.

    Other columns must be among the keys of `said.extra` with an empty value: a name that nobody knows is a slip. This
    looks at nothing but what is said, so that saying it again, or trying it in a dry run, has the same outcome.
    """
    for name in clear:
        value = getattr(said, name) if name in BOOK_FIELDS else said.extra.get(name)
        if is_said(value):
            return f"clear names {name[:60]!r}, to which a value is given as well; leave one of the two out."
        if name not in BOOK_FIELDS and name not in said.extra:
            return (
                f"clear names {name[:60]!r}, which cannot be emptied: there are {', '.join(BOOK_FIELDS)}, "
                "and other columns that are given, empty, beside it."
            )
    return ""


def cover_id(book_id: str, side: Side, sha256: str) -> str:
    """Identity of a cover and id of its point: UUIDv5 over book, side and the sha256 of the original bytes."""
    return str(uuid.uuid5(_COVER_NAMESPACE, f"{book_id}\x00{side.value}\x00{sha256}"))
