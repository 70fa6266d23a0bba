"""Where should the packed local features of each cover live? Measures three places.

    python benchmarks/index_storage.py [--covers 10000] [--feature-bytes 20000]

`InPayload` keeps them base64-coded in the payload of the cover's own point, `InSecondShard` in the payload of a
second shard without vectors, `InSqlite` as blobs in a SQLite file. Vectors, words and features are made up (random
bytes do not compress, as packed descriptors hardly do). Prints one row per place: covers written per second (batches
of 32, durable when acknowledged), bulk read of 100 random covers, search for a shortlist (8 views x 50 and 50 by
words, with the book of each hit), disk and write-ahead log per cover, memory not backed by files, time to open again.
"""

from __future__ import annotations

import argparse
import base64
import os
import shutil
import sqlite3
import tempfile
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import qdrant_edge as edge

from recto.vectors import Floats

DIMENSION, WORDS, VOCABULARY, BATCH, VIEWS, SHORTLIST, READ = 512, 300, 65536, 32, 8, 50, 100


Made = tuple[Floats, edge.SparseVector]


class Place(ABC):
    """Stores covers; the vectors always in an edge shard, the features where the subclass says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        config = edge.EdgeConfig(
            vectors={
                "embedding": edge.EdgeVectorParams(
                    size=DIMENSION,
                    distance=edge.Distance.Cosine,
                    quantization_config=edge.TurboQuantQuantizationConfig(
                        bits=edge.TurboQuantBitSize.Bits4, memory=edge.Memory.Pinned
                    ),
                )
            },
            sparse_vectors={"local": edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
            optimizers=edge.EdgeOptimizersConfig(indexing_threshold=10**9),
            payload_memory=edge.Memory.Cold,
        )
        self.shard = open_shard(folder / "vectors", config)

    def write(self, ids: Sequence[str], points: Sequence[Made], features: Sequence[bytes]) -> None:
        """Write a batch durably."""
        batch = []
        for cover, (embedding, words), packed in zip(ids, points, features, strict=True):
            payload = {"book_id": cover, "year": 1999, **self.extra_payload(packed)}
            vectors: dict[str, edge.NamedVector] = {"embedding": embedding.tolist(), "local": words}
            batch.append(edge.Point(cover, vectors, payload))
        self.write_features(ids, features)
        self.shard.update(edge.UpdateOperation.upsert_points(batch))
        self.shard.flush()

    def search(self, embeddings: Sequence[Floats], words: edge.SparseVector) -> list[object]:
        """Shortlist of all views: ids merged, then the book of each hit in one read."""
        parameters = edge.SearchParams(
            quantization=edge.QuantizationSearchParams(rescore=True, oversampling=2.0)
        )
        queries = [edge.Query.Nearest(embedding.tolist(), using="embedding") for embedding in embeddings]
        requests = [
            edge.QueryRequest(limit=SHORTLIST, query=query, params=parameters, with_payload=False)
            for query in [*queries, edge.Query.Nearest(words, using="local")]
        ]
        found = self.shard.query_batch(edge.QueryBatchRequest(requests))
        ids = {hit.id: hit.score for hits in found for hit in hits}
        best = sorted(ids, key=lambda cover: -ids[cover])[: 2 * SHORTLIST]
        return [record.payload for record in self.shard.retrieve(best, ["book_id"], False)]

    def extra_payload(self, packed: bytes) -> dict[str, str]:
        """What this place adds to the payload of the cover's own point."""
        return {}

    def close(self) -> None:
        """Release the files."""
        self.shard.close()

    @abstractmethod
    def write_features(self, ids: Sequence[str], features: Sequence[bytes]) -> None:
        """Write features that do not travel with the point."""

    @abstractmethod
    def read(self, ids: list[str]) -> dict[str, bytes]:
        """Read the features of many covers at once."""


class InPayload(Place):
    """Features in the payload of the cover's own point."""

    def extra_payload(self, packed: bytes) -> dict[str, str]:
        """The features as text."""
        return {"features": base64.b64encode(packed).decode()}

    def write_features(self, ids: Sequence[str], features: Sequence[bytes]) -> None:
        """Nothing more: they travel with the point."""

    def read(self, ids: list[str]) -> dict[str, bytes]:
        """Read many at once."""
        return read_payloads(self.shard, ids)


