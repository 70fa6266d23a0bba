"""Geometric verification: does a homography carry the cover into the photo, and is it one that a camera makes?"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from recto.features.features import QUANTUM, LocalFeatures
from recto.vectors import Floats

RATIO = 0.8
"""Lowe's ratio test. Of 138 simulated photos of `near_duplicates.csv`, mostly plain covers, 132 have five inliers; with
.7, which takes two thirds of the time, 128, with .85, which takes four thirds, 134, and a wrong cover of smvs_dvd has 8
inliers instead of 5."""
FEWEST_MATCHES = 6
"""Fewer matches are not tried: four fit any homography, and no true pair of smvs_dvd has less than 13 inliers."""
ERROR_SHARE = 1 / 80
"""Largest distance of an inlier as a share of the photo's longest side: 5 pixels of 400, for bent and curled covers."""
ESTIMATOR = cv2.USAC_MAGSAC
ITERATIONS = 2000
SIZE_RATIO = 2.0
"""Largest ratio of a keypoint's size in the photo to the one that the homography gives it: chance matches agree on
places, seldom on sizes. Matching again without this test, wrong covers of smvs_dvd have up to 9 inliers, with it 5; a
ratio of 1.5 does not lower these 5 either, and accepts .960 of small photos instead of .965."""
RATIO_WITHIN_REACH = 0.9
"""Ratio test once it is known where to look. Inliers of true pairs of smvs_dvd, percentiles 1 / 5 / 50: 18 / 44 / 117
before, 24 / 50 / 126 after, and wrong ones do not rise. `benchmarks/verification.py` compares further choices."""
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
Homography = npt.NDArray[np.float64]
Pairs = npt.NDArray[np.int64]
"""Matches (M, 2): number of the keypoint of the cover, number of that of the photo."""


@dataclass(frozen=True)
class Verification:
    """A cover found in a photo.

    `inliers`: places of the cover that agree; a place described in several directions counts once.
    `homography` (3, 3) maps pixels of the described cover to those of the described photo; `outline` (4, 2): corners
    of the cover in the photo, from its top-left one clockwise; `matches` (M, 4): those that agree, as x, y in the
    photo, x, y on the cover.
    """

    inliers: int
    homography: Homography
    outline: Floats
    matches: Floats


class PreparedPhoto:
    """Features of a photo, made ready once for the comparison with many covers."""

    def __init__(self, features: LocalFeatures) -> None:
        self.features = features
        self.descriptors: Floats = np.ascontiguousarray(features.descriptors.T, np.float32)


def verify(photo: PreparedPhoto | LocalFeatures, cover: LocalFeatures) -> Verification | None:
    """Match a cover to a photo and fit a homography; None when the photo does not show it.

    Mutual nearest neighbours that pass the ratio test, MAGSAC++ (Barath et al., CVPR 2020), then `is_plausible` and
    `same_size`; what is left says where to look for more matches. The same features always give the same result.
    """
    prepared = PreparedPhoto(photo) if isinstance(photo, LocalFeatures) else photo
    if min(len(prepared.features), len(cover)) < 2:
        return None
    likeness = cover.descriptors.astype(np.float32) @ prepared.descriptors
    pairs = match(likeness)
    fitted = fit(prepared.features, cover, pairs) if len(pairs) >= FEWEST_MATCHES else None
    if fitted is None:
        return None
    homography, agreeing = fitted
    if not _spread(cover, agreeing):
        return None
    agreeing = match_again(prepared.features, cover, likeness, homography)
    places = np.unique(cover.points[agreeing[:, 0]], axis=0)
    outline = project(homography, corners(cover.width, cover.height)).astype(np.float32)
    matches = np.hstack([prepared.features.points[agreeing[:, 1]], cover.points[agreeing[:, 0]]])
    return Verification(len(places), homography, outline, matches)


