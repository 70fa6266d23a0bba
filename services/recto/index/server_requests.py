"""What Recto asks of a Qdrant server, in the types of qdrant-client: filters, queries, points."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from recto.index.base import CoverPoint, StoredCover
from recto.index.checks import has_words
from recto.index.server_options import EMBEDDING, FEATURES, LOCAL
from recto.records import Where
from recto.vectors import Floats, LocalVector, SparseWords

BATCH_BYTES = 8 * 1024 * 1024  # a server takes requests of 32 MiB; less is less to send again
BATCH_POINTS = 256
NUMBER_BYTES = 22  # a float32 in JSON, with its comma
EXACT_COVERS = 10_000
"""Covers that match a filter up to which each of them is compared. Measured on 30,000 made vectors in 300 groups, with
int8, the first 50 against brute force: among 3,069 matches the graph finds all, among 10,180 only .778 (.916 with 512
candidates, 1.000 with 512 and ACORN); to compare all of these takes 7 ms, as long as ACORN (`docs/decisions.md`).
"""
CANDIDATES = 512  # of the graph, for a filtered search; see above
_EXACT = models.SearchParams(exact=True)


def search_params(matching: int | None, oversampling: float) -> models.SearchParams:
    """How to search: exactly among few covers that match a filter, else with the graph; `matching` None: no filter.

    The local witness' sparse words are found exactly in any case, weighed by their frequency in the whole shard and not
    only among what matches.
    """
    if matching is not None and matching <= EXACT_COVERS:
        return _EXACT
    rescored = models.QuantizationSearchParams(rescore=True, oversampling=oversampling)
    if matching is None:
        return models.SearchParams(quantization=rescored)
    acorn = models.AcornSearchParams(enable=True)
    return models.SearchParams(quantization=rescored, hnsw_ef=CANDIDATES, acorn=acorn)


def conditions(where: Where) -> models.Filter | None:
    """Filter over the payload; None when nothing is restricted."""
    must: list[models.Condition] = []
    if where.year_from is not None or where.year_to is not None:
        years = models.Range(gte=where.year_from, lte=where.year_to)
        must.append(models.FieldCondition(key="year", range=years))
    if where.authors:
        any_of = models.MatchAny(any=list(where.authors))
        must.append(models.FieldCondition(key="authors", match=any_of))
    for field, text in (("publisher", where.publisher), ("language", where.language), ("tags", where.tag)):
        if text:
            must.append(models.FieldCondition(key=field, match=models.MatchValue(value=text)))
    return models.Filter(must=must) if must else None


def of_book(book_id: str) -> models.Filter:
    """Filter for all covers of a book."""
    return models.Filter(must=[models.FieldCondition(key="book_id", match=models.MatchValue(value=book_id))])


def queries(
    embeddings: Floats,
    local: LocalVector | None,
    limit: int,
    restriction: models.Filter | None,
    params: models.SearchParams,
) -> list[models.QueryRequest]:
    """One query per view, then one for the local witness where the photo has any; answers name the book."""
    asked: list[tuple[list[float] | models.SparseVector, str]] = [
        (view.tolist(), EMBEDDING) for view in np.asarray(embeddings, np.float32)
    ]
    if local is not None and has_words(local):
        asked.append((_local_vector(local), LOCAL))
    return [
        models.QueryRequest(
            query=vector,
            using=using,
            limit=limit,
            filter=restriction,
            params=params,
            with_payload=["book_id"],
        )
        for vector, using in asked
    ]


def batches(points: Sequence[CoverPoint]) -> Iterator[list[models.PointStruct]]:
    """Covers as points, in requests of a size that servers take."""
    batch: list[models.PointStruct] = []
    size = 0
    for cover in points:
        takes = _size(cover)
        if batch and (len(batch) == BATCH_POINTS or size + takes > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(point(cover))
        size += takes
    if batch:
        yield batch


def point(cover: CoverPoint) -> models.PointStruct:
    """A cover as a point, its packed features in the payload as base64."""
    vector: dict[str, Any] = {EMBEDDING: np.asarray(cover.embedding, np.float32).tolist()}
    if cover.local is not None and has_words(cover.local):
        vector[LOCAL] = _local_vector(cover.local)
    fields = {key: list(value) if isinstance(value, tuple) else value for key, value in cover.fields.items()}
    packed = base64.b64encode(cover.features).decode()
    return models.PointStruct(id=cover.cover_id, vector=vector, payload={**fields, FEATURES: packed})


def unpacked(record: models.Record) -> bytes:
    """The packed features of a point; one that a foreign tool wrote has none."""
    return base64.b64decode((record.payload or {}).get(FEATURES, ""))


def stored(record: models.Record) -> StoredCover:
    """A point as a cover."""
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


def _size(cover: CoverPoint) -> int:
    """Bytes that a cover takes in a request, as JSON: more than over gRPC."""
    numbers = len(cover.embedding)
    if isinstance(cover.local, SparseWords):
        numbers += 2 * len(cover.local.indices)
    elif cover.local is not None:
        numbers += len(cover.local)
    texts = sum(len(str(value)) for value in cover.fields.values())
    return numbers * NUMBER_BYTES + len(cover.features) * 4 // 3 + 2 * texts + 512


def _local_vector(local: LocalVector) -> list[float] | models.SparseVector:
    if isinstance(local, SparseWords):
        return models.SparseVector(indices=local.indices.tolist(), values=local.values.tolist())
    numbers: list[float] = np.asarray(local, np.float32).tolist()
    return numbers
