"""Staged files: the vectors of a batch on their way from an ingest worker to the index worker, one `.npz` each."""

from __future__ import annotations

import os
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recto.errors import Unavailable
from recto.vectors import Floats, LocalVector, SparseWords


@dataclass(frozen=True)
class DescribedCover:
    """What an ingest worker makes of one cover: embedding (D,), aggregated local vector, packed local features."""

    cover_id: str
    embedding: Floats
    local: LocalVector
    features: bytes


def write_staged(folder: Path, recipe_id: str, covers: Sequence[DescribedCover]) -> str:
    """Write a batch durably (temporary file, fsync, rename) and return the name of the file.

    Raises:
        Unavailable: the disk is full or cannot be written; nothing half-written stays behind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{uuid.uuid4().hex}.npz"
    temporary = folder / f"{name}.part"
    try:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **_columns(recipe_id, covers))
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(folder / name)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise Unavailable(f"The batch could not be staged in {folder}: {error}. Free some disk.") from error
    return name


def read_staged(folder: Path, name: str) -> tuple[str, list[DescribedCover]] | None:
    """The recipe and the covers of a staged file; None when it is missing or damaged (its covers are done again)."""
    try:
        with (folder / name).open("rb") as file, np.load(file, allow_pickle=False) as columns:
            return str(columns["recipe"]), _rows({key: columns[key] for key in columns.files})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def delete_staged(folder: Path, name: str) -> None:
    """Remove a staged file that was indexed or is no longer wanted."""
    (folder / name).unlink(missing_ok=True)


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
