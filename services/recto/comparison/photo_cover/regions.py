"""From a map of differences to a few regions with a place in words."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from recto.comparison.photo_cover.planes import Mask
from recto.vectors import Floats

SEED, GROWN = 0.65, 0.35
"""Difference from which a place starts a region, and down to which the region grows. On seed 1 of
`benchmarks/differences.py` a seed of .5 marks as many stickers and three times as many regions in unchanged photos, one
of .72 marks .88 of changed titles instead of .96."""
SMALLEST = 0.002
"""Smallest region, as a share of the cover."""
CLOSED = 0.03
"""Gaps within a region that are closed, as a share of the longest side: between the words of a line."""
TRIM = 0.009
"""What is taken off the border of a region, as a share of the longest side: windows reach over an edge."""
MOST = 8
"""Regions named at most, the largest."""

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Region:
    """A place where photo and cover differ: `box` as x, y, width, height, each a share of the cover's; `share` of the
    cover's area; `strength`: mean difference, about 0.5 to 1.5; `place` in words."""

    box: tuple[float, float, float, float]
    share: float
    strength: float
    place: str


def find_regions(apart: Floats, judged: Mask) -> tuple[Labels, list[Region]]:
    """Regions of a map of differences (H, W), largest first; labels (H, W) are their numbers from 1, 0 elsewhere."""
    grown = (apart > GROWN) & judged
    size = max(3, round(CLOSED * max(apart.shape))) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.morphologyEx(grown.astype(np.uint8), cv2.MORPH_CLOSE, disc) * judged.astype(np.uint8)
    count, parts = cv2.connectedComponents(closed, connectivity=8)
    sizes = np.bincount(parts.ravel(), minlength=count)
    peaks = np.zeros(count, np.float32)
    np.maximum.at(peaks, np.asarray(parts, np.intp).ravel(), np.where(judged, apart, 0).ravel())
    enough = [
        part for part in range(1, count) if peaks[part] >= SEED and sizes[part] >= SMALLEST * apart.size
    ]
    enough.sort(key=lambda part: -int(sizes[part]))
    labels = np.zeros(parts.shape, np.int32)
    regions = []
    for number, part in enumerate(enough[:MOST], start=1):
        mask = _trimmed(parts == part)
        labels[mask] = number
        regions.append(_region(mask, apart))
    return labels, regions


def place_words(x: float, y: float) -> str:
    """Where a point of the cover (shares of its width and height) is, in words."""
    down = "top" if y < 0.33 else "bottom" if y > 0.67 else ""
    across = "left" if x < 0.33 else "right" if x > 0.67 else ""
    if down and across:
        return f"{down} {across}"
    return {
        "top": "at the top",
        "bottom": "at the bottom",
        "left": "on the left",
        "right": "on the right",
    }.get(down or across, "in the middle")


def _trimmed(part: Mask) -> Mask:
    """The region a little smaller, unless little would be left of it."""
    size = 2 * round(TRIM * max(part.shape)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    core = cv2.erode(part.astype(np.uint8), disc, borderType=cv2.BORDER_REPLICATE) > 0
    return np.asarray(core if core.sum() > 0.4 * part.sum() else part)


def _region(part: Mask, apart: Floats) -> Region:
    height, width = part.shape
    rows, columns = np.nonzero(part)
    top, left = rows.min() / height, columns.min() / width
    box = (left, top, (columns.max() + 1) / width - left, (rows.max() + 1) / height - top)
    place = place_words(columns.mean() / width, rows.mean() / height)
    return Region(
        (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
        float(part.mean()),
        float(apart[part].mean()),
        place,
    )
