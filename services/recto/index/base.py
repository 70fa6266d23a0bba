"""The interface of the index and its records; the engines behind it speak in these, not in Qdrant's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from recto.records import Side, Where
from recto.vectors import Floats, LocalSpec, LocalVector
from recto.versions import Version

Fields = Mapping[str, str | int | Sequence[str]]
"""Flat payload of a cover, from `Book.filter_fields()`: book_id, year, authors, publisher, language, tags."""

EVERYTHING = Where()
"""The filter that restricts nothing."""


@dataclass(frozen=True)
class CoverPoint:
    """What the index stores of one cover. Without any keypoint `local` is None or an empty `SparseWords`."""

    cover_id: str
    embedding: Floats
    local: LocalVector | None
    features: bytes
    fields: Fields


@dataclass(frozen=True)
class StoredCover:
    """A cover as read back. The vectors are None where they were not asked for or the cover has none."""

    cover_id: str
    fields: Fields
    embedding: Floats | None = None
    local: LocalVector | None = None

    @property
    def book_id(self) -> str:
        """The book that the cover belongs to."""
        return str(self.fields["book_id"])


@dataclass(frozen=True)
class Hit:
    """A cover near a photo, with the score of its best view: cosine (embedding) or dot product (local)."""

    cover_id: str
    book_id: str
    score: float


@dataclass(frozen=True)
class Shortlist:
    """Candidates of both witnesses, each best first, one entry per cover."""

    embedding: list[Hit]
    local: list[Hit]


@dataclass(frozen=True)
class Layout:
    """What fixes the vectors of a collection; two collections with the same layout are interchangeable."""

    encoder: str
    embedding_dim: int
    local: LocalSpec

    def to_json(self) -> dict[str, Any]:
        """Plain data, for a file or a collection's metadata."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Layout:
        """Inverse of `to_json`."""
        return cls(data["encoder"], data["embedding_dim"], LocalSpec(**data["local"]))


class Index(Protocol):
    """Covers of all versions, each in one collection per side. Safe for several threads of one process.

    Every method that takes a version raises `NotFound` when it has no collections and `RecipeMismatch` when
    its encoder or the shape of a vector differs from what they were made for. Writing methods are durable
    when they return. A fault inside the engine raises `IndexFault`.
    """

    def ensure(self, version: Version, embedding_dim: int, local: LocalSpec) -> None:
        """Make both collections of a version where they are missing, payload indexes first.

        Raises:
            RecipeMismatch: they exist with another dimension or local witness.
            BadInput: such vectors cannot be searched.
        """

    def upsert(self, version: Version, side: Side, points: Sequence[CoverPoint]) -> None:
        """Add or replace covers. Everything is checked first: a call that raises `BadInput` wrote nothing."""

    def nearest(
        self,
        version: Version,
        side: Side,
        embeddings: Floats,
        local: LocalVector | None,
        limit: int,
        where: Where = EVERYTHING,
    ) -> Shortlist:
        """At most `limit` covers per witness: nearest to any view of `embeddings` (V, D), and to `local`.

        A cover counts with its best view. A `where.side` other than `side` matches nothing.
        """

    def features(self, version: Version, side: Side, cover_ids: Sequence[str]) -> dict[str, bytes]:
        """Packed local features of many covers in one read; covers that are not there are left out."""

    def get(self, version: Version, side: Side, cover_ids: Sequence[str]) -> list[StoredCover]:
        """The covers that exist, with vectors, in no certain order."""

    def scroll(
        self, version: Version, side: Side, limit: int, after: str | None = None
    ) -> tuple[list[StoredCover], str | None]:
        """One page of covers without vectors, ordered by id, and what to pass as `after` for the next one.

        The page starts behind the id `after`: covers added or deleted meanwhile never repeat or hide another.
        The second value is None on the last page.
        """

    def count(self, version: Version, side: Side, where: Where = EVERYTHING) -> int:
        """Number of covers that match."""

    def delete_covers(self, version: Version, side: Side, cover_ids: Sequence[str]) -> None:
        """Remove covers; ids that are not there are ignored."""

    def delete_book(self, book_id: str) -> None:
        """Remove all covers of a book from both sides of every version."""

    def versions(self) -> list[Version]:
        """The versions that have both collections, ordered by recipe."""

    def publish(self, version: Version) -> None:
        """Name the pair that is live, for tools outside Recto. Searches go by the ledger."""

    def published(self) -> Version | None:
        """The pair published last, unless it was dropped."""

    def drop(self, version: Version) -> None:
        """Remove both collections of a version and all that they hold; a missing one is no error."""

    def close(self) -> None:
        """Write everything out and let go of the files or connections."""
