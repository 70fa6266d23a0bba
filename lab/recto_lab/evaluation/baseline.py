"""Comparison with an earlier result: which measures were lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recto.errors import BadInput

TOLERANCE = 0.02
"""Loss of a measure that counts as none: one photo of fifty."""

_MORE_IS_BETTER = ("mean_average_precision", "precision", "recall", "f1", "best_f1")
_LESS_IS_BETTER = ("false_found", "missed", "left_out_found")


@dataclass(frozen=True)
class Loss:
    """A measure that is worse than before by more than the tolerance."""

    method: str
    part: str
    measure: str
    before: float
    now: float

    def __str__(self) -> str:
        return f"{self.method}, {self.part}: {self.measure} was {self.before:.3f} and is {self.now:.3f}"


def losses(now: Mapping[str, Any], before: Mapping[str, Any], tolerance: float = TOLERANCE) -> list[Loss]:
    """Measures of the methods in both results that are lost. Times are not compared: machines differ.

    Raises:
        BadInput: the results are of other photos or covers, or have no method in common.
    """
    if now["set"] != before["set"]:
        raise BadInput(
            "The baseline was measured with other photos or references; use the same set, --every, "
            "--limit-references and --seed, or make a new baseline with --json."
        )
    common = [method for method in now["methods"] if method in before["methods"]]
    if not common:
        raise BadInput(
            f"The baseline has none of these methods, but {', '.join(before['methods'])}; "
            f"name one of them with --methods."
        )
    return [loss for method in common for loss in _of_method(method, now, before, tolerance)]


def not_compared(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Methods of the baseline that were not measured now."""
    return [method for method in before["methods"] if method not in now["methods"]]


def _of_method(
    method: str, now: Mapping[str, Any], before: Mapping[str, Any], tolerance: float
) -> Iterator[Loss]:
    parts = now["methods"][method]["measures"]
    for part, old in before["methods"][method]["measures"].items():
        values, former = dict(_signed(parts.get(part, {}))), dict(_signed(old))
        for measure in values.keys() & former.keys():
            sign, value = values[measure]
            if sign * (former[measure][1] - value) > tolerance + 1e-9:
                yield Loss(method, part, measure, former[measure][1], value)


def _signed(measures: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, float]]]:
    """Measures by name as (1, value) where more is better, (-1, value) where less is."""
    for depth, share in (measures.get("recall_at") or {}).items():
        yield f"recall@{depth}", (1, share["value"])
    for name in _MORE_IS_BETTER:
        if measures.get(name) is not None:
            yield name, (1, measures[name])
    for name in _LESS_IS_BETTER:
        if measures.get(name) is not None:
            yield name, (-1, measures[name]["value"])
    if measures.get("calibration"):
        yield "calibration error", (-1, measures["calibration"]["expected_error"])
