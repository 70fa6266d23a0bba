"""Types of the vectors that the local witness makes and the index stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]
"""Image of shape (height, width, 3), red green blue."""
Floats = npt.NDArray[np.float32]


def unit_rows(rows: Floats) -> Floats:
    """Rows made unit length; one of zeros stays what it is."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Floats = (rows / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32, copy=False)
    return scaled


@dataclass(frozen=True)
class SparseWords:
    """Sparse vector of visual words: `indices` uint32 (N,), strictly ascending; `values` float32 (N,), all positive."""

    indices: npt.NDArray[np.uint32]
    values: npt.NDArray[np.float32]


LocalVector = SparseWords | Floats


@dataclass(frozen=True)
class LocalSpec:
    """What the index must store for the local witness.

    `kind` "sparse": an inverted file, scored by dot product with the engine's IDF when `idf`;
    `kind` "dense": a vector of `dimension` compared by dot product.
    """

    kind: Literal["sparse", "dense"]
    dimension: int = 0
    idf: bool = False
    datatype: Literal["float32", "float16", "uint8"] = "float32"
    quantization: Literal["none", "binary", "turbo4"] = "none"
