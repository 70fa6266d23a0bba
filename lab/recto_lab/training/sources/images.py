"""Prepared pictures as a training takes them: plain data that travels to worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recto.vectors import RGB


@dataclass(frozen=True, eq=False)
class Images:
    """A file of N pictures, uint8 (N, height, width, 3) in sRGB, with what each of them shows.

    `labels`: int64 (N,), places in `names`: of the identity (pictures of one artwork share it) or of the class.
    """

    path: Path
    height: int
    width: int
    labels: npt.NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def open(self) -> RGB:
        """The pictures (N, height, width, 3), mapped into memory, to read only."""
        shape = (len(self), self.height, self.width, 3)
        return np.asarray(np.memmap(self.path, np.uint8, "r", shape=shape))


@dataclass(frozen=True)
class LeftOut:
    """A picture, or a folder of them, that is not used; the reason is a sentence."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class Split:
    """Pictures to learn from, pictures that only judge, and what could be used for neither.

    No identity is on both sides. Classes are: both sides have the same `names` then.
    """

    training: Images
    held_out: Images
    left_out: tuple[LeftOut, ...] = ()
