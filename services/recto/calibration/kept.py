"""The calibrations that answers use: those of the ledger, read again every few seconds, else the one that ships."""

from __future__ import annotations

import time
from typing import Protocol

from recto.calibration.default import DEFAULT
from recto.calibration.model import Calibration

SECONDS = 5.0
"""How long a calibration is used before the ledger is asked again: a new one counts so soon, without a restart."""


class Shelf(Protocol):
    """What keeps calibrations."""

    def calibration(self, recipe: str) -> Calibration | None:
        """The calibration of a recipe."""


class Calibrations:
    """The calibrations of a process. Safe for threads: at worst two of them ask at once."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._known: dict[str, tuple[float, Calibration]] = {}

    def of(self, recipe: str) -> Calibration:
        """The calibration of a recipe, else the one that ships; `Calibration.fits` tells which it is.

        Raises:
            Unavailable: the ledger does not answer.
        """
        asked, known = self._known.get(recipe, (0.0, None))
        if known is not None and time.monotonic() - asked < SECONDS:
            return known
        calibration = self._shelf.calibration(recipe) or DEFAULT
        self._known[recipe] = (time.monotonic(), calibration)
        return calibration
