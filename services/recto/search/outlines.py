"""Where covers lie in a photo: four-sided outlines with edges all around, and what is inside, seen from the front."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from recto.features.verify import Corners, area, shared_part
from recto.vectors import RGB, Floats

SIDE = 448
"""Longest side in pixels of the picture in which outlines are looked for."""
MOST = 12
"""Outlines that are given at most, those with the fullest edges first."""
SMALLEST, LARGEST = 0.015, 0.9
"""Area of an outline over that of the photo."""
EDGE_LEVELS = ((0.01, 0.03), (0.027, 0.067), (0.067, 0.15))
"""Canny's lower and upper threshold over the strongest gradients of the photo: from a pale cover on a pale table to
covers whose own print would join everything at the first level."""
GAPS = (3, 7)
"""Sides in pixels of the squares that close gaps in edges."""
EDGE_SHARE = 0.35
"""Smallest share of the weakest side that lies on an edge."""
FILLED = 0.9
"""Smallest area of a contour over that of its outline, or the reverse: others are no quadrilaterals."""
SQUAREST = 0.6
"""Smallest sine of a corner: 37 degrees."""
STEEPEST, LONGEST = 1.8, 2.5
"""Largest ratio of opposite sides, and of neighbouring ones."""
SAME = 0.7
"""Intersection over union from which two outlines are one."""
CROP_SIDE = 512
"""Longest side in pixels of a rectified cover, as fine as covers of the catalogue are described."""

Grey = npt.NDArray[np.uint8]


def find_outlines(pixels: RGB) -> list[Floats]:
    """Outlines (4, 2) of what may be a cover in a photo (H, W, 3), in its pixels, clockwise, the clearest first.

    Edges of all colours (Canny, PAMI 1986), closed to contours, whose hulls are simplified to four corners (Douglas
    and Peucker, 1973). Frames within a cover are found too, and covers that hide behind others are not.
    """
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    small = cv2.GaussianBlur(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), (5, 5), 0)
    rated = sorted(_quadrilaterals(np.asarray(small, np.uint8)), key=lambda each: -each[0])
    kept: list[Floats] = []
    for _, outline in rated:
        if len(kept) < MOST and all(_overlap(outline, other) < SAME for other in kept):
            kept.append(outline)
    return [np.asarray(outline / scale, np.float32) for outline in kept]


def rectify(pixels: RGB, outline: Floats) -> tuple[RGB, npt.NDArray[np.float64]]:
    """The picture inside an outline (4, 2) as seen from the front, and the homography (3, 3) from it to the photo.

    Which of its sides is the top nobody knows: the outline's first corner comes to the top left.
    """
    sides = np.linalg.norm(np.roll(outline, -1, axis=0) - outline, axis=1)
    across, down = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    scale = CROP_SIDE / max(across, down)
    width, height = max(2, round(float(across * scale))), max(2, round(float(down * scale)))
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    to_photo = cv2.getPerspectiveTransform(frame, outline.astype(np.float32))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    flat = cv2.warpPerspective(
        pixels, to_photo, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(flat, np.uint8), np.asarray(to_photo, np.float64)


def _quadrilaterals(small: RGB) -> Iterator[tuple[float, Floats]]:
    """Outlines with the share of their weakest side that lies on an edge."""
    across, down = _gradients(small)
    smallest, largest = (share * small.shape[0] * small.shape[1] for share in (SMALLEST, LARGEST))
    for low, high in EDGE_LEVELS:
        edges = np.asarray(cv2.Canny(across, down, low * 32767, high * 32767, L2gradient=True), np.uint8)
        broad = np.asarray(cv2.dilate(edges, np.ones((3, 3), np.uint8)), np.uint8)
        for gap in GAPS:
            closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
            for contour in cv2.findContours(closed, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]:
                hull = cv2.convexHull(contour)
                covered = cv2.contourArea(hull)
                outline = _four_corners(hull) if smallest <= covered <= largest else None
                if outline is None or not FILLED <= covered / max(area(outline), 1.0) <= 1 / FILLED:
                    continue
                support = _support(broad, outline)
                if support >= EDGE_SHARE:
                    yield support, outline


def _gradients(small: RGB) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    """Gradients across and down of the channel of L*a*b* that changes most, the strongest of the photo near 32767."""
    planes = cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2LAB))
    weights = (1.0, 2.0, 2.0)  # a* and b* span less than L*
    pairs = [
        [cv2.Scharr(plane, cv2.CV_32F, dx, 1 - dx) * weight for dx in (1, 0)]
        for plane, weight in zip(planes, weights, strict=True)
    ]
    strength = np.stack([cv2.magnitude(*pair) for pair in pairs])
    strongest = strength.argmax(axis=0)[None]
    scale = 32767 / 4 / max(float(np.percentile(strength.max(axis=0), 99.5)), 1.0)
    both = [
        np.take_along_axis(np.stack([pair[axis] for pair in pairs]), strongest, 0)[0] * scale
        for axis in (0, 1)
    ]
    across, down = (np.clip(plane, -32767, 32767).astype(np.int16) for plane in both)
    return across, down


def _four_corners(hull: cv2.typing.MatLike) -> Floats | None:
    """Corners (4, 2) of a convex hull, clockwise; None when it is not four-sided or no camera sees a cover so."""
    length = cv2.arcLength(hull, True)
    for tolerance in (0.02, 0.03, 0.05, 0.08):
        corners = cv2.approxPolyDP(hull, tolerance * length, True).reshape(-1, 2).astype(np.float32)
        if len(corners) <= 4:
            break
    if len(corners) != 4:
        return None
    outline = np.asarray(corners if area(corners) > 0 else corners[::-1], np.float32)
    outline = np.roll(outline, -int(outline.sum(axis=1).argmin()), axis=0)
    return outline if _is_cover_shaped(outline) else None


def _is_cover_shaped(outline: Floats) -> bool:
    sides = np.roll(outline, -1, axis=0) - outline
    lengths = np.linalg.norm(sides, axis=1)
    if lengths.min() < 16:
        return False
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    if (turns / (lengths * np.roll(lengths, -1))).min() < SQUAREST:
        return False
    opposite = np.abs(np.log([lengths[0] / lengths[2], lengths[1] / lengths[3]])).max()
    neighbours = abs(np.log((lengths[0] + lengths[2]) / (lengths[1] + lengths[3])))
    return bool(opposite <= np.log(STEEPEST) and neighbours <= np.log(LONGEST))


def _support(edges: Grey, outline: Floats) -> float:
    """Share of the weakest side that lies on an edge, its ends left out."""
    along = np.linspace(0.05, 0.95, 64)[:, None]
    limits = np.array([edges.shape[1] - 1, edges.shape[0] - 1])
    shares = []
    for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        places = np.clip(np.round(start * (1 - along) + end * along), 0, limits).astype(int)
        shares.append((edges[places[:, 1], places[:, 0]] > 0).mean())
    return float(min(shares))


def _overlap(first: Floats, second: Floats) -> float:
    """Intersection over union of two outlines."""
    smaller = min(area(first), area(second))
    shared = shared_part(first, second) * smaller
    return shared / max(area(first) + area(second) - shared, 1e-9)


def is_inside(points: npt.NDArray[np.floating], outline: Corners | Floats) -> npt.NDArray[np.bool_]:
    """Which of the points (N, 2) lie in a convex outline (4, 2) that runs clockwise."""
    inside = np.ones(len(points), bool)
    for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        side = end - start
        inside &= side[0] * (points[:, 1] - start[1]) - side[1] * (points[:, 0] - start[0]) >= 0
    return inside
