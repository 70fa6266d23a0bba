"""Matchers that compare one vector a cover with the vectors of a photo's views."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Literal

import numpy as np

from recto.images.views import VIEW_SIDE, views
from recto.vectors import RGB, Floats, unit_rows
from recto_lab.evaluation.methods.base import Matcher
from recto_lab.evaluation.outcomes import Stopwatch

Distance = Literal["cosine", "euclidean"]


class VectorMatcher(Matcher):
    """Exact nearest neighbours; a cover's score is that of the view that fits it best.

    With `euclidean` the score is the negative distance. Vectors of length 1 rank the same with both.
    """

    view_side = VIEW_SIDE

    def __init__(self, distance: Distance = "cosine") -> None:
        self._distance = distance
        self._rows: list[Floats] = []
        self._covers: Floats = np.zeros((0, 0), np.float32)

    @abstractmethod
    def vectors(self, images: Sequence[RGB]) -> Floats:
        """Images (H, W, 3) -> vectors (N, D)."""

    def add(self, cover: RGB) -> None:
        """Describe a cover."""
        self._rows.append(self.vectors([cover])[0])

    def finish(self) -> None:
        """Stack the vectors of the covers."""
        self._covers = self.scaled(np.stack(self._rows))
        self._rows = []

    def scaled(self, rows: Floats) -> Floats:
        """Vectors as they are compared."""
        return unit_rows(rows) if self._distance == "cosine" else rows

    def compare(self, photo: RGB, clock: Stopwatch) -> Floats:
        """Scores (covers,)."""
        with clock.stage("describe"):
            seen = self.scaled(self.vectors(views(photo, self.view_side)))
        with clock.stage("search"):
            products = seen @ self._covers.T
            if self._distance == "cosine":
                return np.asarray(products.max(axis=0), np.float32)
            squared = (seen**2).sum(axis=1)[:, None] - 2 * products + (self._covers**2).sum(axis=1)
            return np.asarray(-np.sqrt(np.maximum(squared, 0)).min(axis=0), np.float32)
