"""The local witness alone on real photos: shortlist inside the embedded engine, verification, verdicts, times.

    python benchmarks/local_witness.py

Reads the labelled photos of `--bench` (`catalogue.csv`, `queries.csv`). One thread, and no network beside the witness.
"""

from __future__ import annotations

import argparse
import csv
import pickle
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import qdrant_edge as edge
from PIL import Image

from recto.features import LocalFeatures, codebook, describe, pack, unpack, words
from recto.features.verify import PreparedPhoto, verify
from recto.records import Side, Verdict
from recto.search.rank import Answer, Evidence, rank
from recto.vectors import SparseWords

VECTOR = "local"
BATCH = 256


@dataclass(frozen=True)
class Picture:
    """A cover or photo: id, truth ("" for none), set, features, words, milliseconds of core time to make them."""

    name: str
    truth: str
    subset: str
    features: LocalFeatures
    words: SparseWords
    describe_ms: float
    words_ms: float


def read_pictures(bench: Path, table: str, *, photo: bool) -> list[Picture]:
    """Describe every picture of a table."""
    pictures = []
    for row in csv.DictReader((bench / table).open()):
        image = np.asarray(Image.open(bench / row["file"]).convert("RGB"))
        start = time.process_time()
        features = describe(image, photo=photo)
        middle = time.process_time()
        sparse = words(features, photo=photo)
        spent = (middle - start) * 1000, (time.process_time() - middle) * 1000
        subset = row.get("set", "distractor" if row.get("is_distractor") == "1" else "")
        pictures.append(Picture(row["id"], row.get("truth", ""), subset, features, sparse, *spent))
    return pictures


def open_shard(folder: Path, vectors: dict[str, Any]) -> Any:
    """A new shard without HNSW; `vectors` are further arguments of its configuration."""
    never = edge.EdgeOptimizersConfig(indexing_threshold=10**9)
    return edge.EdgeShard.create(str(folder), edge.EdgeConfig(optimizers=never, **vectors))


def fill(shard: Any, vectors: list[Any], first: int) -> float:
    """Upsert vectors under ids from `first` on; seconds spent, the final flush included."""
    start = time.perf_counter()
    for offset in range(0, len(vectors), BATCH):
        points = [
            edge.Point(first + number, {VECTOR: vectors[number]}, {})
            for number in range(offset, min(offset + BATCH, len(vectors)))
        ]
        shard.update(edge.UpdateOperation.upsert_points(points))
    shard.flush()
    return time.perf_counter() - start


def search(shard: Any, vector: Any, limit: int, params: Any = None) -> list[int]:
    """Ids of the nearest points, best first."""
    query = edge.Query.Nearest(vector, using=VECTOR)
    request = edge.QueryRequest(limit=limit, query=query, params=params, with_payload=False)
    return [int(point.id) for point in shard.query(request)]


def sparse(vector: SparseWords) -> Any:
    """Words in the engine's type."""
    return edge.SparseVector(vector.indices.tolist(), vector.values.tolist())


def answers(options: argparse.Namespace) -> None:
    """Shortlist, verify and rank every photo; print recall, verdicts and times."""
    covers, photos = load(options)
    packed = [pack(cover.features) for cover in covers]
    with tempfile.TemporaryDirectory() as folder:
        words_only = {"sparse_vectors": {VECTOR: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)}}
        shard = open_shard(Path(folder) / "shard", words_only)
        fill(shard, [sparse(cover.words) for cover in covers], 0)
        results = [answer_photo(shard, photo, covers, packed, options.limit) for photo in photos]
        shard.close()
    print(f"covers: {len(covers)}, packed {np.mean([len(data) for data in packed]) / 1024:.1f} KB, ", end="")
    print(f"{np.mean([len(cover.words.indices) for cover in covers]):.0f} words")
    report_recall(photos, results, covers)
    report_times(covers, photos, results)


@dataclass(frozen=True)
class Result:
    """Of one photo: the shortlist as cover numbers, the answer, milliseconds by stage."""

    shortlist: list[int]
    answer: Answer
    times: dict[str, float]