class InSecondShard(Place):
    """Features in a shard of their own that has no vectors."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        config = edge.EdgeConfig(
            sparse_vectors={"none": edge.EdgeSparseVectorParams()}, payload_memory=edge.Memory.Cold
        )
        self.second = open_shard(folder / "features", config)

    def write_features(self, ids: Sequence[str], features: Sequence[bytes]) -> None:
        """Write them where they belong here."""
        points = [
            edge.Point(cover, {}, {"features": base64.b64encode(packed).decode()})
            for cover, packed in zip(ids, features, strict=True)
        ]
        self.second.update(edge.UpdateOperation.upsert_points(points))
        self.second.flush()

    def read(self, ids: list[str]) -> dict[str, bytes]:
        """Read many at once."""
        return read_payloads(self.second, ids)

    def close(self) -> None:
        """Release the files."""
        self.second.close()
        super().close()


class InSqlite(Place):
    """Features as blobs in a SQLite file (write-ahead log, synced at each commit)."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.database = sqlite3.connect(folder / "features.sqlite3", isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute("CREATE TABLE IF NOT EXISTS features (cover TEXT PRIMARY KEY, packed BLOB)")

    def write_features(self, ids: Sequence[str], features: Sequence[bytes]) -> None:
        """Write them where they belong here."""
        self.database.execute("BEGIN")
        rows = zip(ids, features, strict=True)
        self.database.executemany("INSERT OR REPLACE INTO features VALUES (?, ?)", rows)
        self.database.execute("COMMIT")

    def read(self, ids: list[str]) -> dict[str, bytes]:
        """Read many at once."""
        marks = ",".join("?" * len(ids))
        rows = self.database.execute(f"SELECT cover, packed FROM features WHERE cover IN ({marks})", ids)
        return dict(rows.fetchall())

    def close(self) -> None:
        """Release the files."""
        self.database.close()
        super().close()


def open_shard(path: Path, config: edge.EdgeConfig) -> edge.EdgeShard:
    """Load the shard at `path`, or create it."""
    if path.exists():
        return edge.EdgeShard.load(str(path))
    path.mkdir()
    return edge.EdgeShard.create(str(path), config)


def read_payloads(shard: edge.EdgeShard, ids: list[str]) -> dict[str, bytes]:
    """Features of many points in one call."""
    records = shard.retrieve(list(ids), ["features"], False)
    payloads = {str(record.id): record.payload or {} for record in records}
    return {cover: base64.b64decode(payload["features"]) for cover, payload in payloads.items()}


def measure(
    place_type: Callable[[Path], Place], folder: Path, covers: int, feature_bytes: int
) -> dict[str, str]:
    """Fill one place and measure it."""
    rng = np.random.default_rng(7)
    place = place_type(folder)
    ids = [str(uuid.UUID(bytes=rng.bytes(16))) for _ in range(covers)]
    spent = []
    for start in range(0, covers, BATCH):
        batch = ids[start : start + BATCH]
        points = [(rng.standard_normal(DIMENSION, dtype=np.float32), random_words(rng)) for _ in batch]
        features = [rng.bytes(feature_bytes) for _ in batch]
        spent.append(timed(partial(place.write, batch, points, features)))
    assert {len(packed) for packed in place.read(ids[:READ]).values()} == {feature_bytes}
    reads = [timed(partial(place.read, rng.choice(ids, READ, replace=False).tolist())) for _ in range(100)]
    views = [rng.standard_normal((VIEWS, DIMENSION), dtype=np.float32) for _ in range(50)]
    searches = [timed(partial(place.search, list(view), random_words(rng))) for view in views]
    memory = anonymous_memory()
    place.close()
    log = sum(allocated(path) for path in folder.rglob("*") if "wal" in str(path.relative_to(folder)))
    opening = timed(lambda: place_type(folder).close())
    return {
        "covers/s": f"{covers / sum(spent):.0f}",
        "batch of 32, ms": percentiles(spent),
        "read 100, ms": percentiles(reads),
        "search, ms": percentiles(searches),
        "disk KB/cover": f"{sum(map(allocated, folder.rglob('*'))) / covers / 1000:.1f}",
        "of it log": f"{log / covers / 1000:.1f}",
        "memory MB": f"{memory / 1e6:.0f}",
        "open, ms": f"{opening * 1000:.0f}",
    }


def random_words(rng: np.random.Generator) -> edge.SparseVector:
    """Made-up visual words."""
    indices = np.sort(rng.choice(VOCABULARY, WORDS, replace=False))
    return edge.SparseVector(indices.tolist(), rng.uniform(0.1, 1.0, WORDS).tolist())


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def percentiles(seconds: Sequence[float]) -> str:
    """p50 / p95 in milliseconds."""
    low, high = np.percentile(np.array(seconds) * 1000, [50, 95])
    return f"{low:.1f} / {high:.1f}"


def allocated(path: Path) -> int:
    """Bytes that a file takes on the disk; edge shards are sparse files."""
    return path.stat().st_blocks * 512 if path.is_file() else 0


def anonymous_memory() -> int:
    """Resident memory of this process that no file backs, in bytes (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """Measure every place in a child process of its own and print the table."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("--covers", type=int, default=10_000)
    parser.add_argument("--feature-bytes", type=int, default=20_000)
    options = parser.parse_args()
    for number, place in enumerate((InPayload, InSecondShard, InSqlite)):
        folder = Path(tempfile.mkdtemp(prefix="recto-index-storage-"))
        child = os.fork()  # its own memory figures; forked before any shard is open
        if not child:
            row = measure(place, folder, options.covers, options.feature_bytes)
            if number == 0:
                print("| place | " + " | ".join(row) + " |\n|" + "---|" * (len(row) + 1))
            print(f"| {place.__name__} | " + " | ".join(row.values()) + " |", flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
