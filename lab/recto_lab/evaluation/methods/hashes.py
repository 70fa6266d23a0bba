"""Perceptual hashes of the library imagehash, against the eight views of a photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from recto.vectors import RGB, Floats
from recto_lab.evaluation.methods.libraries import library
from recto_lab.evaluation.methods.vectors import VectorMatcher

FUNCTIONS = {"phash": "phash", "dhash": "dhash", "ahash": "average_hash", "whash": "whash"}
"""Names of methods and the functions of the library: 64 bits each."""


class HashMatcher(VectorMatcher):
    """Bits as -1 and 1 divided by 8, so that the cosine is 1 less a 32nd of the differing bits."""

    library = "imagehash"

    def __init__(self, name: str) -> None:
        super().__init__("cosine")
        self._function = getattr(library("imagehash", name), FUNCTIONS[name])

    def vectors(self, images: Sequence[RGB]) -> Floats:
        """Hashes (N, 64)."""
        bits = [self._function(Image.fromarray(image)).hash.ravel() for image in images]
        return np.where(np.stack(bits), 0.125, -0.125).astype(np.float32)
