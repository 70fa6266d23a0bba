"""The index on a Qdrant server or cluster, through qdrant-client; local features travel in the payload."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence

import numpy as np
from qdrant_client import QdrantClient, models

from recto.errors import NotFound, WrongFormat
from recto.index.base import EVERYTHING, CoverPoint, Hit, Layout, Shortlist, StoredCover
from recto.index.checks import check_ids, check_page, check_points, check_query, check_spec
from recto.index.embedded import require_encoder, require_layout
from recto.index.merge import Scored, best_per_cover
from recto.index.server_requests import (
    BATCH_POINTS,
    EMBEDDING,
    FEATURES,
    LOCAL,
    PAYLOAD_INDEXES,
    conditions,
    of_book,
    point,
    queries,
    sparse_vectors,
    vectors,
)
from recto.recipe import Version
from recto.records import Side, Where
from recto.settings import Settings
from recto.vectors import Floats, LocalSpec, LocalVector, SparseWords

WITHOUT_FEATURES = models.PayloadSelectorExclude(exclude=[FEATURES])


class ServerIndex:
    """`Index` over a client. It keeps nothing of what the server holds: several processes may write."""

    def __init__(self, client: QdrantClient) -> None:
        self._client = client

    @classmethod
    def open(cls, settings: Settings) -> ServerIndex:
        """Connect to the server that the settings name."""
        return cls(
            QdrantClient(
                settings.qdrant_url,
                api_key=settings.qdrant_api_key or None,
                timeout=int(settings.qdrant_seconds),
                check_compatibility=False,
            )
        )

    def ensure(self, version: Version, embedding_dim: int, local: LocalSpec) -> None:
        """Make both collections of a version where they are missing, payload indexes before any point."""
        check_spec(embedding_dim, local)
        layout = Layout(version.encoder, embedding_dim, local)
        for side in Side:
            name = version.collection(side)
            if not self._client.collection_exists(name):
                self._client.create_collection(
                    name,
                    vectors_config=vectors(layout),
                    sparse_vectors_config=sparse_vectors(layout),
                    on_disk_payload=True,
                    metadata=layout.to_json(),
                )
            for field, kind in PAYLOAD_INDEXES.items():
                self._client.create_payload_index(name, field, kind, wait=True)
            require_layout(self._layout(name), layout, name)

    def upsert(self, version: Version, side: Side, points: Sequence[CoverPoint]) -> None:
        """Add or replace covers; acknowledged by the server before it returns."""
        name = version.collection(side)
        check_points(points, self._checked_layout(version, name))
        for start in range(0, len(points), BATCH_POINTS):
            self._client.upsert(
                name, [point(cover) for cover in points[start : start + BATCH_POINTS]], wait=True
            )

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
        name = version.collection(side)
        check_query(embeddings, local, limit, self._checked_layout(version, name))
        requests = queries(embeddings, local, limit, where)
        if where.side not in (None, side) or not requests:
            return Shortlist([], [])
        answers = [answer.points for answer in self._client.query_batch_points(name, requests)]
        books = {str(hit.id): str((hit.payload or {})["book_id"]) for hits in answers for hit in hits}
        scored: list[list[Scored]] = [[(str(hit.id), hit.score) for hit in hits] for hits in answers]
        witnesses = (scored[: len(embeddings)], scored[len(embeddings) :])
        by_embedding, by_local = (
            [Hit(cover, books[cover], score) for cover, score in best_per_cover(views, limit)]
            for views in witnesses
        )
        return Shortlist(by_embedding, by_local)

    def features(self, version: Version, side: Side, cover_ids: Sequence[str]) -> dict[str, bytes]:
        """Packed local features of many covers in one read."""
        records = self._retrieve(version, side, cover_ids, [FEATURES], False)
        return {str(record.id): base64.b64decode((record.payload or {})[FEATURES]) for record in records}

    def get(self, version: Version, side: Side, cover_ids: Sequence[str]) -> list[StoredCover]:
        """The covers that exist, with vectors."""
        return [
            _stored(record) for record in self._retrieve(version, side, cover_ids, WITHOUT_FEATURES, True)
        ]

    def scroll(
        self, version: Version, side: Side, limit: int, after: str | None = None
    ) -> tuple[list[StoredCover], str | None]:
        """One page of covers without vectors, ordered by id."""
        check_page(limit, after)
        name = version.collection(side)
        self._checked_layout(version, name)
        offset = None if after is None else str(uuid.UUID(int=uuid.UUID(after).int + 1))
        records, following = self._client.scroll(
            name, limit=limit, offset=offset, with_payload=WITHOUT_FEATURES
        )
        page = [_stored(record) for record in records]
        return page, page[-1].cover_id if following is not None else None

    def count(self, version: Version, side: Side, where: Where = EVERYTHING) -> int:
        """Number of covers that match."""
        name = version.collection(side)
        self._checked_layout(version, name)
        if where.side not in (None, side):
            return 0
        return self._client.count(name, count_filter=conditions(where), exact=True).count

    def delete_covers(self, version: Version, side: Side, cover_ids: Sequence[str]) -> None:
        """Remove covers."""
        check_ids(cover_ids)
        name = version.collection(side)
        self._checked_layout(version, name)
        if cover_ids:
            self._client.delete(name, models.PointIdsList(points=list(cover_ids)), wait=True)

    def delete_book(self, book_id: str) -> None:
        """Remove a book from both sides of every version."""
        for name in self._names():
            self._client.delete(name, models.FilterSelector(filter=of_book(book_id)), wait=True)

    def versions(self) -> list[Version]:
        """Versions with both collections."""
        names = self._names()
        found = {Version(name.rpartition("__")[2], self._layout(name).encoder) for name in names}
        complete = (version for version in found if {version.collection(side) for side in Side} <= set(names))
        return sorted(complete, key=lambda version: version.recipe_id)

    def publish(self, version: Version) -> None:
        """Point the aliases `recto_front` and `recto_back` at the pair, both in one atomic operation."""
        changes: list[models.AliasOperations] = []
        taken = self._aliases()
        for side in Side:
            alias, name = f"recto_{side.value}", version.collection(side)
            self._checked_layout(version, name)
            if alias in taken:
                changes.append(models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)))
            create = models.CreateAlias(collection_name=name, alias_name=alias)
            changes.append(models.CreateAliasOperation(create_alias=create))
        self._client.update_collection_aliases(changes)

    def published(self) -> Version | None:
        """The pair that the aliases name."""
        name = self._aliases().get(f"recto_{Side.FRONT.value}")
        return Version(name.rpartition("__")[2], self._layout(name).encoder) if name else None

    def drop(self, version: Version) -> None:
        """Remove both collections; the server removes their aliases with them."""
        for side in Side:
            self._client.delete_collection(version.collection(side))

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _retrieve(
        self,
        version: Version,
        side: Side,
        cover_ids: Sequence[str],
        payload: list[str] | models.PayloadSelectorExclude,
        with_vectors: bool,
    ) -> list[models.Record]:
        check_ids(cover_ids)
        name = version.collection(side)
        self._checked_layout(version, name)
        if not cover_ids:
            return []
        return self._client.retrieve(name, list(cover_ids), with_payload=payload, with_vectors=with_vectors)

    def _checked_layout(self, version: Version, name: str) -> Layout:
        layout = self._layout(name)
        require_encoder(layout, version, name)
        return layout

    def _layout(self, name: str) -> Layout:
        if not self._client.collection_exists(name):
            raise NotFound(f"The index has no collection {name}; `recto rebuild` makes it.")
        facts = self._client.get_collection(name).config.metadata
        if not facts:
            raise WrongFormat(
                f"The collection {name} does not say what it was made for: Recto did not make it."
            )
        return Layout.from_json(facts)

    def _names(self) -> list[str]:
        names = (found.name for found in self._client.get_collections().collections)
        return [name for name in names if name.startswith(tuple(f"recto_{side.value}__" for side in Side))]

    def _aliases(self) -> dict[str, str]:
        return {found.alias_name: found.collection_name for found in self._client.get_aliases().aliases}


def _stored(record: models.Record) -> StoredCover:
    found = record.vector if isinstance(record.vector, dict) else {}
    local, embedding = found.get(LOCAL), found.get(EMBEDDING)
    if isinstance(local, models.SparseVector):
        words: LocalVector | None = SparseWords(
            np.asarray(local.indices, np.uint32), np.asarray(local.values, np.float32)
        )
    else:
        words = None if local is None else np.asarray(local, np.float32)
    vector = None if embedding is None else np.asarray(embedding, np.float32)
    return StoredCover(str(record.id), record.payload or {}, vector, words)
