"""One collection of the embedded index: a shard with vectors and filter fields, local features beside it."""

from __future__ import annotations

import contextlib
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import qdrant_edge as edge

from recto.errors import IndexFault, NotFound
from recto.index import edge_requests as requests
from recto.index.base import CoverPoint, Hit, Layout, Shortlist, StoredCover
from recto.index.feature_store import FeatureStore
from recto.index.folder import DELETE_RESERVE, check_space, sync, sync_files, write_json
from recto.index.merge import Scored, best_per_cover
from recto.records import Where
from recto.vectors import Floats, LocalVector, SparseWords

BATCH_POINTS = 256
BATCH_BYTES = 8 * 1024 * 1024  # a batch is one record of the engine's log, whose files hold 32 MiB
CHECKPOINT_BYTES = 16 * 1024 * 1024  # of points between two flushes: half a file of the log, 0.2 s to replay
POINT_BYTES = 4096  # words, payload and frame of a point in the log, beside its dense vectors
T = TypeVar("T")


class Collection:
    """Opened at its first use. The engine holds Python's interpreter lock inside every call: one call at
    a time costs nothing, and no other thread is inside when a broken shard is opened again."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path = path
        self.layout = layout
        self._lock = threading.Lock()
        self._closed = False
        self._unflushed = 0  # bytes in the log that the other files may lack
        self._shard: edge.EdgeShard | None = None
        self._features: FeatureStore | None = None

    @classmethod
    def create(cls, unfinished: Path, path: Path, layout: Layout) -> Collection:
        """Make a collection in the folder `unfinished`, payload indexes first, and move it to `path`."""
        shutil.rmtree(unfinished, ignore_errors=True)
        (unfinished / "shard").mkdir(parents=True)
        made = cls(unfinished, layout)
        try:
            made._shard = edge.EdgeShard.create(str(unfinished / "shard"), requests.configuration(layout))
        except Exception as error:  # the engine has no error classes of its own
            raise IndexFault(f"The collection {path.name} could not be made: {error}.") from error
        for field, kind in requests.PAYLOAD_INDEXES.items():
            operation = edge.UpdateOperation.create_field_index(field, kind)
            made._update(operation)
        made.flush()
        made.close()
        write_json(unfinished / "collection.json", layout.to_json())
        unfinished.rename(path)
        sync(path.parent)
        return cls(path, layout)

    def upsert(self, points: Sequence[CoverPoint]) -> None:
        """Write covers: features first, so that every cover that can be found has them."""
        features = self._feature_store()
        point_bytes = 4 * (self.layout.embedding_dim + self.layout.local.dimension) + POINT_BYTES
        check_space(self.path, sum(len(point.features) + 2 * point_bytes for point in points))
        features.put((point.cover_id, point.features) for point in points)
        step = max(1, min(BATCH_POINTS, BATCH_BYTES // point_bytes))
        for start in range(0, len(points), step):
            batch = [requests.point(point) for point in points[start : start + step]]
            operation = edge.UpdateOperation.upsert_points(batch)
            self._update(operation)
        self._make_durable(len(points) * point_bytes)

    def nearest(self, embeddings: Floats, local: LocalVector | None, limit: int, where: Where) -> Shortlist:
        """Ask for all views at once, merge them, then read the books of what is left in one go."""
        batch = requests.queries(embeddings, local, limit, where)
        answers = self._call(lambda shard: shard.query_batch(batch)) if batch.queries else []
        scored: list[list[Scored]] = [[(str(hit.id), hit.score) for hit in hits] for hits in answers]
        by_embedding = best_per_cover(scored[: len(embeddings)], limit)
        by_local = best_per_cover(scored[len(embeddings) :], limit)
        books = self._books({cover for cover, _ in by_embedding + by_local})
        return Shortlist(_hits(by_embedding, books), _hits(by_local, books))

    def features(self, cover_ids: Sequence[str]) -> dict[str, bytes]:
        """Packed local features of the covers that are there."""
        return self._feature_store().get(cover_ids)

    def get(self, cover_ids: Sequence[str]) -> list[StoredCover]:
        """Covers with their vectors."""
        if not cover_ids:
            return []
        names = [requests.EMBEDDING, requests.LOCAL]
        records = self._call(lambda shard: shard.retrieve(list(cover_ids), True, names))
        return [_stored(record) for record in records]

    def scroll(self, limit: int, after: str | None) -> tuple[list[StoredCover], str | None]:
        """One page in the order of ids; the engine starts at an id that need not exist."""
        offset = None if after is None else str(uuid.UUID(int=uuid.UUID(after).int + 1))
        request = edge.ScrollRequest(offset=offset, limit=limit, with_payload=True, with_vector=False)
        records, following = self._call(lambda shard: shard.scroll(request))
        page = [_stored(record) for record in records]
        return page, page[-1].cover_id if following is not None else None

    def count(self, where: Where) -> int:
        """Number of covers that match."""
        request = edge.CountRequest(filter=requests.conditions(where), exact=True)
        return self._call(lambda shard: shard.count(request))

    def delete(self, cover_ids: Sequence[str]) -> None:
        """Remove covers; features first: when this dies in between, the next try still finds the points."""
        if not cover_ids:
            return
        features = self._feature_store()
        check_space(self.path, 0, reserve=DELETE_RESERVE)
        features.delete(cover_ids)
        operation = edge.UpdateOperation.delete_points(list(cover_ids))
        self._update(operation)
        self._make_durable(0)

    def covers_of_book(self, book_id: str) -> Iterator[list[str]]:
        """Ids of a book's covers in pages; each page must be deleted before the next is asked for."""
        request = edge.ScrollRequest(limit=1000, filter=requests.of_book(book_id), with_payload=False)
        while records := self._call(lambda shard: shard.scroll(request))[0]:
            yield [str(record.id) for record in records]

    def flush(self) -> None:
        """Bring all files of the engine up to date, so that it need not replay its log. Slow on a busy disk."""
        self._unflushed = 0
        self._call(lambda shard: shard.flush())

    def close(self) -> None:
        """Let go of the files for good: a thread that still holds this must not open them again."""
        with self._lock:
            self._closed = True
            if self._shard is not None:
                with contextlib.suppress(Exception):  # the log has it all: this only spares the next start
                    self._shard.flush()
                self._shard.close()
                self._shard = None
            if self._features is not None:
                self._features.close()
                self._features = None

    def _make_durable(self, written: int) -> None:
        """Sync the engine's log, from which it recovers what its other files lack; now and then flush those.

        A flush syncs sixty files and stops every thread of Python meanwhile; `docs/decisions.md` has the numbers.
        """
        self._unflushed += written
        if self._unflushed < CHECKPOINT_BYTES:
            sync_files(self.path / "shard" / "wal")
        else:
            self.flush()

    def _books(self, cover_ids: set[str]) -> dict[str, str]:
        if not cover_ids:
            return {}
        records = self._call(lambda shard: shard.retrieve(sorted(cover_ids), ["book_id"], False))
        return {str(record.id): str(record.payload["book_id"]) for record in records if record.payload}

    def _feature_store(self) -> FeatureStore:
        with self._lock:
            self._check_open()
            if self._features is None:
                self._features = FeatureStore(self.path / "features.sqlite3")
            return self._features

    def _update(self, operation: edge.UpdateOperation) -> None:
        self._call(lambda shard: shard.update(operation))

    def _call(self, work: Callable[[edge.EdgeShard], T]) -> T:
        """Run one call of the engine.

        Raises:
            IndexFault: the engine refused or failed. After a panic the shard is closed and opened again.
        """
        with self._lock:
            shard = self._opened()
            try:
                return work(shard)
            except Exception as error:  # the engine has no error classes of its own
                raise IndexFault(f"The index engine refused in {self.path.name}: {error}.") from error
            except BaseException as error:
                if not _is_panic(error):
                    raise
                self._shard = None
                with contextlib.suppress(type(error)):
                    shard.close()
                raise IndexFault(
                    f"The index engine broke in {self.path.name}: {error}. The next "
                    f"call opens its files again; what was acknowledged before is safe."
                ) from error

    def _check_open(self) -> None:
        if self._closed:
            raise NotFound(f"The collection {self.path.name} was dropped or closed meanwhile.")

    def _opened(self) -> edge.EdgeShard:
        self._check_open()
        if self._shard is None:
            shard_path = self.path / "shard"
            # An interrupted build of segments leaves this folder behind, for ever.
            shutil.rmtree(shard_path / "temp_segments", ignore_errors=True)
            try:
                self._shard = edge.EdgeShard.load(str(shard_path))
            except BaseException as error:  # the engine has no error classes of its own
                if not isinstance(error, Exception) and not _is_panic(error):
                    raise
                raise IndexFault(
                    f"The collection {self.path.name} cannot be opened: {error}. What is to be written waits; if "
                    f"its files are damaged, `recto rebuild` makes it anew."
                ) from error
        return self._shard


def _is_panic(error: BaseException) -> bool:
    """True for pyo3's exception, which no `except Exception` sees."""
    return type(error).__name__ == "PanicException"


def _hits(scored: Sequence[Scored], books: dict[str, str]) -> list[Hit]:
    """Hits with their books; a cover deleted since it was found is left out."""
    return [Hit(cover, books[cover], score) for cover, score in scored if cover in books]


def _stored(record: edge.Record) -> StoredCover:
    vectors = record.vector if isinstance(record.vector, dict) else {}
    embedding, local = vectors.get(requests.EMBEDDING), vectors.get(requests.LOCAL)
    fields = {name: value for name, value in (record.payload or {}).items() if name != requests.FACETS}
    return StoredCover(
        str(record.id),
        fields,
        None if embedding is None else np.asarray(embedding, np.float32),
        _local(local),
    )


def _local(local: edge.NamedVector | None) -> LocalVector | None:
    if isinstance(local, edge.SparseVector):
        return SparseWords(np.asarray(local.indices, np.uint32), np.asarray(local.values, np.float32))
    return None if local is None else np.asarray(local, np.float32)