def answer_photo(
    shard: Any, photo: Picture, covers: list[Picture], packed: list[bytes], limit: int
) -> Result:
    """What the product does with a photo, without the encoder."""
    start = time.perf_counter()
    shortlist = search(shard, sparse(photo.words), limit)
    searched = time.perf_counter()
    prepared = PreparedPhoto(photo.features)
    evidence = []
    for place, number in enumerate(shortlist):
        found = verify(prepared, unpack(packed[number]))
        inliers, outline = (found.inliers, found.outline) if found else (0, None)
        name = covers[number].name
        evidence.append(Evidence(name, name, Side.FRONT, 0, inliers, outline, 0.0, 1 / (1 + place)))
    verified = time.perf_counter()
    answer = rank(evidence, limit=10)
    times = {
        "describe": photo.describe_ms,
        "words": photo.words_ms,
        "shortlist": (searched - start) * 1000,
        "verify": (verified - searched) * 1000,
        "rank": (time.perf_counter() - verified) * 1000,
    }
    return Result(shortlist, answer, times)


def report_recall(photos: list[Picture], results: list[Result], covers: list[Picture]) -> None:
    """Print shortlist recall, answers and inliers per set of photos."""
    number = {cover.name: place for place, cover in enumerate(covers)}
    for subset in sorted({photo.subset for photo in photos}):
        mine = [pair for pair in zip(photos, results, strict=True) if pair[0].subset == subset]
        verdicts = [result.answer.verdict.value for _, result in mine]
        counts = {verdict.value: verdicts.count(verdict.value) for verdict in Verdict}
        print(f"\n{subset}: {len(mine)} photos, verdicts {counts}")
        best = [result.answer.books[0] for _, result in mine]
        if not mine[0][0].truth:
            print("  inliers of the best book:", sorted(book.inliers for book in best)[-8:])
            continue
        for size in (1, 20, 50, 100):
            hits = [number[photo.truth] in result.shortlist[:size] for photo, result in mine]
            print(f"  shortlist@{size} {np.mean(hits):.3f}", end="")
        first = [book.book_id == photo.truth for book, (photo, _) in zip(best, mine, strict=True)]
        sure = [verdict != "not_found" for verdict in verdicts]
        print(
            f"\n  right book first {np.mean(first):.3f}, and not 'not found' {np.mean(np.array(first) & sure):.3f}"
        )
        inliers = [book.inliers for book, right in zip(best, first, strict=True) if right]
        print("  inliers of right books, percentiles 1, 5, 50:", np.percentile(inliers, [1, 5, 50]).round())
        for (photo, result), book, right in zip(mine, best, first, strict=True):
            if not right or result.answer.verdict is not Verdict.FOUND:
                place = (
                    result.shortlist.index(number[photo.truth])
                    if number[photo.truth] in result.shortlist
                    else None
                )
                rows = [(book.book_id, book.inliers) for book in result.answer.books[:3]]
                print(f"    {photo.name}: {result.answer.verdict.value}, truth at {place}, {rows}")


def report_times(covers: list[Picture], photos: list[Picture], results: list[Result]) -> None:
    """Print milliseconds per stage."""
    print("\nmilliseconds, p50 / p95")
    for stage in ("describe_ms", "words_ms"):
        print(f"  cover {stage[:-3]:10}", quantiles([getattr(cover, stage) for cover in covers]))
    for found in (True, False):
        mine = [r for r in results if (r.answer.verdict is not Verdict.NOT_FOUND) == found]
        for stage in mine[0].times if mine else ():
            label = f"{'found' if found else 'not found'} {stage}"
            print(f"  {label:20}", quantiles([result.times[stage] for result in mine]))


def quantiles(values: list[float]) -> str:
    """Median and 95th percentile."""
    return "{:.1f} / {:.1f}".format(*np.percentile(values, [50, 95]))


def load(options: argparse.Namespace) -> tuple[list[Picture], list[Picture]]:
    """Covers and photos; `--cache` keeps them between runs with the same code and codebook."""
    if options.codebook:
        codebook.CODEBOOK_FILE = options.codebook
    if options.cache and options.cache.exists():
        covers, photos = pickle.loads(options.cache.read_bytes())
        return covers, photos
    cv2.setNumThreads(1)
    covers = read_pictures(options.bench, "catalogue.csv", photo=False)
    photos = read_pictures(options.bench, "queries.csv", photo=True)
    if options.cache:
        options.cache.write_bytes(pickle.dumps((covers, photos)))
    return covers, photos


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Options that say what is described, and with what."""
    parser.add_argument("--bench", type=Path, default=Path(__file__).parents[2] / "shared" / "bench")
    parser.add_argument("--codebook", type=Path, help="another codebook than the one that ships")
    parser.add_argument("--cache", type=Path, help="file that keeps the described pictures")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=int, default=100, help="length of the shortlist")
    add_sources(parser)
    answers(parser.parse_args())


if __name__ == "__main__":
    main()
