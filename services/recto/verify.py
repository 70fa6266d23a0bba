"""Geometric verification: does a homography carry the cover into the photo, and is it one that a camera makes?"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from recto.local.features import QUANTUM, LocalFeatures
from recto.vectors import Floats

RATIO = 0.8
"""Lowe's ratio test. On smvs_dvd .85 adds a twentieth to the inliers of true pairs, a half to those of wrong ones."""
FEWEST_MATCHES = 6
"""Fewer matches are not tried: four fit any homography, and no true pair of smvs_dvd has less than 13 inliers."""
ERROR_SHARE = 1 / 80
"""Largest distance of an inlier as a share of the photo's longest side: 5 pixels of 400, for bent and curled covers."""
ITERATIONS = 2000
SMALLEST_SHARE = 0.01
LARGEST_SHARE = 9.0
"""Area of the outline over that of the photo; a detail of a cover may fill the photo."""
STEEPEST = 3.0
"""Largest ratio of opposite sides of the outline, and of its aspect to the cover's: seen at about 70 degrees."""
SHARPEST = 0.35
"""Smallest sine of a corner of the outline: 20 degrees."""

SPREAD = 0.03
"""Smallest part of the cover, as area of their convex hull, that inliers must span: a publisher's mark alone tells no
book. Of 120 photos of drawn covers 15 have a wrong cover (of no common series) with ten inliers or more without the
test, 4 with it, and one right one is lost; true pairs of smvs_dvd span .07 at least."""

Corners = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Verification:
    """A cover found in a photo.

    `inliers`: places of the cover that agree; a place described in several directions counts once.
    `homography` (3, 3) maps pixels of the described cover to those of the described photo; `outline` (4, 2): corners
    of the cover in the photo, from its top-left one clockwise; `matches` (M, 4): those that agree, as x, y in the
    photo, x, y on the cover.
    """

    inliers: int
    homography: npt.NDArray[np.float64]
    outline: Floats
    matches: Floats


class PreparedPhoto:
    """Features of a photo, made ready once for the comparison with many covers."""

    def __init__(self, features: LocalFeatures) -> None:
        self.features = features
        self.descriptors: Floats = np.ascontiguousarray(features.descriptors.T, np.float32)


def verify(photo: PreparedPhoto | LocalFeatures, cover: LocalFeatures) -> Verification | None:
    """Match a cover to a photo and fit a homography; None when the photo does not show it.

    Mutual nearest neighbours that pass the ratio test, MAGSAC++ (Barath et al., CVPR 2020), then `is_plausible`. The
    same features always give the same result.
    """
    prepared = PreparedPhoto(photo) if isinstance(photo, LocalFeatures) else photo
    matches = match(prepared, cover)
    if len(matches) < FEWEST_MATCHES:
        return None
    photo_size = (prepared.features.width, prepared.features.height)
    reach = ERROR_SHARE * max(photo_size)
    fitted, mask = cv2.findHomography(
        matches[:, 2:], matches[:, :2], cv2.USAC_MAGSAC, reach, maxIters=ITERATIONS, confidence=0.999
    )
    homography = np.asarray(fitted, np.float64)  # a lone NaN when nothing could be fitted
    if homography.shape != (3, 3) or not is_plausible(homography, (cover.width, cover.height), photo_size):
        return None
    agreeing = matches[mask.ravel() > 0]
    places = np.unique(agreeing[:, 2:], axis=0)
    if len(places) < 4 or cv2.contourArea(cv2.convexHull(places)) < SPREAD * cover.width * cover.height:
        return None
    outline = project(homography, corners(cover.width, cover.height)).astype(np.float32)
    return Verification(len(places), homography, outline, agreeing)


def match(photo: PreparedPhoto, cover: LocalFeatures) -> Floats:
    """Tentative matches (M, 4) as x, y in the photo, x, y on the cover; the most alike first."""
    if len(photo.features) < 2 or len(cover) < 2:
        return np.zeros((0, 4), np.float32)
    likeness = cover.descriptors.astype(np.float32) @ photo.descriptors
    rows = np.arange(len(cover))
    nearest = likeness.argmax(axis=1)
    best = likeness[rows, nearest]
    likeness[rows, nearest] = -np.inf
    distance, second = _distances(best), _distances(likeness.max(axis=1))
    likeness[rows, nearest] = best
    distinct = np.flatnonzero(distance < RATIO**2 * second)
    mutual = distinct[likeness[:, nearest[distinct]].argmax(axis=0) == distinct]
    order = mutual[np.argsort(-best[mutual], kind="stable")]
    return np.hstack([photo.features.points[nearest[order]], cover.points[order]])


def is_plausible(
    homography: npt.NDArray[np.float64], cover_size: tuple[int, int], photo_size: tuple[int, int]
) -> bool:
    """Could a camera see the cover so? Refuses folded, mirrored, tiny, huge and razor-thin outlines."""
    outline = corners(*cover_size)
    depth = outline @ homography[2, :2] + homography[2, 2]
    if not np.isfinite(homography).all() or depth.min() * depth.max() <= 0:
        return False
    outline = project(homography, outline)
    sides = np.roll(outline, -1, axis=0) - outline
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    if turns.min() <= 0:  # not convex, or mirrored
        return False
    lengths = np.linalg.norm(sides, axis=1)
    if (turns / (lengths * np.roll(lengths, -1))).min() < SHARPEST:
        return False
    share = area(outline) / (photo_size[0] * photo_size[1])
    aspect = (lengths[0] + lengths[2]) / (lengths[1] + lengths[3]) * cover_size[1] / cover_size[0]
    ratios = np.array([lengths[0] / lengths[2], lengths[1] / lengths[3], aspect])
    return bool(SMALLEST_SHARE <= share <= LARGEST_SHARE and np.abs(np.log(ratios)).max() <= np.log(STEEPEST))


def corners(width: int, height: int) -> Corners:
    """Corners (4, 2) of an image: top-left, top-right, bottom-right, bottom-left."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)


def project(homography: npt.NDArray[np.float64], points: Corners) -> Corners:
    """Map points (N, 2) by a homography."""
    mapped = points @ homography[:, :2].T + homography[:, 2]
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def area(outline: npt.NDArray[np.floating]) -> float:
    """Signed area of a polygon (N, 2) in square pixels, positive when its corners run clockwise on the screen."""
    following = np.roll(outline, -1, axis=0)
    return float((outline[:, 0] * following[:, 1] - following[:, 0] * outline[:, 1]).sum() / 2)


def shared_part(first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]) -> float:
    """Intersection of two convex outlines (4, 2), as a share of the smaller one."""
    shared, _ = cv2.intersectConvexConvex(first.astype(np.float32), second.astype(np.float32))
    return float(shared / max(min(abs(area(first)), abs(area(second))), 1e-9))


def _distances(likeness: Floats) -> Floats:
    """Squared distances of unit descriptors from products of their quantised forms."""
    return np.asarray(np.maximum(2 - 2 * likeness / QUANTUM**2, 0), np.float32)
