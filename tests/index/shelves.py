"""Covers made up from a seed, to fill an index with."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np

from recto.index import CoverPoint, LocalSpec, SparseWords
from recto.records import Side, cover_id
from recto.versions import Version

DIMENSION = 32
SPARSE = LocalSpec("sparse", idf=True)


def make_version(encoder: str = "small") -> Version:
    """A version with a name that no other test uses."""
    return Version(uuid.uuid4().hex[:12], encoder)


def make_points(
    count: int, *, seed: int = 1, dimension: int = DIMENSION, side: Side = Side.FRONT, prefix: str = "book"
) -> list[CoverPoint]:
    """Random unit embeddings, random words, fields drawn from small sets so that filters meet."""
    rng = np.random.default_rng(seed)
    points = []
    for number in range(count):
        embedding = rng.standard_normal(dimension).astype(np.float32)
        indices = np.sort(rng.choice(1000, 20, replace=False)).astype(np.uint32)
        words = SparseWords(indices, rng.uniform(0.1, 2.0, 20).astype(np.float32))
        book_id = f"{prefix}-{number}"
        fields: dict[str, Any] = {
            "book_id": book_id,
            "authors": [f"author {author}" for author in rng.choice(6, 2, replace=False)],
            "publisher": f"publisher {rng.integers(4)}",
            "language": str(rng.choice(["en", "de", "pt"])),
            "tags": [f"tag {tag}" for tag in rng.choice(5, 2, replace=False)],
        }
        if number % 7:  # some books have no year
            fields["year"] = int(rng.integers(1900, 2026))
        identity = cover_id(book_id, side, f"{number:064x}")
        packed = rng.bytes(int(rng.integers(100, 3000)))
        points.append(CoverPoint(identity, embedding / np.linalg.norm(embedding), words, packed, fields))
    return points
