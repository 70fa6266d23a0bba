"""ORB alone, the field's old baseline: matches that pass the ratio test, counted for every cover."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from recto.vectors import RGB, Floats
from recto_lab.evaluation.methods.base import Matcher
from recto_lab.evaluation.outcomes import Stopwatch

RATIO = 0.75
"""Ratio test of Lowe, at the value of OpenCV's tutorials."""
SIDE = 640
"""Longest side in pixels at which covers and photos are described."""
FEWEST_MATCHES = 4
"""A homography needs four."""
REACH = 5.0
"""Largest distance in pixels of an inlier."""

Codes = npt.NDArray[np.uint64]
Matches = npt.NDArray[np.int64]


class OrbMatcher(Matcher):
    """ORB (Rublee et al., ICCV 2011): counted matches, or with `homography` inliers of MAGSAC++.

    Every cover is compared, so the time of a query grows with the catalogue: about 1.5 s of one core for 1,500 covers
    and 500 points (0.9 ms a cover), four times that for 1,000 points.
    """

    library = "OpenCV"

    def __init__(self, points: int, *, homography: bool) -> None:
        self._orb = cv2.ORB.create(points)
        self._homography = homography
        self._covers: list[tuple[Floats, Codes]] = []

    def add(self, cover: RGB) -> None:
        """Describe a cover."""
        self._covers.append(self._describe(cover))

    def compare(self, photo: RGB, clock: Stopwatch) -> Floats:
        """Matches of each cover, or inliers."""
        with clock.stage("describe"):
            points, codes = self._describe(photo)
        with clock.stage("search"):
            matches = [ratio_matches(codes, cover) for _, cover in self._covers]
        if not self._homography:
            return np.array([len(found) for found in matches], np.float32)
        with clock.stage("verify"):
            pairs = zip(matches, self._covers, strict=True)
            return np.array([_inliers(points, cover, found) for found, (cover, _) in pairs], np.float32)

    def _describe(self, image: RGB) -> tuple[Floats, Codes]:
        """Points (N, 2) in pixels, and codes (N, 4) of 256 bits."""
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        scale = SIDE / max(grey.shape)
        if scale < 1:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        keypoints, codes = self._orb.detectAndCompute(grey, None)
        if not len(keypoints):
            return np.zeros((0, 2), np.float32), np.zeros((0, 4), np.uint64)
        points = np.array([keypoint.pt for keypoint in keypoints], np.float32)
        return points, np.ascontiguousarray(codes).view(np.uint64)


def hamming(first: Codes, second: Codes) -> npt.NDArray[np.uint16]:
    """Differing bits (N, M) of codes (N, 4) and (M, 4)."""
    columns = np.ascontiguousarray(second.T)
    distances = np.zeros((len(first), len(second)), np.uint16)
    for word, column in enumerate(columns):
        distances += np.bitwise_count(first[:, word, None] ^ column)
    return distances


def ratio_matches(photo: Codes, cover: Codes) -> Matches:
    """Pairs (M, 2) of a photo's point and its nearest on the cover, where that is clearly nearer than the second."""
    if not len(photo) or len(cover) < 2:
        return np.zeros((0, 2), np.int64)
    distances = hamming(photo, cover)
    rows = np.arange(len(photo))
    nearest = distances.argmin(axis=1)
    best = distances[rows, nearest]
    distances[rows, nearest] = np.iinfo(np.uint16).max
    passed = best < RATIO * distances.min(axis=1)
    return np.column_stack([rows[passed], nearest[passed]])


def _inliers(photo: Floats, cover: Floats, matches: Matches) -> int:
    """Matches that one homography explains (MAGSAC++, Barath et al., CVPR 2020)."""
    if len(matches) < FEWEST_MATCHES:
        return 0
    _, mask = cv2.findHomography(
        cover[matches[:, 1]], photo[matches[:, 0]], cv2.USAC_MAGSAC, REACH, maxIters=2000, confidence=0.999
    )
    return int(np.count_nonzero(mask))  # of None, which OpenCV gives where nothing fits, that is 0
