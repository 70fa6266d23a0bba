"""Measures of retrieval, decision and calibration: pure functions on ranks, counts and probabilities."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054
"""Quantile .975 of the standard normal distribution."""
BINS = 10
"""Reliability bins of equal width: Guo et al. (ICML 2017) use 15 for thousands of images; sets here have hundreds."""


@dataclass(frozen=True)
class Share:
    """A share of cases: `count` of `total`, with the bounds of its 95 % interval."""

    count: int
    total: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bin:
    """Answers whose probability lies in one interval: mean probability, and how many were right."""

    low: float
    high: float
    confidence: float
    right: Share


@dataclass(frozen=True)
class Decisions:
    """Answers "this book", counted over photos and books."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Right answers among all answers; 1 without any answer, as none is wrong."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Right answers among all true books; 1 where there are none."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall (van Rijsbergen, Information Retrieval, 1979, chapter 7)."""
        double = 2 * self.right
        return double / (double + self.wrong + self.missed) if double + self.wrong + self.missed else 1.0


def share(count: int, total: int) -> Share:
    """`count` of `total` with the score interval of Wilson (JASA 22, 1927, 209-212); 0 to 1 where total is 0."""
    if not total:
        return Share(0, 0, 0.0, 0.0, 1.0)
    value, z2 = count / total, Z95**2 / total
    middle = (value + z2 / 2) / (1 + z2)
    half = Z95 / (1 + z2) * math.sqrt(value * (1 - value) / total + z2 / total / 4)
    low = 0.0 if count == 0 else max(0.0, middle - half)
    high = 1.0 if count == total else min(1.0, middle + half)
    return Share(count, total, value, low, high)


def first_rank(ranking: Sequence[str], right: Collection[str]) -> int:
    """Place from 1 of the first right book; 0 where the ranking holds none."""
    return next((place for place, book in enumerate(ranking, start=1) if book in right), 0)


def recall_at(ranks: Sequence[int], depth: int) -> Share:
    """Share of photos with a right book among the first `depth`; ranks as of `first_rank`.

    Recall@R of Jegou, Douze and Schmid (PAMI 2011), which for photos of one book is the usual recall.
    """
    return share(sum(0 < rank <= depth for rank in ranks), len(ranks))


def average_precision(ranking: Sequence[str], right: Collection[str]) -> float:
    """Mean over the right books of the precision at their places, 0 for those that are not ranked.

    Manning, Raghavan and Schuetze, Introduction to Information Retrieval, 2008, section 8.4.
    """
    found, total = 0, 0.0
    for place, book in enumerate(ranking, start=1):
        if book in right:
            found += 1
            total += found / place
    return total / len(right) if right else 0.0


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def percentile(values: Sequence[float], percent: float) -> float:
    """Percentile with linear interpolation between neighbours (numpy's default); 0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def best_f1(scores: Sequence[float], right: Sequence[bool], books: int) -> tuple[float, float]:
    """Largest F1 over all thresholds of the score from which a first book is answered, and that threshold.

    `scores`, `right`: of the first book of every photo; `books`: true books in all. Chosen on the photos that it is
    measured on, it is a bound for what a threshold can give, not an estimate.
    """
    best, threshold, hits, answers = 0.0, math.inf, 0, 0
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    for position, place in enumerate(order):
        hits, answers = hits + right[place], answers + 1
        if position + 1 < len(order) and scores[order[position + 1]] == scores[place]:
            continue  # a threshold does not part equal scores
        value = 2 * hits / (answers + books) if answers + books else 0.0
        if value > best:
            best, threshold = value, scores[place]
    return best, threshold


def reliability(probabilities: Sequence[float], right: Sequence[bool], bins: int = BINS) -> list[Bin]:
    """Bins of equal width that hold answers (DeGroot and Fienberg, The Statistician 32, 1983); 1 is in the last."""
    members: list[list[int]] = [[] for _ in range(bins)]
    for place, probability in enumerate(probabilities):
        members[min(int(probability * bins), bins - 1)].append(place)
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            mean([probabilities[place] for place in places]),
            share(sum(right[place] for place in places), len(places)),
        )
        for number, places in enumerate(members)
        if places
    ]


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance of confidence and share right over the bins, weighted by answers (Naeini et al., AAAI 2015)."""
    total = sum(entry.right.total for entry in bins)
    gaps = (entry.right.total * abs(entry.confidence - entry.right.value) for entry in bins)
    return sum(gaps) / total if total else 0.0


def brier_score(probabilities: Sequence[float], right: Sequence[bool]) -> float:
    """Mean squared distance of probability and outcome (Brier, Monthly Weather Review 78, 1950)."""
    return mean([(probability - hit) ** 2 for probability, hit in zip(probabilities, right, strict=True)])
