"""How good probabilities are: reliability, expected calibration error and its interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from recto.calibration.model import Bin
from recto.calibration.rates import Rate

BINS = 10
RESAMPLES = 1000
SEED = 7


def reliability(probabilities: Sequence[float], labels: Sequence[bool], bins: int = BINS) -> tuple[Bin, ...]:
    """Bins of equal width that hold something: mean probability beside the share of right answers."""
    members: dict[int, list[int]] = defaultdict(list)
    for number, probability in enumerate(probabilities):
        members[min(int(probability * bins), bins - 1)].append(number)
    return tuple(
        Bin(
            low=place / bins,
            high=(place + 1) / bins,
            probability=sum(probabilities[number] for number in members[place]) / len(members[place]),
            right=Rate(sum(bool(labels[number]) for number in members[place]), len(members[place])),
        )
        for place in sorted(members)
    )


def expected_calibration_error(
    probabilities: Sequence[float], labels: Sequence[bool], bins: int = BINS
) -> float:
    """Mean distance of probability and share of right answers, over the bins by their size; 0 without answers.

    Naeini, Cooper and Hauskrecht, AAAI 2015, as used by Guo et al., ICML 2017.
    """
    found = reliability(probabilities, labels, bins)
    total = sum(each.right.trials for each in found)
    apart = sum(each.right.trials * abs(each.probability - each.right.share) for each in found)
    return apart / total if total else 0.0


def error_interval(
    probabilities: Sequence[float], labels: Sequence[bool], groups: Sequence[str]
) -> tuple[float, float]:
    """Interval of 95 % of the calibration error by the bootstrap (Efron 1979): percentiles over drawn photos.

    `groups` names the photo of each answer: both searches of a photo are drawn together. The seed is fixed.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        members[group].append(number)
    photos = list(members.values())
    if not photos:
        return 0.0, 1.0
    random = np.random.default_rng(SEED)
    errors = []
    for _ in range(RESAMPLES):
        drawn = [number for pick in random.integers(len(photos), size=len(photos)) for number in photos[pick]]
        errors.append(
            expected_calibration_error([probabilities[i] for i in drawn], [labels[i] for i in drawn])
        )
    low, high = np.percentile(errors, [2.5, 97.5])
    return float(low), float(high)
