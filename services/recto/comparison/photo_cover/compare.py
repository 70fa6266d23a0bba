"""Photo and cover laid over each other, and where they differ: align, rectify, light, structure, regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recto.comparison.photo_cover.align import Alignment, Homography, align, is_usable
from recto.comparison.photo_cover.glare import HIDDEN, veil, white_of
from recto.comparison.photo_cover.light import as_photographed
from recto.comparison.photo_cover.planes import Mask, grey
from recto.comparison.photo_cover.rectify import flatten, rectify, refine, shrunk
from recto.comparison.photo_cover.regions import Labels, Region, find_regions
from recto.comparison.photo_cover.structure import colour_difference, difference
from recto.vectors import RGB, Floats

SIDE = 320
"""Longest side in pixels at which differences are looked for."""
BRIM = 0.02
"""Border of the cover that is not judged, as a share of the longest side: worn edges, a cut that is a little off."""


@dataclass(frozen=True)
class Comparison:
    """A photo compared with a cover.

    `homography` (3, 3): pixels of the cover as it was given to those of the photo, refined. `apart` (h, w): how much
    they differ, 0 to 2; `judged`: where that can be said; `inside`: inside the photo; `glare`: where light hides the
    cover; `labels`: the numbers of `regions` from 1.
    """

    alignment: Alignment
    homography: Homography
    apart: Floats
    judged: Mask
    glare: Mask
    inside: Mask
    labels: Labels
    regions: list[Region]

    @property
    def differs(self) -> Mask:
        """Places in a region (h, w)."""
        return np.asarray(self.labels > 0)


def compare(photo: RGB, cover: RGB, outline: Floats | None = None) -> Comparison | None:
    """Lay the cover over the photo and find where they differ; None when it cannot be laid over it."""
    alignment = align(photo, cover, outline)
    if alignment is None:
        return None
    small = shrunk(cover, SIDE)
    scale = np.diag([small.shape[1] / cover.shape[1], small.shape[0] / cover.shape[0], 1.0])
    rough = alignment.homography @ np.linalg.inv(scale)
    fine = refine(photo, small, rough)
    homography = fine @ scale
    homography = homography / homography[2, 2]
    if not is_usable(homography, cover, photo):
        homography, fine = alignment.homography, rough
    seen = flatten(rectify(photo, fine, (small.shape[1], small.shape[0])), small)
    expected = as_photographed(small, seen)
    white, shown = white_of(seen), seen.pixels.astype(np.float32)
    mirrored = veil(grey(expected), grey(shown), seen.inside)
    expected = expected + mirrored[..., None] * np.clip(white - expected, 0, None)
    apart = np.maximum(difference(grey(expected), grey(shown)), colour_difference(expected, shown, white))
    glare = mirrored > HIDDEN
    judged = seen.inside & ~glare & _within(seen.inside.shape)
    labels, regions = find_regions(apart, judged)
    return Comparison(alignment, homography, apart, judged, glare, seen.inside, labels, regions)


def _within(shape: tuple[int, ...]) -> Mask:
    brim = max(1, round(BRIM * max(shape)))
    within = np.zeros(shape, bool)
    within[brim:-brim, brim:-brim] = True
    return within
