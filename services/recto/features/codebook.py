"""The codebook: projection of descriptors and vocabulary of visual words, learned on drawn covers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recto.vectors import Floats

CODEBOOK_FILE = Path(__file__).with_name("codebook.npz")
BEAM = 10
"""Cells searched for the nearest words of a descriptor, of 128."""

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Codebook:
    """Two-level vocabulary (Nister and Stewenius, CVPR 2006) with residual signs (as in Jegou et al., ECCV 2008).

    `mean` (128,) and `projection` (128, D) reduce RootSIFT; `cells` (C, D) are the coarse centres, `centres` (C, F, D)
    the words of each cell, `directions` (D, B) the axes whose signs split a word into 2**B.
    """

    mean: Floats
    projection: Floats
    cells: Floats
    centres: Floats
    directions: Floats

    @property
    def words(self) -> int:
        """Number of words, residual signs counted."""
        cells, fine, _ = self.centres.shape
        return int(cells * fine * 2 ** self.directions.shape[1])

    def nearest(self, descriptors: Floats, count: int) -> tuple[Indices, Floats]:
        """The `count` nearest words of unit descriptors (N, D), searched in the `BEAM` nearest cells.

        Returns word numbers (N, count), residual signs in their lowest bits, and squared distances to the centres.
        """
        beam = np.argsort(_half_distance(descriptors, self.cells), axis=1, kind="stable")[:, :BEAM]
        distances = self._distances(descriptors, beam)
        words, squared = [], []
        rows = np.arange(len(descriptors))
        for _ in range(count):
            best = distances.argmin(axis=1)
            squared.append(1 + 2 * distances[rows, best])  # |x - c|^2 of a unit vector x
            distances[rows, best] = np.inf
            slot, word = np.divmod(best, self.centres.shape[1])
            words.append(self._signed(descriptors, beam[rows, slot], word))
        return np.stack(words, axis=1), np.stack(squared, axis=1).astype(np.float32)

    def _distances(self, descriptors: Floats, beam: Indices) -> Floats:
        """Half distances (N, BEAM * F) to the words of each row's cells, one matrix product per cell."""
        fine = self.centres.shape[1]
        distances = np.empty((*beam.shape, fine), np.float32)
        order = np.argsort(beam, axis=None, kind="stable")
        rows, slots = np.divmod(order, beam.shape[1])
        bounds = np.searchsorted(beam.ravel()[order], np.arange(len(self.cells) + 1))
        for cell in np.flatnonzero(np.diff(bounds)):
            mine = slice(bounds[cell], bounds[cell + 1])
            distances[rows[mine], slots[mine]] = _half_distance(descriptors[rows[mine]], self.centres[cell])
        return distances.reshape(len(descriptors), -1)

    def _signed(self, descriptors: Floats, cells: Indices, words: Indices) -> Indices:
        bits = self.directions.shape[1]
        residuals = (descriptors - self.centres[cells, words]) @ self.directions
        signs = (residuals > 0) @ (1 << np.arange(bits))
        return np.asarray(((cells * self.centres.shape[1] + words) << bits) + signs, np.int64)


def _half_distance(descriptors: Floats, centres: Floats) -> Floats:
    """(|c|^2 - 2 x.c) / 2 for rows x and centres c: the squared distance without what all centres share, halved."""
    half = np.einsum("cd,cd->c", centres, centres) / 2
    return np.asarray(half - descriptors @ centres.T, np.float32)


@lru_cache(maxsize=1)
def load_codebook() -> Codebook:
    """The codebook that ships with Recto."""
    return read_codebook(CODEBOOK_FILE)


def read_codebook(path: Path) -> Codebook:
    """Read a codebook; centres are stored as signed bytes with one scale."""
    with np.load(path, allow_pickle=False) as stored:
        return Codebook(
            mean=stored["mean"].astype(np.float32),
            projection=stored["projection"].astype(np.float32),
            cells=stored["cells"].astype(np.float32),
            centres=stored["centres"].astype(np.float32) * np.float32(stored["scale"]),
            directions=stored["directions"].astype(np.float32),
        )


def write_codebook(path: Path, codebook: Codebook) -> None:
    """Write a codebook; the same codebook gives the same bytes."""
    scale = np.float32(np.abs(codebook.centres).max() / 127)
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            allow_pickle=False,
            mean=codebook.mean.astype(np.float16),
            projection=codebook.projection.astype(np.float16),
            cells=codebook.cells.astype(np.float16),
            centres=np.round(codebook.centres / scale).astype(np.int8),
            scale=scale,
            directions=codebook.directions.astype(np.float16),
        )


def codebook_hash() -> str:
    """SHA-256 of the file that ships."""
    return hashlib.sha256(CODEBOOK_FILE.read_bytes()).hexdigest()
