"""Calibration: how sure an answer is. Importing it loads no numpy; `searches`, which fits and measures, does."""

from recto.calibration.default import DEFAULT
from recto.calibration.kept import Calibrations
from recto.calibration.model import (
    FLOOR,
    FOUND,
    WORST_ERROR,
    Bin,
    Calibration,
    Measures,
    shows_percentage,
    support,
)
from recto.calibration.rates import Rate, wilson

__all__ = [
    "DEFAULT",
    "FLOOR",
    "FOUND",
    "WORST_ERROR",
    "Bin",
    "Calibration",
    "Calibrations",
    "Measures",
    "Rate",
    "shows_percentage",
    "support",
    "wilson",
]
