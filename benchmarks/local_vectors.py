"""Aggregated vectors of the local witness compared inside the embedded engine: recall, bytes, upserts, query time.

    python benchmarks/local_vectors.py words-signs --points 50000

The covers of `--bench`, filled up to `--points` with mixed ones: each takes a sixth of its features from each of six
distractors. VLAD: Jegou et al., CVPR 2010; one sign per component, its centres are learned from those of the codebook.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import qdrant_edge as edge
from local_witness import Picture, add_sources, fill, load, open_shard, quantiles, search, sparse

from recto.features.codebook import load_codebook
from recto.features.features import QUANTUM, LocalFeatures
from recto.features.words import PHOTO_SMALLEST, count_words
from recto.vectors import Floats, SparseWords
from recto_lab.training.codebook import assign, k_means

SOURCES = 6
CHUNK = 2000


class Kind(ABC):
    """One way to aggregate features. `terms` is computed once per feature, `vector` adds those of an image up."""

    config: dict[str, Any]
    params: Any = None

    @abstractmethod
    def terms(self, features: LocalFeatures) -> npt.NDArray[Any]:
        """What each feature contributes, one row each."""

    @abstractmethod
    def vector(self, terms: npt.NDArray[Any]) -> Any:
        """The vector of a cover, in the engine's type."""

    @abstractmethod
    def query(self, photo: Picture) -> Any:
        """The vector of a photo."""


class Words(Kind):
    """Sparse visual words, with or without the residual signs in their lowest bits."""

    def __init__(self, signs: bool, datatype: Any) -> None:
        self.shift = 0 if signs else load_codebook().directions.shape[1]
        modifier = edge.Modifier.Idf
        parameters = edge.EdgeSparseVectorParams(modifier=modifier, datatype=datatype)
        self.config = {"sparse_vectors": {"local": parameters}}

    def terms(self, features: LocalFeatures) -> npt.NDArray[Any]:
        """The word of each feature."""
        return (
            load_codebook().nearest((features.descriptors / QUANTUM).astype(np.float32), 1)[0] >> self.shift
        )

    def vector(self, terms: npt.NDArray[Any]) -> Any:
        """Word frequencies."""
        return sparse(count_words(terms, np.ones(terms.shape, np.float32)))

    def query(self, photo: Picture) -> Any:
        """The photo's own words, merged where signs do not count."""
        if not self.shift:
            return sparse(photo.words)
        merged = np.unique(photo.words.indices >> self.shift, return_inverse=True)
        votes = np.sqrt(np.bincount(merged[1], photo.words.values**2))
        return sparse(SparseWords(merged[0].astype(np.uint32), votes.astype(np.float32)))


class Vlad(Kind):
    """Signs of VLAD with `cells` centres, one bit each in memory; the photo's cells without features stay zero."""

    def __init__(self, cells: int) -> None:
        flat = load_codebook().centres.reshape(-1, load_codebook().centres.shape[2])
        self.centres = k_means(flat, cells, np.random.default_rng(0))
        eight_bits = edge.BinaryQuantizationQueryEncoding.Scalar8Bits
        binary = edge.BinaryQuantizationConfig(query_encoding=eight_bits, memory=edge.Memory.Pinned)
        parameters = edge.EdgeVectorParams(
            size=self.centres.size,
            distance=edge.Distance.Dot,
            datatype=edge.VectorStorageDatatype.Float16,
            quantization_config=binary,
            memory=edge.Memory.Cold,
        )
        self.config = {"vectors": {"local": parameters}}
        self.params = edge.SearchParams(quantization=edge.QuantizationSearchParams(rescore=False))

    def terms(self, features: LocalFeatures) -> npt.NDArray[Any]:
        """Cell and residual of each feature."""
        rows = (features.descriptors / QUANTUM).astype(np.float32)
        cell = assign(rows, self.centres)
        return np.hstack([cell[:, None], rows - self.centres[cell]]).astype(np.float32)

    def vector(self, terms: npt.NDArray[Any]) -> Any:
        """Signs of all cells."""
        return self._signs(terms).tolist()

    def query(self, photo: Picture) -> Any:
        """The same of the larger features."""
        large = photo.features.sizes >= PHOTO_SMALLEST
        return self._signs(self.terms(photo.features)[large]).tolist()

    def _signs(self, terms: npt.NDArray[Any]) -> Floats:
        sums = np.zeros_like(self.centres)
        np.add.at(sums, terms[:, 0].astype(np.int64), terms[:, 1:])
        return np.sign(sums).ravel()


