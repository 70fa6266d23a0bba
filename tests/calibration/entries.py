"""Made-up searches and calibrations."""

from __future__ import annotations

from recto.calibration import Calibration
from recto.calibration.searches import Searched, measured


def searched(photo: int, inliers: int, *, right: bool, absent: bool = False, twin: bool = False) -> Searched:
    """A search of a photo; `absent`: its book was left out."""
    return Searched(f"photo {photo}", not absent, absent, "book", inliers, right, twin)


def many(photos: int = 200) -> list[Searched]:
    """Photos that are searched twice: 30 inliers for the right book, 5 for another when it is left out."""
    right = [searched(photo, 30, right=True) for photo in range(photos)]
    return right + [searched(photo, 5, right=False, absent=True) for photo in range(photos)]


def calibration(recipe: str = "1f3a9c0b7d21", slope: float = 4.0) -> Calibration:
    """A calibration with measures."""
    return measured(Calibration(recipe, -6.5, slope, 12, None, 1.0, "bench"), many(40))
