"""How far probabilities can be trusted, in words: for pages and for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recto.calibration import Calibration, shows_percentage
from recto_web.presenters.words import count

UNMEASURED = "How sure it is was not measured for this index, so it is said in words."


def of_answer(told: Mapping[str, Any] | None) -> str:
    """Of the probabilities of one answer, by what its result says; empty where it does not say it."""
    if not told:
        return ""
    if not told["recipe_fits"] or told["error"] is None:
        return UNMEASURED
    searches = count(told["items"], "search of a labelled photo", "searches of labelled photos")
    sentence = f"Its probabilities were off by {_percent(told['error'])} on average in {searches}"
    return f"{sentence}." if shows_percentage(told) else f"{sentence}, so it is said in words."


def of_index(calibration: Calibration, recipe: str) -> str:
    """Of the calibration that answers of a recipe use: where it is from and how good it is."""
    name = "the default" if calibration.is_default else f"fitted on {calibration.source}"
    if not calibration.fits(recipe):
        return f"{name}, not calibrated for this index: answers say it in words until `recto calibrate` runs"
    measures = calibration.measures
    if measures is None:
        return f"{name}, not measured; answers say it in words"
    low, high = measures.interval
    words = "" if shows_percentage(calibration.told(recipe)) else "; answers say it in words"
    return (
        f"{name}: error {_percent(measures.error)} ({_percent(low)} to {_percent(high)}) in "
        f"{count(measures.items, 'search', 'searches')}, {measures.false_accept.events} of "
        f"{measures.false_accept.trials} found in error, {measures.false_reject.events} of "
        f"{measures.false_reject.trials} missed{words}"
    )


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")