def mixed(terms: list[npt.NDArray[Any]], rng: np.random.Generator) -> npt.NDArray[Any]:
    """Features of a cover that does not exist."""
    chosen = rng.choice(len(terms), SOURCES, replace=False)
    parts = [terms[one][rng.permutation(len(terms[one]))[: len(terms[one]) // SOURCES + 1]] for one in chosen]
    return np.concatenate(parts)


def measure(kind: Kind, covers: list[Picture], photos: list[Picture], points: int) -> None:
    """Fill a shard, query it, print one line."""
    terms = [kind.terms(cover.features) for cover in covers]
    plenty = [
        own
        for own, cover in zip(terms, covers, strict=True)
        if cover.subset == "distractor" and len(own) > 100
    ]
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shard"
        shard = open_shard(folder, kind.config)
        before = memory()
        spent = fill(shard, [kind.vector(own) for own in terms], 0)
        for first in range(len(terms), points, CHUNK):
            count = min(CHUNK, points - first)
            spent += fill(shard, [kind.vector(mixed(plenty, rng)) for _ in range(count)], first)
        stored = max(points, len(terms))
        held = memory() - before
        shard.optimize()  # moves what is appendable into its final form, as after a restart
        print(f"{stored} points, {stored / spent:.0f} upserts/s, {held / stored:.1f} KB memory, ", end="")
        print(f"{size(folder) / stored / 1024:.1f} KB disk, optimized {memory() / stored:.1f} KB in all")
        report(kind, shard, covers, photos)
        shard.close()


def report(kind: Kind, shard: Any, covers: list[Picture], photos: list[Picture]) -> None:
    """Recall per set of photos and times of the queries."""
    number = {cover.name: place for place, cover in enumerate(covers)}
    places: dict[str, list[int]] = {}
    times = []
    for photo in photos:
        vector = kind.query(photo)
        start = time.perf_counter()
        hits = search(shard, vector, 100, kind.params)
        times.append((time.perf_counter() - start) * 1000)
        if photo.truth:
            truth = number[photo.truth]
            places.setdefault(photo.subset, []).append(hits.index(truth) if truth in hits else 100)
    for subset, found in places.items():
        recalls = " / ".join(f"{np.mean(np.array(found) < size):.3f}" for size in (1, 20, 50, 100))
        print(f"  {subset}: recall@1/20/50/100 {recalls}")
    print(f"  query p50 / p95: {quantiles(times)} ms")


def memory() -> float:
    """Resident kilobytes of this process."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return float(fields["VmRSS"].split()[0])


def size(folder: Path) -> int:
    """Bytes that the files of a folder take on disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Command line."""
    half = edge.VectorStorageDatatype.Float16
    kinds: dict[str, Callable[[], Kind]] = {
        "words": lambda: Words(False, None),
        "words-signs": lambda: Words(True, None),
        "words-signs-f16": lambda: Words(True, half),
        "vlad-256": lambda: Vlad(256),
        "vlad-512": lambda: Vlad(512),
    }
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=sorted(kinds))
    parser.add_argument(
        "--points", type=int, default=0, help="points in the engine, filled up with mixed covers"
    )
    add_sources(parser)
    options = parser.parse_args()
    covers, photos = load(options)
    measure(kinds[options.kind](), covers, photos, options.points)


if __name__ == "__main__":
    main()
