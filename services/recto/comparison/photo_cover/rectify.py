"""The photo warped into the frame of the cover: by the homography, then closer by what both pictures show."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from recto.comparison.photo_cover.align import Homography
from recto.comparison.photo_cover.planes import Mask, blurred, grey, normalised
from recto.features.verify import corners, project
from recto.vectors import RGB, Floats

ECC_ROUNDS = 40
ECC_STEP = 1e-4
ECC_BLUR = 5
"""Rounds, smallest gain and smoothing in pixels of `findTransformECC`."""
FARTHEST = 0.05
"""Largest step of a corner that is believed, as a share of the longest side; more is no better fit but another one."""
BEND = 0.03
"""Largest shift by paper that bulges, as a share of the longest side."""
STIFFNESS = 0.06
"""Smoothing of these shifts, as a share of the longest side: paper bends gently, and no sticker is explained away."""


@dataclass(frozen=True)
class Rectified:
    """A photo in the frame of a cover: `pixels` (H, W, 3), and where they come from inside the photo (H, W)."""

    pixels: RGB
    inside: Mask


def shrunk(picture: RGB, side: int) -> RGB:
    """The picture at a longest side of at most `side` pixels."""
    height, width = picture.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def rectify(photo: RGB, homography: Homography, size: tuple[int, int]) -> Rectified:
    """Warp the photo into a frame of `size` (width, height), whose pixels the homography carries into the photo."""
    scale = _reduction(homography, size)
    small = (
        cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 0.8 else photo
    )
    of_photo = np.array([small.shape[1] / photo.shape[1], small.shape[0] / photo.shape[0], 1.0])
    matrix = np.diag(of_photo) @ homography
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpPerspective(small, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    ones = np.full(small.shape[:2], 255, np.uint8)
    inside = cv2.warpPerspective(ones, matrix, size, flags=flags)
    return Rectified(np.asarray(pixels, np.uint8), np.asarray(inside > 250))


def refine(photo: RGB, cover: RGB, homography: Homography) -> Homography:
    """A homography from the cover (as given, small) to the photo that fits better, or the same one.

    Enhanced correlation coefficient (Evangelidis and Psarakis, PAMI 2008) on locally normalised pictures, so that light
    does not matter.
    """
    size = (cover.shape[1], cover.shape[0])
    seen = rectify(photo, homography, size)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ECC_ROUNDS, ECC_STEP)
    template, given = normalised(grey(cover)), normalised(grey(seen.pixels))
    mask = np.where(seen.inside, 255, 0).astype(np.uint8)
    start = np.eye(3, dtype=np.float32)
    try:
        _, step = cv2.findTransformECC(
            template, given, start, cv2.MOTION_HOMOGRAPHY, criteria, mask, ECC_BLUR
        )
    except cv2.error:  # nothing to hold on to, or it ran away
        return homography
    frame = corners(*size)
    moved = np.abs(project(np.asarray(step, np.float64), frame) - frame).max()
    if not np.isfinite(moved) or moved > FARTHEST * max(size):
        return homography
    better = homography @ np.asarray(step, np.float64)
    return np.asarray(better / better[2, 2])


def flatten(seen: Rectified, cover: RGB) -> Rectified:
    """Undo what paper that bulges leaves after the best homography: smooth shifts of a few pixels.

    Dense inverse search (Kroeger et al., ECCV 2016), its flow averaged where there is texture to trust.
    """
    flow = bend(seen, cover)
    rows, columns = np.indices(flow.shape[:2], np.float32)
    x, y = columns + flow[..., 0], rows + flow[..., 1]
    pixels = cv2.remap(seen.pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.remap(seen.inside.astype(np.uint8) * 255, x, y, cv2.INTER_LINEAR)
    return Rectified(np.asarray(pixels, np.uint8), np.asarray(inside > 250))


def bend(seen: Rectified, cover: RGB) -> Floats:
    """Shifts (H, W, 2) in pixels from the cover to the rectified photo."""
    first, second = normalised(grey(cover)), normalised(grey(seen.pixels))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = search.calc(_bytes(first), _bytes(second), np.zeros((*first.shape, 2), np.float32))
    back = search.calc(_bytes(second), _bytes(first), np.zeros((*first.shape, 2), np.float32))
    rows, columns = np.indices(first.shape, np.float32)
    x, y = columns + flow[..., 0], rows + flow[..., 1]
    there_and_back = flow + cv2.remap(back, x, y, cv2.INTER_LINEAR)
    limit = BEND * max(first.shape)
    steady = (np.linalg.norm(there_and_back, axis=2) < 1.0) & (np.linalg.norm(flow, axis=2) < limit)
    texture = blurred(np.abs(first) * np.abs(second), 2.0)
    weight = (steady & seen.inside) * np.minimum(texture, 1.0) + np.float32(1e-4)
    sigma = STIFFNESS * max(first.shape)
    total = blurred(weight, sigma)
    smooth = blurred((flow * weight[..., None]), sigma)
    return np.asarray(smooth / total[..., None], np.float32)


def _bytes(plane: Floats) -> npt.NDArray[np.uint8]:
    return np.asarray(np.clip(plane * 42 + 128, 0, 255), np.uint8)


def _reduction(homography: Homography, size: tuple[int, int]) -> float:
    """Pixels of the frame for one of the photo: below 1 the photo is finer, and is reduced before it is warped."""
    outline = project(homography, corners(*size))
    sides = np.linalg.norm(np.roll(outline, -1, axis=0) - outline, axis=1)
    return float(2 * (size[0] + size[1]) / max(sides.sum(), 1.0))