def match(likeness: Floats) -> Pairs:
    """Tentative matches of the products (N, M) of quantised descriptors of cover and photo, the most alike first."""
    rows = np.arange(len(likeness))
    nearest = likeness.argmax(axis=1)
    best = likeness[rows, nearest]
    likeness[rows, nearest] = -np.inf
    distance, second = _distances(best), _distances(likeness.max(axis=1))
    likeness[rows, nearest] = best
    distinct = np.flatnonzero(distance < RATIO**2 * second)
    mutual = distinct[likeness[:, nearest[distinct]].argmax(axis=0) == distinct]
    order = mutual[np.argsort(-best[mutual], kind="stable")]
    return np.column_stack([order, nearest[order]])


def fit(photo: LocalFeatures, cover: LocalFeatures, pairs: Pairs) -> tuple[Homography, Pairs] | None:
    """The homography of most matches and those that agree with it; None when no camera sees the cover so."""
    source, target = cover.points[pairs[:, 0]], photo.points[pairs[:, 1]]
    fitted, mask = cv2.findHomography(
        source, target, ESTIMATOR, _reach(photo), maxIters=ITERATIONS, confidence=0.999
    )
    homography = np.asarray(fitted, np.float64)  # a lone NaN when nothing could be fitted
    sizes = (cover.width, cover.height), (photo.width, photo.height)
    if homography.shape != (3, 3) or not is_plausible(homography, *sizes):
        return None
    agreeing = pairs[mask.ravel() > 0]
    return homography, agreeing[same_size(photo, cover, agreeing, homography)]


def match_again(
    photo: LocalFeatures, cover: LocalFeatures, likeness: Floats, homography: Homography
) -> Pairs:
    """Matches (M, 2) where the homography leads, the most alike first.

    A keypoint of the cover matches the one most like it within reach, if it is more alike than all that are out of
    reach (Mishkin et al., CVIU 2015: the second nearest is asked for at another place). None matches twice.
    """
    carried = project(homography, cover.points).astype(np.float32)
    reach = _reach(photo)
    near = _squared_distances(carried, photo.points) <= reach**2
    elsewhere = _distances(np.where(near, -np.inf, likeness).max(axis=1))
    pairs = np.argwhere(near)
    pairs = pairs[same_size(photo, cover, pairs, homography)]
    distance = _distances(likeness[pairs[:, 0], pairs[:, 1]])
    distinct = distance < RATIO_WITHIN_REACH**2 * elsewhere[pairs[:, 0]]
    pairs, distance = pairs[distinct], distance[distinct]
    pairs = pairs[np.argsort(distance, kind="stable")]
    for column in (0, 1):
        pairs = pairs[np.sort(np.unique(pairs[:, column], return_index=True)[1])]
    return pairs


def same_size(
    photo: LocalFeatures, cover: LocalFeatures, pairs: Pairs, homography: Homography
) -> npt.NDArray[np.bool_]:
    """Which matches (M, 2) join keypoints as large in the photo as the homography makes them there."""
    depth = cover.points[pairs[:, 0]] @ homography[2, :2] + homography[2, 2]
    magnified = np.sqrt(
        abs(np.linalg.det(homography)) / np.abs(depth) ** 3
    )  # root of the Jacobian's determinant
    ratio = photo.sizes[pairs[:, 1]] / (cover.sizes[pairs[:, 0]] * magnified)
    return np.asarray(np.abs(np.log(ratio)) < np.log(SIZE_RATIO))


def is_plausible(homography: Homography, cover_size: tuple[int, int], photo_size: tuple[int, int]) -> bool:
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


def project(homography: Homography, points: npt.NDArray[np.floating]) -> Corners:
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


def _spread(cover: LocalFeatures, pairs: Pairs) -> bool:
    """Do matches span enough of the cover?"""
    places = np.unique(cover.points[pairs[:, 0]], axis=0)
    return len(places) >= 4 and cv2.contourArea(cv2.convexHull(places)) >= SPREAD * cover.width * cover.height


def _reach(photo: LocalFeatures) -> float:
    return ERROR_SHARE * max(photo.width, photo.height)


def _squared_distances(first: Floats, second: Floats) -> Floats:
    """Squared distances (N, M) of points (N, 2) and (M, 2)."""
    return np.asarray(sum((first[:, None, axis] - second[:, axis]) ** 2 for axis in (0, 1)), np.float32)
