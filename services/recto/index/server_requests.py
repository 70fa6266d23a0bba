"""What Recto asks of a Qdrant server, in the types of qdrant-client."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from qdrant_client import models

from recto.index.base import CoverPoint, Layout
from recto.index.checks import has_words
from recto.records import Where
from recto.vectors import Floats, LocalVector, SparseWords

EMBEDDING, LOCAL, FEATURES = "embedding", "local", "features"
BATCH_POINTS = 64
"""With 27 KB of features and at most 500 KB of vector as JSON each: under the 32 MB that a server takes."""
PAYLOAD_INDEXES = {
    "book_id": models.PayloadSchemaType.KEYWORD,
    "year": models.PayloadSchemaType.INTEGER,
    "authors": models.PayloadSchemaType.KEYWORD,
    "publisher": models.PayloadSchemaType.KEYWORD,
    "language": models.PayloadSchemaType.KEYWORD,
    "tags": models.PayloadSchemaType.KEYWORD,
}
_INT8 = models.ScalarQuantization(
    scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
)
_BINARY = models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True))
_RESCORED = models.SearchParams(quantization=models.QuantizationSearchParams(rescore=True, oversampling=2.0))


def vectors(layout: Layout) -> dict[str, models.VectorParams]:
    """Dense vectors of a collection; int8 stands in for TurboQuant, which only recent servers have."""
    dense = {
        EMBEDDING: models.VectorParams(
            size=layout.embedding_dim, distance=models.Distance.COSINE, quantization_config=_INT8
        )
    }
    if layout.local.kind == "dense":
        dense[LOCAL] = models.VectorParams(
            size=layout.local.dimension,
            distance=models.Distance.DOT,
            datatype=models.Datatype(layout.local.datatype),
            quantization_config={"none": None, "binary": _BINARY, "turbo4": _INT8}[layout.local.quantization],
        )
    return dense


def sparse_vectors(layout: Layout) -> dict[str, models.SparseVectorParams] | None:
    """Sparse vectors of a collection."""
    if layout.local.kind == "dense":
        return None
    index = models.SparseIndexParams(datatype=models.Datatype(layout.local.datatype))
    modifier = models.Modifier.IDF if layout.local.idf else None
    return {LOCAL: models.SparseVectorParams(index=index, modifier=modifier)}


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
    embeddings: Floats, local: LocalVector | None, limit: int, where: Where
) -> list[models.QueryRequest]:
    """One query per view, then one for the local witness where the photo has any; answers name the book."""
    restriction = conditions(where)
    asked: list[tuple[models.Query | list[float] | models.SparseVector, str]] = [
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
            params=_RESCORED,
            with_payload=["book_id"],
        )
        for vector, using in asked
    ]


def point(cover: CoverPoint) -> models.PointStruct:
    """A cover as a point, its packed features in the payload as base64."""
    vector: dict[str, Any] = {EMBEDDING: np.asarray(cover.embedding, np.float32).tolist()}
    if cover.local is not None and has_words(cover.local):
        vector[LOCAL] = _local_vector(cover.local)
    fields = {key: list(value) if isinstance(value, tuple) else value for key, value in cover.fields.items()}
    return models.PointStruct(
        id=cover.cover_id,
        vector=vector,
        payload={**fields, FEATURES: base64.b64encode(cover.features).decode()},
    )


def _local_vector(local: LocalVector) -> list[float] | models.SparseVector:
    if isinstance(local, SparseWords):
        return models.SparseVector(indices=local.indices.tolist(), values=local.values.tolist())
    numbers: list[float] = np.asarray(local, np.float32).tolist()
    return numbers
