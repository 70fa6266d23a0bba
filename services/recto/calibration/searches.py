"""From searches of labelled photos to a calibration: half of the photos fit it, the other half says how good it is."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from recto.calibration.logistic import fit
from recto.calibration.measures import error_interval, expected_calibration_error, reliability
from recto.calibration.model import FOUND, Calibration, Measures, support
from recto.calibration.rates import Rate
from recto.errors import BadInput

AT_LEAST = 30
"""Right answers, and wrong ones, below which nothing is fitted: half of them are reported on, and none of 15 still
means up to 20 % (Wilson)."""


@dataclass(frozen=True)
class Searched:
    """One search of a labelled photo and the first book of its answer; `book_id` is empty where it names none.

    `in_catalogue`: whether a right book could be found. `left_out`: whether the search left out the right books.
    `right`: the book is a right one. `look_alike`: it is none, but a named twin of one, or really in the photo too.
    """

    photo_id: str
    in_catalogue: bool
    left_out: bool
    book_id: str
    inliers: int
    right: bool
    look_alike: bool

    @property
    def support(self) -> float:
        """What the photo says for the book."""
        return support([self.inliers])


def is_fitted_on(photo_id: str) -> bool:
    """Whether a photo belongs to the half that fits: by the SHA-256 of its id, so that it never changes sides."""
    return hashlib.sha256(photo_id.encode()).digest()[0] % 2 == 0


def calibrate(
    searches: Sequence[Searched], recipe: str, source: str, *, at_least: int = AT_LEAST
) -> Calibration:
    """A calibration fitted on one half of the photos and measured on the other.

    Look-alikes are in neither: whether one is right is not for its points to say, which do lie in the photo.

    Raises:
        BadInput: too few right or wrong answers, or they cannot be told apart.
    """
    judged = [search for search in searches if not search.look_alike]
    _check_enough(judged, at_least)
    fitted = [search for search in judged if is_fitted_on(search.photo_id)]
    reported = [search for search in judged if not is_fitted_on(search.photo_id)]
    intercept, slope = fit([search.support for search in fitted], [search.right for search in fitted])
    bare = Calibration(recipe, intercept, slope, len(fitted), None, time.time(), source)
    return measured(bare, reported)


def measured(calibration: Calibration, searches: Sequence[Searched]) -> Calibration:
    """The calibration with its measures on these searches."""
    return replace(calibration, measures=measure(calibration, searches))


def measure(calibration: Calibration, searches: Sequence[Searched]) -> Measures:
    """How good a calibration is on searches, look-alikes left out."""
    judged = [search for search in searches if not search.look_alike]
    probabilities = [calibration.probability(search.support) for search in judged]
    labels = [search.right for search in judged]
    absent = [search for search in judged if not search.in_catalogue]
    present = [search for search in judged if search.in_catalogue]
    return Measures(
        items=len(judged),
        error=expected_calibration_error(probabilities, labels),
        interval=error_interval(probabilities, labels, [search.photo_id for search in judged]),
        bins=reliability(probabilities, labels),
        false_accept=Rate(len(found(calibration, absent)), len(absent)),
        false_reject=Rate(
            sum(not (search.right and is_found(calibration, search)) for search in present), len(present)
        ),
        wrong=Rate(sum(not search.right for search in found(calibration, present)), len(present)),
    )


def found(calibration: Calibration, searches: Sequence[Searched]) -> list[Searched]:
    """The searches that a calibration answers with a book."""
    return [search for search in searches if is_found(calibration, search)]


def is_found(calibration: Calibration, search: Searched) -> bool:
    """Whether the first book of a search counts as found."""
    return calibration.probability(search.support) >= FOUND


def _check_enough(judged: Sequence[Searched], at_least: int) -> None:
    right = sum(search.right for search in judged)
    wrong = len(judged) - right
    if min(right, wrong) < at_least:
        raise BadInput(
            f"The searches gave {right} right and {wrong} wrong answers; a calibration needs at least {at_least} of "
            "each. Add labelled photos whose books are in the catalogue (`recto ingest` their manifest first), or "
            "photos of books that are not."
        )
