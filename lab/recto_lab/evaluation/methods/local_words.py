"""The local witness alone: visual words weighted by their inverse document frequency."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recto import features as local
from recto.vectors import RGB, Floats, SparseWords
from recto_lab.evaluation.methods.base import Matcher
from recto_lab.evaluation.outcomes import Stopwatch


class WordMatcher(Matcher):
    """An inverted file in memory, scored as the engine scores its own."""

    library = "recto"

    def __init__(self) -> None:
        self._pages: list[SparseWords] = []
        self._words: npt.NDArray[np.uint32] = np.zeros(0, np.uint32)
        self._values: Floats = np.zeros(0, np.float32)
        self._owners: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def add(self, cover: RGB) -> None:
        """Describe a cover."""
        self._pages.append(local.words(local.describe(cover, photo=False), photo=False))

    def finish(self) -> None:
        """Sort the postings by word."""
        words = np.concatenate([page.indices for page in self._pages])
        order = np.argsort(words, kind="stable")
        self._words = words[order]
        self._values = np.concatenate([page.values for page in self._pages])[order]
        self._owners = np.repeat(np.arange(len(self._pages)), [len(page.indices) for page in self._pages])[
            order
        ]

    def compare(self, photo: RGB, clock: Stopwatch) -> Floats:
        """Scores (covers,)."""
        with clock.stage("describe"):
            seen = local.words(local.describe(photo, photo=True), photo=True)
        with clock.stage("search"):
            return self._scores(seen)

    def _scores(self, seen: SparseWords) -> Floats:
        """Dot products with the frequencies of covers, each word times ln(1 + (N - n + .5) / (n + .5)) as in BM25.

        N covers, n of them with the word: the weight of Qdrant's modifier IDF.
        """
        scores = np.zeros(len(self._pages))
        starts = np.searchsorted(self._words, seen.indices, side="left")
        ends = np.searchsorted(self._words, seen.indices, side="right")
        counts = ends - starts
        weights = seen.values * np.log1p((len(self._pages) - counts + 0.5) / (counts + 0.5))
        for start, end, weight in zip(starts, ends, weights, strict=True):
            scores[self._owners[start:end]] += weight * self._values[start:end]
        return scores.astype(np.float32)
