"""Any matcher with geometry behind it: the best covers are verified as the product does it."""

from __future__ import annotations

from collections.abc import Sequence

from recto import features as local
from recto.features.verify import PreparedPhoto, verify
from recto.search.rank import FOUND, probability
from recto.vectors import RGB, Floats
from recto_lab.evaluation.methods.base import Brute, Matcher
from recto_lab.evaluation.outcomes import LONGEST, Answer, Hit, Stopwatch


class Verified(Brute):
    """Brute force, then local features and a homography for the first covers; it says "none" where no book fits.

    `top`: covers that are verified. A book that fits beyond the probability at which the product finds it is asserted,
    the surest one alone. Books that geometry says nothing about keep the order of the matcher.
    """

    def __init__(self, name: str, matcher: Matcher, top: int) -> None:
        super().__init__(name, matcher)
        self._top = top
        self._packed: list[bytes] = []

    def add(self, cover: RGB) -> None:
        """Take in a cover, and keep its local features."""
        super().add(cover)
        self._packed.append(local.pack(local.describe(cover, photo=False)))

    def answers(
        self, pixels: RGB, scores: Floats, without: Sequence[frozenset[str]], clock: Stopwatch
    ) -> list[Answer]:
        """The verified books by inliers, then the others by score."""
        with clock.stage("verify"):
            prepared = PreparedPhoto(local.describe(pixels, photo=True))
        return [self._answer(prepared, scores, left_out, clock) for left_out in without]

    def _answer(
        self, photo: PreparedPhoto, scores: Floats, without: frozenset[str], clock: Stopwatch
    ) -> Answer:
        own = Stopwatch(dict(clock.times_ms))  # each answer to the photo pays for its own verification
        with own.stage("verify"):
            inliers = self._inliers(photo, scores, without)
        verified = sorted(inliers, key=lambda book: -inliers[book])
        sure = [Hit(book, float(inliers[book]), probability([inliers[book]])) for book in verified]
        others = [
            Hit(hit.book_id, 0.0, probability([0]))
            for hit in self.ranked(scores, without)
            if hit.book_id not in inliers
        ]
        hits = (*sure, *others)[:LONGEST]
        found = tuple(hit.book_id for hit in hits[:1] if (hit.probability or 0.0) >= FOUND)
        return Answer(hits, found, own.report())

    def _inliers(self, photo: PreparedPhoto, scores: Floats, without: frozenset[str]) -> dict[str, int]:
        """Inliers of the books that fit at all."""
        best: dict[str, int] = {}
        for cover in self.covers_in(scores, without, self._top):
            match = verify(photo, local.unpack(self._packed[cover]))
            if match is not None:
                book = self.book_of(cover)
                best[book] = max(best.get(book, 0), match.inliers)
        return best
