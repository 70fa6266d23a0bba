"""A comparison as plain data for ledger, pages and API: everything in pixels of the full-size photo and cover."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from recto.comparison.photo_cover.align import outline_of
from recto.comparison.photo_cover.compare import Comparison
from recto.comparison.photo_cover.regions import Region
from recto.comparison.photo_cover.words import ANOTHER, LITTLE, sentence_of
from recto.images import Decoded
from recto.vectors import Floats


def document(
    found: Comparison | None, photo: Decoded, cover: Decoded, photo_size: tuple[int, int]
) -> dict[str, Any]:
    """The result of a comparison; `photo_size`: width and height of the photo as the search knows it."""
    result: dict[str, Any] = {
        "aligned": found is not None,
        "verdict": _verdict(found),
        "photo_size": list(photo_size),
        "cover_size": [cover.full_width, cover.full_height],
        "inliers": 0,
        "matches": [],
        "outline": None,
        "homography": None,
        "regions": [],
        "share": 0.0,
        "judged": 0.0,
        "hidden": {"outside": 0.0, "glare": 0.0},
    }
    if found is None:
        return result | {"sentence": sentence_of([], 0.0, aligned=False)}
    of_photo = _scale(photo_size, photo)
    of_cover = _scale((cover.full_width, cover.full_height), cover)
    shares = [region.share for region in found.regions]
    return result | {
        "inliers": found.alignment.inliers,
        "matches": _plain(found.alignment.matches * np.concatenate([of_photo, of_cover])),
        "outline": _plain(outline_of(found.homography, cover.pixels) * of_photo),
        "homography": _full(found.homography, of_photo, of_cover),
        "regions": [
            _region(region, found, number, (cover.full_width, cover.full_height))
            for number, region in enumerate(found.regions, start=1)
        ],
        "share": round(sum(shares), 4),
        "judged": round(_judged(found), 4),
        "hidden": {
            "outside": round(float(1 - found.inside.mean()), 4),
            "glare": round(float((found.glare & found.inside).mean()), 4),
        },
        "sentence": sentence_of(found.regions, _judged(found)),
    }


def _verdict(found: Comparison | None) -> str:
    """`alike`, `differs` in a few places, `other` (much differs), `unjudged` (too little is seen), `unaligned`."""
    if found is None:
        return "unaligned"
    judged, share = _judged(found), sum(region.share for region in found.regions)
    if judged < LITTLE:
        return "unjudged"
    if share > ANOTHER * judged:
        return "other"
    return "differs" if found.regions else "alike"


def _judged(found: Comparison) -> float:
    """Share of the cover that is in the photo and not hidden; its brim, which is never judged, counts as if it were."""
    return float((found.inside & ~found.glare).mean())


def _region(region: Region, found: Comparison, number: int, size: tuple[int, int]) -> dict[str, Any]:
    width, height = size
    x, y, wide, tall = region.box
    mask = (found.labels == number).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = max(contours, key=cv2.contourArea)
    corners = cv2.approxPolyDP(largest, 1.2, True).reshape(-1, 2) + 0.5
    scale = np.array([width / mask.shape[1], height / mask.shape[0]])
    return {
        "box": [round(x * width, 1), round(y * height, 1), round(wide * width, 1), round(tall * height, 1)],
        "outline": _plain(corners * scale),
        "share": round(region.share, 4),
        "strength": round(region.strength, 2),
        "place": region.place,
    }


def _scale(full: tuple[int, int], decoded: Decoded) -> Floats:
    """Full-size pixels for one decoded pixel, across and down."""
    height, width = decoded.pixels.shape[:2]
    return np.array([full[0] / width, full[1] / height], np.float32)


def _full(homography: npt.NDArray[np.float64], of_photo: Floats, of_cover: Floats) -> list[list[float]]:
    whole = np.diag([*of_photo, 1.0]) @ homography @ np.diag([*(1 / of_cover), 1.0])
    return [[float(f"{value:.8g}") for value in row] for row in whole / whole[2, 2]]


def _plain(points: npt.NDArray[np.floating]) -> list[list[float]]:
    return [[round(float(value), 1) for value in point] for point in points]
