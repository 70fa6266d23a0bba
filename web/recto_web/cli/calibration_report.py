"""What `recto calibrate` says of a calibration, for people and for machines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from recto.calibration import Calibration, Measures, Rate

if TYPE_CHECKING:
    from recto.calibration.searches import Searched


def facts_of(calibration: Calibration) -> dict[str, Any]:
    """For machines: what it is, with the intervals of its rates."""
    facts = {**calibration.to_json(), "default": calibration.is_default, "found_from": calibration.found_from}
    if measures := calibration.measures:
        rates = {"false_accept": measures.false_accept, "false_reject": measures.false_reject}
        facts["rates"] = {
            name: {"share": rate.share, "interval": rate.interval}
            for name, rate in {**rates, "wrong": measures.wrong}.items()
        }
    return facts


def lines_of(
    calibration: Calibration, before: Calibration | None, accepted: Sequence[Searched]
) -> Iterator[str]:
    """For people: the curve, its measures beside those of the one before, its bins, what it should not have found."""
    yield f"Fitted on {calibration.fitted} searches: {calibration.source}, recipe {calibration.recipe}."
    yield (
        f"P(right) = sigmoid({calibration.intercept:.2f} + {calibration.slope:.2f} x support); "
        f"a book is found from {math.ceil(calibration.found_from)} inliers in one photo."
    )
    if calibration.measures is not None:
        yield from _measured(calibration.measures, before.measures if before else None)
    if accepted:
        yield ""
        yield "Found although the right book was not there (a look-alike, or really in the photo: look at it, and"
        yield "name it in secondary_matches.csv or near_duplicates.csv if so):"
        for search in accepted:
            mark = "  named look-alike" if search.look_alike else ""
            yield f"  {search.photo_id:24} {search.book_id:40} {search.inliers:4} inliers{mark}"


def _measured(measures: Measures, before: Measures | None) -> Iterator[str]:
    yield ""
    yield f"Measured on {measures.items} searches of other photos, intervals of 95 %:"
    yield f"  {'':20} {'now':26}" + ("before" if before else "")
    yield _row("calibration error", _error(measures), _error(before) if before else "")
    for name in ("false_accept", "false_reject", "wrong"):
        now, then = getattr(measures, name), getattr(before, name, None)
        yield _row(name.replace("_", " "), _rate(now), _rate(then) if then else "")
    yield ""
    yield f"  {'probability':14} {'answers':>8} {'mean':>6}   right"
    for each in measures.bins:
        low, high = each.right.interval
        span = f"{each.low:.1f} to {each.high:.1f}"
        right = f"{each.right.share:.3f} [{low:.3f}, {high:.3f}]"
        yield f"  {span:14} {each.right.trials:8} {each.probability:6.3f}   {right}"


def _row(name: str, now: str, then: str) -> str:
    return f"  {name:20} {now:26}{then}".rstrip()


def _error(measures: Measures) -> str:
    low, high = measures.interval
    return f"{measures.error:.3f} [{low:.3f}, {high:.3f}]"


def _rate(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.events} of {rate.trials} [{low:.1%}, {high:.1%}]"
