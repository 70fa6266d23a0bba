"""The index on a Qdrant server or cluster, through qdrant-client; local features travel in the payload."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import TypeVar

from qdrant_client import QdrantClient, models

from recto.errors import IndexFault, NotFound, Unavailable
from recto.index.base import EVERYTHING, CoverPoint, Hit, Layout, Shortlist, StoredCover
from recto.index.checks import check_ids, check_page, check_points, check_query, check_spec, require_encoder
from recto.index.merge import Scored, best_per_cover
from recto.index.server_connection import Connection
from recto.index.server_layouts import Layouts
from recto.index.server_making import make_collection
from recto.index.server_options import FEATURES, Options
from recto.index.server_requests import batches, conditions, of_book, queries, search_params, stored, unpacked
from recto.index.server_versions import Versions
from recto.records import Side, Where
from recto.settings import Settings
from recto.vectors import Floats, LocalSpec, LocalVector
from recto.versions import Version

T = TypeVar("T")
WITHOUT_FEATURES = models.PayloadSelectorExclude(exclude=[FEATURES])
PART = 1000
"""Covers per reading request: 1,000 with 27 KB of features each are 36 MB."""
ORDERING = models.WriteOrdering.MEDIUM
"""Writes of one cover go through one replica, so that all replicas apply them in the same order."""


class ServerIndex:
    """`Index` over a server. It keeps nothing that the server holds but what collections were made for, for a minute:
    several processes may do everything at once.
    """

    def __init__(self, connection: Connection, options: Options) -> None:
        self._connection = connection
        self._options = options
        self._layouts = Layouts(connection)
        self._versions = Versions(connection, self._layouts)

    @classmethod
    def open(cls, settings: Settings) -> ServerIndex:
        """Connect to the server that the settings name; raises like `Connection.open` and `Options.of`."""
        options = Options.of(settings)
        return cls(Connection.open(settings), options)

    def ensure(self, version: Version, embedding_dim: int, local: LocalSpec) -> None:
        """Make both collections of a version where they are missing, payload indexes before any point."""
        check_spec(embedding_dim, local)
        layout = Layout(version.encoder, embedding_dim, local)
        for side in Side:
            self._make(version.collection(side), layout)

    def upsert(self, version: Version, side: Side, points: Sequence[CoverPoint]) -> None:
        """Add or replace covers; applied by the server when it returns."""

        def write(name: str, layout: Layout) -> None:
            check_points(points, layout)
            for batch in batches(points):
                self._upsert(name, batch)

        self._on(version, side, write)

    def nearest(
        self,
        version: Version,
        side: Side,
        embeddings: Floats,
        local: LocalVector | None,
        limit: int,
        where: Where = EVERYTHING,
    ) -> Shortlist:
        """At most `limit` covers per witness, each with its best view."""

        def search(name: str, layout: Layout) -> Shortlist:
            check_query(embeddings, local, limit, layout)
            if where.side not in (None, side):
                return Shortlist([], [])
            restriction = conditions(where)
            params = search_params(self._about(name, restriction), self._options.oversampling)
            requests = queries(embeddings, local, limit, restriction, params)
            if not requests:
                return Shortlist([], [])
            answers = self._connection.call(lambda client: client.query_batch_points(name, requests))
            return _shortlist([answer.points for answer in answers], len(embeddings), limit)

        return self._on(version, side, search)

    def features(self, version: Version, side: Side, cover_ids: Sequence[str]) -> dict[str, bytes]:
        """Packed local features of many covers in one read; over HTTP, which is faster for so much text."""
        records = self._retrieve(version, side, cover_ids, [FEATURES], vectors=False, http=True)
        return {str(record.id): unpacked(record) for record in records}

    def get(self, version: Version, side: Side, cover_ids: Sequence[str]) -> list[StoredCover]:
        """The covers that exist, with vectors."""
        records = self._retrieve(version, side, cover_ids, WITHOUT_FEATURES, vectors=True, http=False)
        return [stored(record) for record in records]

    def scroll(
        self, version: Version, side: Side, limit: int, after: str | None = None
    ) -> tuple[list[StoredCover], str | None]:
        """One page of covers without vectors, ordered by id; the server merges the pages of all shards."""
        check_page(limit, after)
        offset = None if after is None else str(uuid.UUID(int=uuid.UUID(after).int + 1))

        def read(name: str, layout: Layout) -> tuple[list[models.Record], object]:
            return self._connection.call(
                lambda client: client.scroll(name, limit=limit, offset=offset, with_payload=WITHOUT_FEATURES)
            )

        records, following = self._on(version, side, read)
        page = [stored(record) for record in records]
        return page, page[-1].cover_id if following is not None else None

    def count(self, version: Version, side: Side, where: Where = EVERYTHING) -> int:
        """Number of covers that match, counted and not estimated."""

        def count(name: str, layout: Layout) -> int:
            if where.side not in (None, side):
                return 0
            restriction = conditions(where)
            return self._connection.call(lambda client: client.count(name, restriction, exact=True)).count

        return self._on(version, side, count)

    def delete_covers(self, version: Version, side: Side, cover_ids: Sequence[str]) -> None:
        """Remove covers."""
        check_ids(cover_ids)

        def delete(name: str, layout: Layout) -> None:
            for start in range(0, len(cover_ids), PART):
                chosen = models.PointIdsList(points=list(cover_ids[start : start + PART]))
                self._delete(name, chosen)

        self._on(version, side, delete)

    def delete_book(self, book_id: str) -> None:
        """Remove a book from both sides of every version, also one that only another process knows."""
        for name in self._versions.names():
            try:
                self._delete(name, models.FilterSelector(filter=of_book(book_id)))
            except NotFound:
                self._layouts.forget(name)  # dropped meanwhile, and the book with it

    def versions(self) -> list[Version]:
        """Versions with both collections."""
        return self._versions.all()

    def publish(self, version: Version) -> None:
        """Point the aliases `recto_front` and `recto_back` at the pair: readers see the old pair or the new one."""
        self._versions.publish(version)

    def published(self) -> Version | None:
        """The pair that both aliases name."""
        return self._versions.published()

    def drop(self, version: Version) -> None:
        """Remove both collections; the server removes their aliases with them."""
        self._versions.drop(version)

    def close(self) -> None:
        """Close the connections; closing twice is no error."""
        self._connection.close()

    def _make(self, name: str, layout: Layout) -> None:
        try:
            make_collection(self._connection, self._layouts, name, layout, self._options)
        except NotFound:  # another process dropped it before it had all its indexes
            make_collection(self._connection, self._layouts, name, layout, self._options)

    def _on(self, version: Version, side: Side, work: Callable[[str, Layout], T]) -> T:
        """Work on a collection of a version. What is remembered of it is read again when the server disagrees."""
        name = version.collection(side)
        layout = self._layouts.get(name)
        require_encoder(layout, version, name)
        try:
            return work(name, layout)
        except (NotFound, IndexFault) as fault:
            fresh = self._layouts.read(name)  # `NotFound`, in words for users, when it is gone
            if isinstance(fault, IndexFault) and fresh == layout:
                raise
        require_encoder(fresh, version, name)
        return work(name, fresh)

    def _about(self, name: str, restriction: models.Filter | None) -> int | None:
        """About how many covers match a filter; None without one."""
        if restriction is None:
            return None
        return self._connection.call(lambda client: client.count(name, restriction, exact=False)).count

    def _write(self, request: Callable[[QdrantClient], models.UpdateResult]) -> None:
        """Do a write that may be repeated, and make sure that it was applied and not only noted."""

        def write(client: QdrantClient) -> None:
            if (status := request(client).status) != models.UpdateStatus.COMPLETED:
                raise Unavailable(
                    f"The Qdrant server has not applied a write in time (it says: {status.value})."
                )

        self._connection.call(write)

    def _upsert(self, name: str, batch: list[models.PointStruct]) -> None:
        self._write(lambda client: client.upsert(name, batch, wait=True, ordering=ORDERING))

    def _delete(self, name: str, chosen: models.PointsSelector) -> None:
        self._write(lambda client: client.delete(name, chosen, wait=True, ordering=ORDERING))

    def _retrieve(
        self,
        version: Version,
        side: Side,
        cover_ids: Sequence[str],
        payload: list[str] | models.PayloadSelectorExclude,
        *,
        vectors: bool,
        http: bool,
    ) -> list[models.Record]:
        check_ids(cover_ids)
        parts = [list(cover_ids[start : start + PART]) for start in range(0, len(cover_ids), PART)]

        def read_part(name: str, part: list[str]) -> list[models.Record]:
            return self._connection.call(
                lambda client: client.retrieve(name, part, payload, vectors), http=http
            )

        def read(name: str, layout: Layout) -> list[models.Record]:
            return [record for part in parts for record in read_part(name, part)]

        return self._on(version, side, read)


def _shortlist(answers: list[list[models.ScoredPoint]], views: int, limit: int) -> Shortlist:
    """The hits of all views, then of the local witness, as one list per witness."""
    books = {str(hit.id): str((hit.payload or {}).get("book_id", "")) for hits in answers for hit in hits}
    scored: list[list[Scored]] = [[(str(hit.id), hit.score) for hit in hits] for hits in answers]
    by_embedding, by_local = (
        [Hit(cover, books[cover], score) for cover, score in best_per_cover(part, limit)]
        for part in (scored[:views], scored[views:])
    )
    return Shortlist(by_embedding, by_local)
