"""Principal components with whitening: shorter embeddings in which no direction outweighs the others.

After Jegou and Chum, "Negative evidences and co-occurrences in image retrieval: the benefit of PCA and whitening"
(ECCV 2012). No torch here.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recto.errors import BadInput, WrongFormat
from recto.vectors import Floats, unit_rows

FORMAT = 1
MAX_DIMENSION = 4096
"""Longest embedding that is projected: its covariance takes 128 MiB and its eigenvectors as much again."""
SAMPLES_PER_NUMBER = 2
"""Embeddings needed for each number that is left: with fewer, the last directions are those of single covers."""
FLOOR = 0.3
"""Added to every variance that is divided by, in medians of all variances: so directions of noise do not explode. Right
cover first (smvs_dvd, 200 photos, catalogue of 1,524, learned from the 1,424 that no photo shows): recto_small to 256
numbers .525 without, .550 with; squeezenet1_1 to 512 .760 and .770, among the first 20 .885 and .935. A share of the
mean variance instead is wrong: the spectrum of recto_small is so steep that .01 of it leaves .335."""

Doubles = npt.NDArray[np.float64]
PAIRS_FLOOR = 3.0
"""The same for the differences of pairs. Right cover first of 400 drawn ones, backs and fronts (60 careful photos each,
the network before the end of its training): .550 and .767 with 0.3, .567 and .767 with 1, .583 and .800 with 3; plain
whitening .467 and .700."""


@dataclass(frozen=True, eq=False)
class Projection:
    """Embeddings (N, dimension) of the encoder `spec` -> (N, size): `matrix` @ (embedding - `mean`), of length 1."""

    spec: str
    """The encoder whose embeddings it was learned from, without projection."""
    samples: int
    mean: Floats
    """(dimension,)"""
    matrix: Floats
    """(size, dimension): principal directions, each divided by its standard deviation."""

    def apply(self, embeddings: Floats) -> Floats:
        """Embeddings (N, dimension) -> (N, size) float32, rows of length 1."""
        rows: Floats = np.matmul(embeddings - self.mean, self.matrix.T, dtype=np.float32)
        return unit_rows(rows)


class Moments:
    """Mean and covariance of embeddings that pass by in batches; its memory does not grow with their number."""

    def __init__(self, dimension: int) -> None:
        self.count = 0
        self._sum: Doubles = np.zeros(dimension)
        self._products: Doubles = np.zeros((dimension, dimension))

    def add(self, embeddings: Floats) -> None:
        """Take in embeddings (N, dimension). Sums are kept in double precision: thousands of rows lose nothing."""
        rows = embeddings.astype(np.float64)
        self.count += len(rows)
        self._sum += rows.sum(0)
        self._products += rows.T @ rows

    @property
    def mean(self) -> Doubles:
        """(dimension,)"""
        return self._sum / self.count

    @property
    def covariance(self) -> Doubles:
        """(dimension, dimension)"""
        return self._products / self.count - np.outer(self.mean, self.mean)


def check_size(size: int, dimension: int) -> None:
    """Whether embeddings of that dimension can be projected to that size.

    Raises:
        BadInput: they cannot; the message says what can.
    """
    if dimension > MAX_DIMENSION:
        raise BadInput(
            f"Embeddings of {dimension} numbers are too long to be projected; {MAX_DIMENSION} is the most."
        )
    if not 1 <= size <= dimension:
        raise BadInput(f"Embeddings of {dimension} numbers can be projected to 1 to {dimension}, not {size}.")


def samples_needed(size: int) -> int:
    """Embeddings from which a projection to that size can be learned."""
    return SAMPLES_PER_NUMBER * size


def learn(batches: Iterable[Floats], size: int, dimension: int, spec: str) -> Projection:
    """Learn the projection to `size` numbers from batches (N, dimension) of embeddings of the encoder `spec`.

    Raises:
        BadInput: the size does not fit the dimension, or there are too few embeddings.
    """
    check_size(size, dimension)
    moments = Moments(dimension)
    for batch in batches:
        moments.add(batch)
    if moments.count < samples_needed(size):
        raise BadInput(
            f"A projection to {size} numbers needs {samples_needed(size)} covers to learn from, and there are "
            f"{moments.count}: at most {moments.count // SAMPLES_PER_NUMBER} numbers can be had."
        )
    variances, directions = np.linalg.eigh(moments.covariance)  # ascending; a column is a direction
    variances = variances.clip(min=np.finfo(np.float64).eps)  # a direction without variance comes out below 0
    deviations = np.sqrt(variances[::-1][:size] + FLOOR * np.median(variances))
    matrix = _with_one_sign(directions[:, ::-1][:, :size].T) / deviations[:, None]
    return Projection(spec, moments.count, moments.mean.astype(np.float32), matrix.astype(np.float32))


def learn_from_pairs(
    pairs: Iterable[tuple[Floats, Floats]], size: int, dimension: int, spec: str
) -> Projection:
    """Learn the projection to `size` numbers from pairs of embeddings (N, dimension) of two views of the same things, a
    cover and a photo of it: directions in which the two differ count little, those that tell things apart much.

    Mikolajczyk and Matas (ICCV 2007), for retrieval Radenovic et al. (TPAMI 2018, "learned whitening"): the covariance
    of the differences is whitened, then the principal directions of the first views are kept, as long as they are.

    Raises:
        BadInput: the size does not fit the dimension, or there are too few pairs.
    """
    check_size(size, dimension)
    first, second, differences = Moments(dimension), Moments(dimension), Moments(dimension)
    for one, other in pairs:
        first.add(one)
        second.add(other)
        differences.add(one - other)
    if first.count < samples_needed(dimension):
        raise BadInput(
            f"Pairs of {dimension} numbers: {samples_needed(dimension)} are needed, {first.count} are here."
        )
    variances, directions = np.linalg.eigh(differences.covariance)
    deviations = np.sqrt(variances.clip(min=0) + PAIRS_FLOOR * np.median(variances))
    whitening = (directions / deviations) @ directions.T
    _, principal = np.linalg.eigh(whitening @ first.covariance @ whitening.T)
    matrix = _with_one_sign(principal[:, ::-1][:, :size].T @ whitening)
    mean = (first.mean + second.mean) / 2
    return Projection(spec, first.count, mean.astype(np.float32), matrix.astype(np.float32))


def save(projection: Projection) -> bytes:
    """The file of a projection: the same one gives the same bytes."""
    file = io.BytesIO()
    np.savez(
        file,
        format=np.int64(FORMAT),
        spec=np.array(projection.spec),
        samples=np.int64(projection.samples),
        mean=projection.mean,
        matrix=projection.matrix,
    )
    return file.getvalue()


def load(data: bytes) -> Projection:
    """The projection in a file. Nothing in it is executed, and every shape is checked.

    Raises:
        WrongFormat: it is none, or one of another version of Recto.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            if int(file["format"]) != FORMAT:
                raise WrongFormat("This projection was written by another version of Recto; learn it anew.")
            projection = Projection(str(file["spec"]), int(file["samples"]), file["mean"], file["matrix"])
    except (ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise WrongFormat(f"This file is not a projection of embeddings ({error}).") from error
    mean, matrix = projection.mean, projection.matrix
    fits = matrix.ndim == 2 and mean.shape == matrix.shape[1:] and mean.dtype == matrix.dtype == np.float32
    if not fits or not (np.isfinite(mean).all() and np.isfinite(matrix).all()):
        raise WrongFormat("This projection is damaged: its numbers do not fit each other.")
    return projection


def _with_one_sign(directions: Doubles) -> Doubles:
    """A direction and its opposite serve alike: the largest number is made positive, on every computer."""
    largest = np.abs(directions).argmax(1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    flipped: Doubles = directions * signs[:, None]
    return flipped
