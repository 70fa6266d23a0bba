"""How evidence becomes a probability: two constants, the recipe they were fitted for, and how good they are.

Plain Python: the web server, which has no numpy, tells it too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from recto.calibration.rates import Rate

FLOOR = 4.0
"""Inliers that chance gives: four matches always fit."""
FOUND = 0.5
"""Probability from which a book counts as found."""
WORST_ERROR = 0.05
"""Calibration error from which no percentage is shown: it would promise more than is known."""


@dataclass(frozen=True)
class Bin:
    """A bin of the reliability diagram: answers with a probability in [`low`, `high`), and how many were right."""

    low: float
    high: float
    probability: float  # mean
    right: Rate


@dataclass(frozen=True)
class Measures:
    """How good a calibration is on searches it was not fitted on, look-alikes left out.

    `error`: expected calibration error, with its interval of 95 %. `false_accept`: of the searches whose book is not
    in the catalogue, those that find one. `false_reject`: of those whose book is, those that do not find it.
    `wrong`: of those, the ones that find another book instead.
    """

    items: int
    error: float
    interval: tuple[float, float]
    bins: tuple[Bin, ...]
    false_accept: Rate
    false_reject: Rate
    wrong: Rate


@dataclass(frozen=True)
class Calibration:
    """Probability = sigmoid(`intercept` + `slope` * support), for answers of one recipe.

    `fitted`: number of searches it was fitted on. `measures`: None where it was not measured on others.
    `created`: UTC epoch seconds, 0 for the one that ships.
    """

    recipe: str
    intercept: float
    slope: float
    fitted: int
    measures: Measures | None
    created: float
    source: str

    def probability(self, support: float) -> float:
        """Probability that a book with so much support is right; neither overflows nor rounds to certainty early."""
        return 0.5 * (1 + math.tanh((self.intercept + self.slope * support) / 2))

    def support_of(self, probability: float) -> float:
        """The support that gives this probability."""
        return (math.log(probability / (1 - probability)) - self.intercept) / self.slope

    @property
    def found_from(self) -> float:
        """Inliers in one photo from which a book is found."""
        return FLOOR * math.pow(2.0, -self.intercept / self.slope)

    @property
    def is_default(self) -> bool:
        """True for the one that ships."""
        return self.created == 0

    def fits(self, recipe: str) -> bool:
        """Whether it was fitted on answers of this recipe."""
        return self.recipe == recipe

    def told(self, recipe: str) -> dict[str, Any]:
        """What an answer of a recipe says of it."""
        measures = self.measures
        return {
            "error": round(measures.error, 4) if measures else None,
            "items": measures.items if measures else 0,
            "recipe_fits": self.fits(recipe),
        }

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibration:
        """From plain data."""
        measures = data["measures"]
        return cls(**{**data, "measures": _measures(measures) if measures else None})


def support(inliers: Sequence[int]) -> float:
    """Evidence for a book, one number of inliers per photo: their doublings beyond what chance gives, added up."""
    return sum(max(0.0, math.log2(max(count, 1) / FLOOR)) for count in inliers)


def shows_percentage(told: Mapping[str, Any] | None) -> bool:
    """Whether an answer that says this of its calibration may show a percentage, not only words."""
    if not told or not told["recipe_fits"] or told["error"] is None:
        return False
    return float(told["error"]) <= WORST_ERROR


def _measures(data: Mapping[str, Any]) -> Measures:
    rates = {name: Rate(**data[name]) for name in ("false_accept", "false_reject", "wrong")}
    bins = tuple(Bin(**{**each, "right": Rate(**each["right"])}) for each in data["bins"])
    known = {field.name: data[field.name] for field in fields(Measures)}
    return Measures(**{**known, **rates, "bins": bins, "interval": tuple(data["interval"])})
