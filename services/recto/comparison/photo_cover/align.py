"""Where the cover lies in the photo: the matches that agree and the homography that they give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recto import features as local
from recto.features import LocalFeatures
from recto.features.verify import corners, is_plausible, project, verify
from recto.vectors import RGB, Floats

Homography = npt.NDArray[np.float64]

CROP_MARGIN = 0.12
"""Room around an outline that is looked at again, as a share of its longest side."""


@dataclass(frozen=True)
class Alignment:
    """A cover found in a photo.

    `homography` (3, 3) maps pixels of the cover picture to pixels of the photo, both as they were given; `matches`
    (M, 4): x, y in the photo, x, y on the cover; `inliers`: places of the cover that agree, as `Verification` has it.
    """

    homography: Homography
    matches: Floats
    inliers: int


def align(photo: RGB, cover: RGB, outline: Floats | None = None) -> Alignment | None:
    """Lay a cover (H, W, 3) over the photo (H, W, 3); None when no homography fits that a camera makes.

    `outline` (4, 2): where a search saw the cover, in pixels of the photo. Where the photo as a whole does not show it,
    that part is looked at alone, as a search does that found it in a crop.
    """
    features = local.describe(cover, photo=False)
    found = _align(photo, cover, features)
    if found is not None or outline is None:
        return found
    left, top, right, bottom = _around(outline, photo)
    if right - left < 32 or bottom - top < 32:
        return None
    part = _align(np.ascontiguousarray(photo[top:bottom, left:right]), cover, features)
    return None if part is None else _moved(part, left, top)


def is_usable(homography: Homography, cover: RGB, photo: RGB) -> bool:
    """Could a camera see the cover so?"""
    sizes = (cover.shape[1], cover.shape[0]), (photo.shape[1], photo.shape[0])
    return homography.shape == (3, 3) and is_plausible(homography, *sizes)


def outline_of(homography: Homography, cover: RGB) -> Floats:
    """Corners (4, 2) of the cover in the photo."""
    return project(homography, corners(cover.shape[1], cover.shape[0])).astype(np.float32)


def _align(photo: RGB, cover: RGB, features: LocalFeatures) -> Alignment | None:
    seen = local.describe(photo, photo=True)
    found = verify(seen, features)
    if found is None:
        return None
    of_photo = np.array([photo.shape[1] / seen.width, photo.shape[0] / seen.height])
    of_cover = np.array([cover.shape[1] / features.width, cover.shape[0] / features.height])
    enlarge = np.diag([*of_photo, 1.0])
    homography = enlarge @ found.homography @ np.diag([*(1 / of_cover), 1.0])
    matches = found.matches * np.concatenate([of_photo, of_cover]).astype(np.float32)
    return Alignment(homography / homography[2, 2], matches, found.inliers)


def _around(outline: Floats, photo: RGB) -> tuple[int, int, int, int]:
    low, high = outline.min(axis=0), outline.max(axis=0)
    margin = CROP_MARGIN * float((high - low).max())
    limit = np.array([photo.shape[1], photo.shape[0]])
    left, top = np.clip(low - margin, 0, limit).astype(int)
    right, bottom = np.clip(high + margin, 0, limit).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _moved(part: Alignment, left: int, top: int) -> Alignment:
    shift = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)
    matches = part.matches + np.array([left, top, 0, 0], np.float32)
    homography = shift @ part.homography
    return Alignment(homography / homography[2, 2], matches.astype(np.float32), part.inliers)
