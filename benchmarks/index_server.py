"""How right and how fast is a Qdrant server, filtered and not, and over which protocol?

    python benchmarks/index_server.py --url http://127.0.0.1:6333 [--grpc-port 6334] [--quantisation int8] [--covers N]

Writes made covers (512 dimensions in 300 groups, 27 KB of features each) as a version of its own through `ServerIndex`,
waits for the graph, and drops the version at the end. Prints the share of the true first 50 (brute force) and the
median milliseconds of a query for filters that more and fewer covers match: compared one by one, by the graph alone,
with 512 candidates, and with ACORN too. Then a read of 100 covers' features over both protocols.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from qdrant_client import models

from recto.index import CoverPoint, LocalSpec
from recto.index.server import ServerIndex
from recto.index.server_options import FEATURES, Options
from recto.index.server_requests import conditions, queries
from recto.records import Side, Where, cover_id
from recto.settings import Settings
from recto.vectors import Floats
from recto.versions import Version

DIMENSION, GROUPS, FEATURE_BYTES, QUERIES, LIMIT, READ = 512, 300, 27_000, 20, 50, 100
WRITTEN_AT_ONCE = 256
Numbers = npt.NDArray[np.int64]
VERSION, SIDE = Version("be9c8000be9c", "made"), Side.FRONT
FIELDS = {"language": 3, "publisher": 10, "tags": 50}
FILTERS = {
    "all": Where(),
    "1 of 3": Where(language="0"),
    "1 of 10": Where(publisher="0"),
    "1 of 30": Where(language="0", publisher="0"),
    "1 of 50": Where(tag="0"),
}


def make_covers(count: int, rng: np.random.Generator) -> tuple[Floats, dict[str, Numbers]]:
    """Unit vectors (N, D) around the centres of groups, and the number of each field's word for each cover."""
    centres = rng.standard_normal((GROUPS, DIMENSION))
    vectors = centres[rng.integers(GROUPS, size=count)] + rng.standard_normal((count, DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), {
        name: rng.integers(words, size=count) for name, words in FIELDS.items()
    }


def points(vectors: Floats, words: dict[str, Numbers], rng: np.random.Generator) -> Iterator[CoverPoint]:
    """The covers as points; the book's id is the row's number."""
    for row, vector in enumerate(vectors):
        fields = {name: str(numbers[row]) for name, numbers in words.items() if name != "tags"}
        yield CoverPoint(
            identity(row),
            vector,
            None,
            rng.bytes(FEATURE_BYTES),
            {"book_id": str(row), "tags": [str(words["tags"][row])], **fields},
        )


def identity(row: int) -> str:
    """Id of a row's cover."""
    return cover_id(str(row), SIDE, "0" * 64)


def ways(oversampling: float) -> dict[str, models.SearchParams]:
    """The parameters that are compared."""
    rescored = models.QuantizationSearchParams(rescore=True, oversampling=oversampling)
    acorn = models.AcornSearchParams(enable=True)
    return {
        "one by one": models.SearchParams(exact=True),
        "graph": models.SearchParams(quantization=rescored),
        "512": models.SearchParams(quantization=rescored, hnsw_ef=512),
        "512 ACORN": models.SearchParams(quantization=rescored, hnsw_ef=512, acorn=acorn),
    }


def wait_for_graph(index: ServerIndex) -> None:
    """Until the server has nothing to do."""
    name = VERSION.collection(SIDE)
    while True:
        found = index._connection.call(lambda client: client.get_collection(name))
        if found.status == models.CollectionStatus.GREEN and found.indexed_vectors_count:
            print(f"{found.indexed_vectors_count} vectors in graphs, {found.segments_count} segments")
            return
        time.sleep(1)


def matches(words: dict[str, Numbers], where: Where) -> Numbers:
    """Rows that match."""
    mask = np.ones(len(words["tags"]), bool)
    for name, text in (("language", where.language), ("publisher", where.publisher), ("tags", where.tag)):
        mask &= (words[name] == int(text)) if text else True
    return np.flatnonzero(mask)


def measure_filters(
    index: ServerIndex, vectors: Floats, words: dict[str, Numbers], oversampling: float
) -> None:
    """A row per filter, a column per way."""
    rng = np.random.default_rng(2)
    views = vectors[rng.integers(len(vectors), size=QUERIES)]
    views = views + 0.03 * rng.standard_normal(views.shape).astype(np.float32)
    print(f"{'filter':10}{'matching':>10}" + "".join(f"{way:>20}" for way in ways(oversampling)))
    for name, where in FILTERS.items():
        rows = matches(words, where)
        true = [{str(row) for row in rows[np.argsort(-(vectors[rows] @ view))[:LIMIT]]} for view in views]
        cells = ""
        for params in ways(oversampling).values():
            found, taken = 0, []
            for view, expected in zip(views, true, strict=True):
                begun = time.perf_counter()
                hits = ask(index, view, where, params)
                taken.append(1000 * (time.perf_counter() - begun))
                found += len(expected & hits)
            cells += f"{found / sum(map(len, true)):>10.3f}{np.median(taken):>7.1f} ms"
        print(f"{name:10}{len(rows):>10}{cells}")


def ask(index: ServerIndex, view: Floats, where: Where, params: models.SearchParams) -> set[str]:
    """Books of the hits of one view."""
    requests = queries(view[None], None, LIMIT, conditions(where), params)
    [answer] = index._connection.call(
        lambda client: client.query_batch_points(VERSION.collection(SIDE), requests)
    )
    return {str((hit.payload or {})["book_id"]) for hit in answer.points}


def measure_features(index: ServerIndex, covers: int) -> None:
    """The same read over both protocols."""
    name, rng = VERSION.collection(SIDE), np.random.default_rng(3)
    ids = [identity(int(row)) for row in rng.choice(covers, READ, replace=False)]
    for protocol, http in (("gRPC, where the server has it", False), ("HTTP", True)):
        taken = []
        for _ in range(QUERIES):
            begun = time.perf_counter()
            index._connection.call(lambda client: client.retrieve(name, ids, [FEATURES]), http=http)
            taken.append(1000 * (time.perf_counter() - begun))
        print(f"features of {READ} covers over {protocol}: {np.median(taken):.0f} ms")


def main() -> None:
    """Fill, measure, drop."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--grpc-port", type=int, default=6334)
    parser.add_argument("--quantisation", default="int8")
    parser.add_argument("--covers", type=int, default=30_000)
    asked = parser.parse_args()
    settings = Settings(
        qdrant_url=asked.url, qdrant_grpc_port=asked.grpc_port, qdrant_quantisation=asked.quantisation
    )
    index = ServerIndex.open(settings)
    rng = np.random.default_rng(1)
    vectors, words = make_covers(asked.covers, rng)
    index.ensure(VERSION, DIMENSION, LocalSpec("sparse", idf=True))
    try:
        begun = time.perf_counter()
        made = points(vectors, words, rng)
        while batch := list(itertools.islice(made, WRITTEN_AT_ONCE)):
            index.upsert(VERSION, SIDE, batch)
        print(f"{asked.covers / (time.perf_counter() - begun):.0f} covers written per second")
        wait_for_graph(index)
        measure_filters(index, vectors, words, Options.of(settings).oversampling)
        measure_features(index, asked.covers)
    finally:
        index.drop(VERSION)
        index.close()


if __name__ == "__main__":
    main()
