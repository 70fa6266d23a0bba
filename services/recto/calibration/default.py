"""The calibration that ships."""

from __future__ import annotations

from recto.calibration.model import Bin, Calibration, Measures
from recto.calibration.rates import Rate

_MEASURES = Measures(
    items=100,
    error=0.0127,
    interval=(0.0078, 0.0196),
    bins=(
        Bin(0.0, 0.1, 0.0154, Rate(0, 48)),
        Bin(0.2, 0.3, 0.2231, Rate(0, 2)),
        Bin(0.9, 1.0, 0.9984, Rate(50, 50)),
    ),
    false_accept=Rate(0, 50),
    false_reject=Rate(0, 50),
    wrong=Rate(0, 50),
)
"""On the 50 phone photos of books (smvs_book), each as it is and with its book left out, in a catalogue of 1,524 covers
(`python benchmarks/calibration.py`). No constant was fitted on them."""

DEFAULT = Calibration(
    recipe="87671d48c336",
    intercept=-4.43,
    slope=2.72,
    fitted=665,
    measures=_MEASURES,
    created=0.0,
    source="photos of DVDs and of drawn covers",
)
"""Logistic regression on 320 photos of smvs_dvd and of drawn covers, each with its right cover (label 1) and with the
best of the other covers of the shortlist (label 0; covers of a common series and covers that are really in the photo
left out), and on 25 photos without a match. It gives

    inliers          4     6     8     10    12    14    16    20    30
    probability      .01   .06   .15   .30   .47   .62   .73   .87   .97

At 13 inliers, the first that is found, no right pair of smvs_dvd is lost and none of its wrong ones (at most 7) passes;
of the 120 drawn photos one wrong one passes and six right ones, badly blurred or cut, are lost. It was fitted before
verification matched again along the homography, which leaves wrong covers fewer inliers and gives right ones more: the
curve was kept, since it errs on the safe side.

The recipe is that of a new catalogue. When recipes change, measure again and write both here (CONTRIBUTING.md)."""
