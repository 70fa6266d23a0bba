"""What may enter the index: the engine itself takes NaN, zero vectors and nested payload, to its harm."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import numpy as np

from recto.errors import BadInput, LostCollection, RecipeMismatch
from recto.index.base import CoverPoint, Fields, Layout
from recto.records import BOOK_ID_MAX_LENGTH
from recto.vectors import Floats, LocalSpec, LocalVector, SparseWords
from recto.versions import Version

MAX_FEATURES_BYTES = 256 * 1024  # ten times what 500 packed descriptors take
MAX_FIELDS_BYTES = 64 * 1024
MAX_LIMIT = 10_000
TEXT_FIELDS = ("book_id", "publisher", "language")
LIST_FIELDS = ("authors", "tags")


def check_spec(embedding_dim: int, local: LocalSpec) -> None:
    """Check what a new version is made for.

    Raises:
        BadInput: the engine could not search such vectors.
    """
    if embedding_dim < 1 or (local.kind == "dense" and local.dimension < 1):
        raise BadInput("Vectors need at least one dimension.")
    if local.datatype == "uint8" and local.quantization == "binary":
        raise BadInput(
            "Binary quantization keeps signs only, and uint8 has none: nothing could be told apart."
        )


def check_points(points: Sequence[CoverPoint], layout: Layout) -> None:
    """Check everything about covers that are to be written.

    Raises:
        BadInput: a vector, id or field cannot be stored; the message names cover and reason.
        RecipeMismatch: a vector has another dimension or kind than the collection.
    """
    for point in points:
        name = f"Cover {point.cover_id!r}"
        _check_id(point.cover_id, name)
        check_embedding(point.embedding, layout.embedding_dim, name)
        if point.local is not None:
            check_local(point.local, layout.local, name)
        _check_features(point.features, name)
        _check_fields(point.fields, name)


def check_query(embeddings: Floats, local: LocalVector | None, limit: int, layout: Layout) -> None:
    """Check the vectors of a photo, views (V, D) and the local vector; raises like `check_points`."""
    if not 1 <= limit <= MAX_LIMIT:
        raise BadInput(f"A shortlist of {limit} is not possible; ask for 1 to {MAX_LIMIT}.")
    if np.ndim(embeddings) != 2:
        raise BadInput(f"The views of a photo must have shape (V, D), not {np.shape(embeddings)}.")
    for number, embedding in enumerate(embeddings):
        check_embedding(embedding, layout.embedding_dim, f"View {number} of the photo")
    if local is not None:
        check_local(local, layout.local, "The photo")


def check_page(limit: int, after: str | None) -> None:
    """Check what a page is asked for with.

    Raises:
        BadInput: the limit is out of range or `after` is no cover id.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise BadInput(f"A page of {limit} is not possible; ask for 1 to {MAX_LIMIT}.")
    if after is not None:
        check_ids([after])


def check_ids(cover_ids: Sequence[str]) -> None:
    """Raise `BadInput` for what is no id of a cover."""
    for cover_id in cover_ids:
        _check_id(cover_id, f"Cover {cover_id!r}")


def has_words(local: LocalVector | None) -> bool:
    """False for a picture without keypoints, which has no local vector to store or search by."""
    return local is not None and not (isinstance(local, SparseWords) and len(local.indices) == 0)


def check_embedding(embedding: Floats, dimension: int, name: str) -> None:
    """Check one embedding (D,)."""
    if np.shape(embedding) != (dimension,):
        raise RecipeMismatch(
            f"{name} has an embedding of shape {np.shape(embedding)}; this version holds vectors of "
            f"{dimension} numbers. It was made by another encoder."
        )
    _check_numbers(embedding, name, "embedding")


def check_local(local: LocalVector, spec: LocalSpec, name: str) -> None:
    """Check one vector of the local witness."""
    if isinstance(local, SparseWords) != (spec.kind == "sparse"):
        raise RecipeMismatch(f"{name} has a local vector of another kind than {spec.kind!r}.")
    if isinstance(local, SparseWords):
        _check_words(local, spec.dimension, name)
        return
    if np.shape(local) != (spec.dimension,):
        raise RecipeMismatch(
            f"{name} has a local vector of shape {np.shape(local)}; this version holds {spec.dimension}."
        )
    _check_numbers(local, name, "local vector")
    if spec.datatype == "uint8" and (np.min(local) < 0 or np.max(local) > 255):
        raise BadInput(f"{name}: a local vector stored as uint8 must lie between 0 and 255.")


