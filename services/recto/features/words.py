"""Features as sparse visual words, the local witness of the shortlist (Sivic and Zisserman, ICCV 2003)."""

from __future__ import annotations

import numpy as np

from recto.features.codebook import Indices, load_codebook
from recto.features.features import QUANTUM, LocalFeatures
from recto.vectors import Floats, LocalSpec, SparseWords

PHOTO_WORDS = 3
"""Nearest words that a photo's feature votes for (soft assignment, Philbin et al., CVPR 2008); a cover's has one."""
SOFTNESS = 0.1
"""Squared distance over which the vote of a further word falls to 1/e, twice the variance of Philbin et al."""
PHOTO_SMALLEST = 2.3
"""Diameter in pixels of the smallest feature of a photo that votes. The finer ones are mostly noise: right book first
on smvs_dvd .78 with them, .82 without."""

LOCAL = LocalSpec(kind="sparse", idf=True)


def words(features: LocalFeatures, *, photo: bool) -> SparseWords:
    """Term frequencies of the visual words of an image; without features the vector is empty.

    Frequencies are damped by a square root and the vector has length 1. The engine multiplies by the inverse document
    frequency.
    """
    if photo:
        features = features.only(features.sizes >= PHOTO_SMALLEST)
    if not len(features):
        return SparseWords(np.zeros(0, np.uint32), np.zeros(0, np.float32))
    descriptors = features.descriptors.astype(np.float32) / QUANTUM
    found, distances = load_codebook().nearest(descriptors, PHOTO_WORDS if photo else 1)
    votes = np.exp((distances[:, :1] - distances) / SOFTNESS)
    return count_words(found, votes)


def count_words(found: Indices, votes: Floats) -> SparseWords:
    """Words and votes of any equal shape, at least one -> frequencies, damped, of length 1."""
    indices, places = np.unique(found, return_inverse=True)
    values = np.sqrt(np.bincount(places.ravel(), votes.ravel()))
    return SparseWords(indices.astype(np.uint32), (values / np.linalg.norm(values)).astype(np.float32))
