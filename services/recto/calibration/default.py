"""The calibration that ships."""

from __future__ import annotations

from recto.calibration.model import Calibration

DEFAULT = Calibration(
    recipe="",
    intercept=-4.43,
    slope=2.72,
    fitted=665,
    measures=None,
    created=0.0,
    source="photos of smvs_dvd and of drawn covers",
)
"""320 photos of smvs_dvd and of drawn covers, each with its right cover
(label 1) and with the best of the other covers of the shortlist (label 0; covers of a common series and covers that are
really in the photo left out), and 25 photos without a match. It gives

    inliers          4     6     8     10    12    14    16    20    30
    probability      .01   .06   .15   .30   .47   .62   .73   .87   .97

At 13 inliers, the first that is found, no right pair of smvs_dvd is lost and none of its wrong ones (at most 7) passes;
of the 120 drawn photos one wrong one passes and six right ones, badly blurred or cut, are lost."""
