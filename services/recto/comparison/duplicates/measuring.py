"""How alike two covers are: geometry of their local features, then what of the aligned pictures agrees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import cv2
import numpy as np

from recto.comparison.duplicates.agreement import Matrix, agreement
from recto.features import LocalFeatures
from recto.features.verify import Verification, corners, project, verify
from recto.vectors import RGB

REACH = 2.0
"""Largest distance in pixels of a match from the alignment, of 256 on the longest side: scans are flat."""
MOST_BITS = 16
"""Bits of perceptual hashes that differ, of 64, up to which pictures without common features are compared as they
lie: one in a hundred copies of covers of bench differs by more, and one in 2,200 of all other pairs by no more."""
LEAST_INLIERS = 10
"""Places that match, at least, for pixels to be compared, and for a look-alike. With 8, single lines of lettering of
one publisher count too."""
IN_PLACE = np.eye(3)

Picture = Callable[[], RGB]


@dataclass(frozen=True)
class Likeness:
    """Measures of two covers, the same in whichever order they come.

    `cosine` of the embeddings; `words`: product of the visual words; `bits` of the perceptual hashes that differ;
    `inliers`: places that a homography maps to each other; `matched`: these as a part of the features of the plainer
    cover; `shift`: how far the alignment moves a corner, as a part of the side; the others as in `Agreement`.
    """

    cosine: float
    words: float
    bits: int = 64
    inliers: int = 0
    matched: float = 0.0
    shift: float = 0.0
    overlap: float = 0.0
    seen: float = 0.0
    share: float = 0.0
    apart: float = 1.0

    def rounded(self) -> dict[str, float]:
        """The measures by name, to keep."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Described:
    """A cover with what is known of it; `picture` reads its pixels, which few comparisons need."""

    features: LocalFeatures
    picture: Picture


def measure(first: Described, other: Described, before: Likeness) -> Likeness:
    """Measure two covers further, of which the vectors and the hashes are compared.

    The caller gives both in the order of their ids: then the order in which they came makes no difference.
    """
    found = verify(first.features, other.features)
    pictures = first.picture, other.picture
    if found is None or found.inliers < LEAST_INLIERS:
        return before if before.bits > MOST_BITS else _compared(before, IN_PLACE, *pictures)
    matched = found.inliers / min(len(first.features), len(other.features))
    geometry = replace(before, inliers=found.inliers, matched=min(matched, 1.0))
    return _compared(geometry, _alignment(found, first.features, other.features), *pictures)


def _compared(before: Likeness, alignment: Matrix, first: Picture, other: Picture) -> Likeness:
    agreed = agreement(first(), other(), alignment)
    shift = float(np.abs(project(alignment, corners(1, 1)) - corners(1, 1)).max())
    return replace(before, shift=shift, **asdict(agreed))


def _alignment(found: Verification, first: LocalFeatures, other: LocalFeatures) -> Matrix:
    """An affine map between unit squares, from the matches that agree; their homography where none fits.

    Covers lie flat under a scanner: of copies of covers of bench, the worst twentieth agrees in .97 under an affine
    map and in .96 under a homography, which few matches bend (worst fiftieth .93 and .83).
    """
    here, there = (np.ascontiguousarray(points, np.float64) for points in np.hsplit(found.matches, 2))
    fitted, _ = cv2.estimateAffine2D(there, here, method=cv2.RANSAC, ransacReprojThreshold=REACH)
    affine = np.asarray(fitted, np.float64)  # a lone NaN when nothing could be fitted
    pixels = np.vstack([affine, [0, 0, 1]]) if affine.shape == (2, 3) else found.homography
    to_unit = np.diag([1 / first.width, 1 / first.height, 1.0])
    return np.asarray(to_unit @ pixels @ np.diag([other.width, other.height, 1.0]))
