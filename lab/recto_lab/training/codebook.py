"""Learn the codebook that ships: `python -m recto_lab.training.codebook`. One seed gives one codebook."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from recto.features.codebook import CODEBOOK_FILE, Codebook, Indices, write_codebook
from recto.features.features import detect, root_sift
from recto.vectors import RGB, Floats
from recto_lab.synthetic import draw_covers, photograph

DIMENSION = 48
"""Dimensions kept of 128: on smvs_dvd inliers of true pairs stay as with 64 and the right cover first in 200 of 200, at
three quarters of the bytes; 32 lose a tenth of the weakest pairs' inliers."""
CELLS = 128
FINE = 128
SIGNS = 2
"""16,384 centres times 2**2 residual signs. Right cover among the first 20 of smvs_dvd: .955; with 8,192 times 2**3
.935, with 4,096 times 2**4 .93. The signs keep .985 instead of .975 among the first 100 of 11,500 covers."""
PER_IMAGE = 100
ROUNDS = 12


def learn(images: Iterable[tuple[RGB, bool]], *, seed: int) -> Codebook:
    """Learn from images, each with whether it is a photo.

    Principal components of RootSIFT, k-means into `CELLS`, k-means of each cell into `FINE`, principal components of
    the residuals.
    """
    rng = np.random.default_rng(seed)
    samples = np.concatenate([_sample(rng, image, photo) for image, photo in images])
    mean = samples.mean(axis=0)
    projection = _principal_axes(samples - mean, DIMENSION)
    reduced = _unit((samples - mean) @ projection)
    cells = k_means(reduced, CELLS, rng)
    cell = assign(reduced, cells)
    centres = np.stack([k_means(reduced[cell == number], FINE, rng) for number in range(CELLS)])
    own = np.concatenate([_residuals(reduced[cell == number], centres[number]) for number in range(CELLS)])
    return Codebook(mean, projection, cells, centres, _principal_axes(own, SIGNS))


def k_means(samples: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Lloyd's k-means: centres (count, D) of samples (N, D). An empty cluster starts again at a random sample."""
    centres = samples[rng.choice(len(samples), count, replace=len(samples) < count)]
    for _ in range(ROUNDS):
        nearest = assign(samples, centres)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, samples)
        sizes = np.bincount(nearest, minlength=count)
        spare = samples[rng.choice(len(samples), count)]
        centres = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], spare).astype(np.float32)
    return centres


def assign(samples: Floats, centres: Floats) -> Indices:
    """Nearest centre of each sample, in blocks that fit into memory."""
    half = np.einsum("cd,cd->c", centres, centres) / 2
    blocks = np.array_split(samples, len(samples) // 20_000 + 1)
    return np.concatenate([np.argmax(block @ centres.T - half, axis=1) for block in blocks])


def drawn_images(count: int, seed: int) -> Iterator[tuple[RGB, bool]]:
    """Fronts and backs in turn, and of every second a simulated photo too."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        cover = draw_covers(index, seed=seed, height=500, side="back" if index % 4 == 3 else "front")
        yield np.asarray(cover.convert("RGB")), False
        if index % 2:
            yield np.asarray(photograph(cover, rng).image), True


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--covers", type=int, default=3000, help="covers to draw")
    parser.add_argument("--seed", type=int, default=20_000, help="seed; not that of demo or tests")
    parser.add_argument("--out", type=Path, default=CODEBOOK_FILE, help="file to write")
    options = parser.parse_args()
    write_codebook(options.out, learn(drawn_images(options.covers, options.seed), seed=options.seed))


def _sample(rng: np.random.Generator, image: RGB, photo: bool) -> Floats:
    """RootSIFT of at most `PER_IMAGE` features drawn at random, so that busy covers do not outweigh plain ones."""
    sift = detect(image, photo=photo)[1]
    return root_sift(sift[rng.permutation(len(sift))[:PER_IMAGE]])


def _principal_axes(samples: Floats, count: int) -> Floats:
    """Leading eigenvectors (D, count) of the second moments of samples (N, D), each with its largest entry positive."""
    _, axes = np.linalg.eigh(samples.T.astype(np.float64) @ samples)
    leading = axes[:, ::-1][:, :count]
    largest = np.take_along_axis(leading, np.abs(leading).argmax(axis=0)[None], axis=0)
    return np.asarray(leading * np.sign(largest), np.float32)


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


def _residuals(samples: Floats, centres: Floats) -> Floats:
    return np.asarray(samples - centres[assign(samples, centres)], np.float32)


if __name__ == "__main__":
    main()
