"""What Recto asks of the embedded engine, in its types: configuration, filters, queries, points."""

from __future__ import annotations

import numpy as np
import qdrant_edge as edge

from recto.index.base import CoverPoint, Fields, Layout
from recto.index.checks import has_words
from recto.records import Where
from recto.vectors import Floats, LocalSpec, LocalVector, SparseWords

EMBEDDING, LOCAL = "embedding", "local"
"""Names of the two vectors of a point."""
FACETS = "facets"
"""Payload field with all words that a search can be restricted to, as `language=en`: one index instead of six."""
# Every index is a dozen files that each flush syncs while it holds Python's interpreter lock. A flush after 32 covers,
# median on a busy disk: 310 ms with an index per field and the year also by value, 50 ms with three, 8 ms when idle.
PAYLOAD_INDEXES: dict[str, edge.KeywordIndexParams | edge.IntegerIndexParams] = {
    FACETS: edge.KeywordIndexParams(),
    "year": edge.IntegerIndexParams(lookup=False, range=True),
}
# TurboQuant of 4 bits: 1.4 ms for 100,000 made vectors of 512 dimensions at recall 1.0 when re-scored from
# twice as many candidates; without re-scoring recall is 0.94, and the engine does not re-score unless told.
_TURBO4 = edge.TurboQuantQuantizationConfig(bits=edge.TurboQuantBitSize.Bits4, memory=edge.Memory.Pinned)
_RESCORED = edge.SearchParams(quantization=edge.QuantizationSearchParams(rescore=True, oversampling=2.0))
# Filtered: exact over the points that match (0.1 to 5.5 ms at 100,000), always right.
_EXACT = edge.SearchParams(exact=True)
_NO_HNSW = 10**9  # kilobytes of vectors before a graph would be built: never
_DATATYPES = {
    "float32": edge.VectorStorageDatatype.Float32,
    "float16": edge.VectorStorageDatatype.Float16,
    "uint8": edge.VectorStorageDatatype.Uint8,
}


def configuration(layout: Layout) -> edge.EdgeConfig:
    """Configuration of a new shard."""
    embedding = edge.EdgeVectorParams(
        size=layout.embedding_dim, distance=edge.Distance.Cosine, quantization_config=_TURBO4
    )
    dense, sparse = {EMBEDDING: embedding}, {}
    if layout.local.kind == "sparse":
        sparse[LOCAL] = edge.EdgeSparseVectorParams(
            modifier=edge.Modifier.Idf if layout.local.idf else None,
            datatype=_DATATYPES[layout.local.datatype],
        )
    else:
        dense[LOCAL] = _dense_local(layout.local)
    return edge.EdgeConfig(
        vectors=dense,
        sparse_vectors=sparse or None,
        payload_memory=edge.Memory.Cold,
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=_NO_HNSW),
    )


def facets(fields: Fields) -> list[str]:
    """The words of a payload that can be searched by, each with the name of its field."""
    words: list[str] = []
    for name, value in fields.items():
        texts = [value] if isinstance(value, str) else value if not isinstance(value, int) else []
        words += [f"{name}={text}" for text in texts]
    return words


def conditions(where: Where) -> edge.Filter | None:
    """Filter over the payload; None when nothing is restricted."""
    must: list[edge.ConditionType] = []
    if where.year_from is not None or where.year_to is not None:
        must.append(
            edge.FieldCondition("year", range=edge.RangeFloat(gte=where.year_from, lte=where.year_to))
        )
    if where.authors:
        any_of = [f"authors={author}" for author in where.authors]
        must.append(edge.FieldCondition(FACETS, match=edge.MatchAny(any_of)))
    for name, text in (("publisher", where.publisher), ("language", where.language), ("tags", where.tag)):
        if text:
            must.append(edge.FieldCondition(FACETS, match=edge.MatchValue(f"{name}={text}")))
    return edge.Filter(must=must) if must else None


def of_book(book_id: str) -> edge.Filter:
    """Filter for all covers of a book."""
    return edge.Filter(must=[edge.FieldCondition(FACETS, match=edge.MatchValue(f"book_id={book_id}"))])


def queries(
    embeddings: Floats, local: LocalVector | None, limit: int, where: Where
) -> edge.QueryBatchRequest:
    """One query per view, then one for the local witness where the photo has any; answers bear no payload."""
    restriction = conditions(where)
    vectors = [edge.Query.Nearest(_numbers(view), using=EMBEDDING) for view in embeddings]
    if local is not None and has_words(local):
        vectors.append(edge.Query.Nearest(local_vector(local), using=LOCAL))
    return edge.QueryBatchRequest(
        [
            edge.QueryRequest(
                limit=limit,
                query=query,
                filter=restriction,
                params=_RESCORED if restriction is None else _EXACT,
                with_payload=False,
            )
            for query in vectors
        ]
    )


def point(cover: CoverPoint) -> edge.Point:
    """A cover as a point; its features are stored elsewhere."""
    vectors: dict[str, edge.NamedVector] = {EMBEDDING: _numbers(cover.embedding)}
    if cover.local is not None and has_words(cover.local):
        vectors[LOCAL] = local_vector(cover.local)
    fields = {key: list(value) if isinstance(value, tuple) else value for key, value in cover.fields.items()}
    return edge.Point(cover.cover_id, vectors, {**fields, FACETS: facets(cover.fields)})


def local_vector(local: LocalVector) -> edge.NamedVector:
    """The local vector in the engine's type."""
    if isinstance(local, SparseWords):
        return edge.SparseVector(local.indices.tolist(), local.values.tolist())
    return _numbers(local)


def _numbers(vector: Floats) -> list[float]:
    numbers: list[float] = np.asarray(vector, np.float32).tolist()
    return numbers


def _dense_local(spec: LocalSpec) -> edge.EdgeVectorParams:
    quantization = {
        "none": None,
        "binary": edge.BinaryQuantizationConfig(memory=edge.Memory.Pinned),
        "turbo4": _TURBO4,
    }
    return edge.EdgeVectorParams(
        size=spec.dimension,
        distance=edge.Distance.Dot,
        datatype=_DATATYPES[spec.datatype],
        quantization_config=quantization[spec.quantization],
    )