def require_layout(existing: Layout, wanted: Layout, name: str) -> None:
    """Raise `RecipeMismatch` where a collection was made for other vectors."""
    if existing != wanted:
        raise RecipeMismatch(f"The collection {name} was made for {existing}, not for {wanted}.")


def require_encoder(existing: Layout, version: Version, name: str) -> None:
    """Raise `RecipeMismatch` where a version names another encoder than its collection was made for."""
    if existing.encoder != version.encoder:
        raise RecipeMismatch(
            f"The collection {name} holds vectors of {existing.encoder}, not {version.encoder}."
        )


def lost_collection(name: str) -> LostCollection:
    """The error of whoever asks for a collection that is not there."""
    return LostCollection(
        f"The index has no collection {name} at present; searches and new covers wait for it. If its storage is lost "
        f"for good, `recto rebuild` fills a new one from the originals."
    )


def _check_numbers(vector: Floats, name: str, kind: str) -> None:
    """Finite and not zero; squares are summed in double precision, in which no float32 vanishes."""
    squared_norm = float(np.square(vector, dtype=np.float64).sum())
    if not np.isfinite(squared_norm):
        raise BadInput(f"{name}: its {kind} holds NaN or infinite numbers.")
    if squared_norm < np.finfo(np.float32).tiny:
        raise BadInput(f"{name}: its {kind} is zero, which no search can find.")


def _check_words(words: SparseWords, dimension: int, name: str) -> None:
    indices, values = np.asarray(words.indices), np.asarray(words.values)
    if indices.ndim != 1 or indices.shape != values.shape:
        raise BadInput(f"{name}: its words have {indices.shape} indices but {values.shape} values.")
    if not np.issubdtype(indices.dtype, np.integer):
        raise BadInput(f"{name}: the indices of its words are not whole numbers.")
    signed = indices.astype(np.int64)
    if signed.size and (
        signed[0] < 0 or signed[-1] > np.iinfo(np.uint32).max or np.any(np.diff(signed) <= 0)
    ):
        raise BadInput(f"{name}: the indices of its words must ascend strictly from 0 to 2**32 - 1.")
    if dimension and signed.size and signed[-1] >= dimension:
        raise RecipeMismatch(f"{name}: word {signed[-1]} does not exist in a codebook of {dimension}.")
    if not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise BadInput(f"{name}: the values of its words must be finite and greater than 0.")


def _check_id(cover_id: str, name: str) -> None:
    try:
        canonical = str(uuid.UUID(cover_id))
    except (ValueError, AttributeError, TypeError):
        canonical = ""
    if canonical != cover_id:
        raise BadInput(f"{name} is not a UUID in its usual form; `cover_id()` makes them.")


def _check_features(features: bytes, name: str) -> None:
    if not isinstance(features, bytes):
        raise BadInput(f"{name}: its local features are {type(features).__name__}, not bytes.")
    if len(features) > MAX_FEATURES_BYTES:
        raise BadInput(f"{name}: {len(features)} bytes of local features; {MAX_FEATURES_BYTES} are allowed.")


def _check_fields(fields: Fields, name: str) -> None:
    """A fixed, flat schema: nested payload makes every later query of the collection panic."""
    for key, value in fields.items():
        if not _field_fits(key, value):
            raise BadInput(f"{name}: field {key!r} has an unusable value of type {type(value).__name__}.")
    if not 1 <= len(str(fields.get("book_id", ""))) <= BOOK_ID_MAX_LENGTH:
        raise BadInput(f"{name}: `book_id` must have 1 to {BOOK_ID_MAX_LENGTH} characters.")
    try:
        size = sum(len(text.encode()) for text in _texts(fields))
    except UnicodeEncodeError:
        raise BadInput(f"{name}: a field holds characters that are not valid Unicode.") from None
    if size > MAX_FIELDS_BYTES:
        raise BadInput(f"{name}: its fields take {size} bytes; {MAX_FIELDS_BYTES} are allowed.")


def _field_fits(key: str, value: object) -> bool:
    if key in TEXT_FIELDS:
        return isinstance(value, str)
    if key in LIST_FIELDS:
        return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
    return key == "year" and type(value) is int and abs(value) < 2**31


def _texts(fields: Fields) -> list[str]:
    texts: list[str] = []
    for value in fields.values():
        texts += [str(value)] if isinstance(value, (str, int)) else value
    return texts
