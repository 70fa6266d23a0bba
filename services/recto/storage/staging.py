"""Staged files: the vectors of a batch on their way from an ingest worker to the index worker, one `.npz` each."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recto.storage.blobs import Blobs
from recto.vectors import Floats, LocalVector, SparseWords


@dataclass(frozen=True)
class DescribedCover:
    """What an ingest worker makes of one cover: embedding (D,), aggregated local vector, packed local features."""

    cover_id: str
    embedding: Floats
    local: LocalVector
    features: bytes


def write_staged(blobs: Blobs, recipe_id: str, covers: Sequence[DescribedCover]) -> str:
    """Put a batch into the store and return the name of its staged file.

    Raises:
        Unavailable: the store does not take it (a full disk); nothing half-written stays behind.
    """
    return blobs.put_staged(pack_staged(recipe_id, covers))


def pack_staged(recipe_id: str, covers: Sequence[DescribedCover]) -> bytes:
    """The content of a staged file: about 2 MB for a batch of 32 covers, at least one."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **_columns(recipe_id, covers))
    return file.getvalue()


def read_staged(blobs: Blobs, name: str) -> tuple[str, list[DescribedCover]] | None:
    """The recipe and the covers of a staged file; None when it is missing or damaged (its covers are done again)."""
    data = blobs.get_staged(name)
    return None if data is None else unpack_staged(data)


def unpack_staged(data: bytes) -> tuple[str, list[DescribedCover]] | None:
    """Recipe and covers from the bytes of `pack_staged`; None when they are damaged."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as columns:
            return str(columns["recipe"]), _rows({key: columns[key] for key in columns.files})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _columns(recipe_id: str, covers: Sequence[DescribedCover]) -> dict[str, npt.NDArray[np.generic]]:
    columns: dict[str, npt.NDArray[np.generic]] = {
        "recipe": np.array(recipe_id),
        "cover_id": np.array([cover.cover_id for cover in covers]),
        "embedding": np.stack([cover.embedding for cover in covers]),
        "features": np.frombuffer(b"".join(cover.features for cover in covers), np.uint8),
        "features_end": np.cumsum([len(cover.features) for cover in covers]),
    }
    sparse = [cover.local for cover in covers if isinstance(cover.local, SparseWords)]
    if not sparse:
        columns["local"] = np.stack([cover.local for cover in covers if isinstance(cover.local, np.ndarray)])
        return columns
    columns["words"] = np.concatenate([words.indices for words in sparse])
    columns["weights"] = np.concatenate([words.values for words in sparse])
    columns["words_end"] = np.cumsum([len(words.indices) for words in sparse])
    return columns


def _rows(columns: dict[str, npt.NDArray[np.generic]]) -> list[DescribedCover]:
    count = len(columns["cover_id"])
    features = _split(columns["features"], columns["features_end"])
    locals_: Sequence[LocalVector]
    if "local" in columns:
        locals_ = list(columns["local"].astype(np.float32))
    else:
        indices = _split(columns["words"], columns["words_end"])
        weights = _split(columns["weights"], columns["words_end"])
        locals_ = [
            SparseWords(index.astype(np.uint32), weight.astype(np.float32))
            for index, weight in zip(indices, weights, strict=True)
        ]
    embeddings = columns["embedding"].astype(np.float32)
    return [
        DescribedCover(str(columns["cover_id"][row]), embeddings[row], locals_[row], features[row].tobytes())
        for row in range(count)
    ]


def _split(flat: npt.NDArray[np.generic], ends: npt.NDArray[np.generic]) -> list[npt.NDArray[np.generic]]:
    return list(np.split(flat, ends[:-1].astype(np.int64)))
