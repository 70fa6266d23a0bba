"""The pictures of a comparison: photo and cover in one frame, and the map of their differences."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from recto.comparison.photo_cover.compare import Comparison
from recto.comparison.photo_cover.light import exposed
from recto.comparison.photo_cover.planes import Mask, blurred
from recto.comparison.photo_cover.rectify import Rectified, flatten, rectify, shrunk
from recto.comparison.photo_cover.regions import GROWN
from recto.images import encode_jpeg
from recto.vectors import RGB

FRAME = 720
"""Longest side in pixels of the pictures that a page shows beside each other."""
QUALITY = 88
HOT = ((236, 120, 30), (226, 30, 60))
"""Colours of the map, from what just counts as a difference to what has nothing in common; seen on any cover."""
UNJUDGED = (120, 120, 130)


def pictures(photo: RGB, cover: RGB, found: Comparison | None) -> dict[str, bytes]:
    """Files by name, in the shape of the cover: `cover`; `photo`, straightened; `matched`, in colours near the cover's;
    `heat`, the map of the differences, a PNG with transparency (the others are JPEG). Not aligned: `cover` alone.
    """
    frame = shrunk(cover, FRAME)
    files = {"cover": encode_jpeg(frame, FRAME, QUALITY)}
    if found is None:
        return files
    seen = straightened(photo, cover, found, frame)
    shown = seen.pixels.copy()
    outside = _broad(~seen.inside)
    shown[outside] = UNJUDGED
    matched = exposed(seen, frame)
    matched[outside] = UNJUDGED
    return {
        **files,
        "photo": encode_jpeg(shown, FRAME, QUALITY),
        "matched": encode_jpeg(matched, FRAME, QUALITY),
        "heat": _heat(found),
    }


def straightened(photo: RGB, cover: RGB, found: Comparison, frame: RGB) -> Rectified:
    """The photo in the frame of the cover, flattened."""
    size = (frame.shape[1], frame.shape[0])
    scale = np.diag([cover.shape[1] / size[0], cover.shape[0] / size[1], 1.0])
    return flatten(rectify(photo, found.homography @ scale, size), frame)


def _broad(mask: Mask) -> Mask:
    """The mask without slivers, such as those along an edge that is cut to the pixel."""
    core = np.ones((5, 5), np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, core, borderValue=0) > 0)


def _heat(found: Comparison) -> bytes:
    """The regions in colours that say how much differs, and a grey veil over what cannot be judged."""
    share = np.clip((found.apart - GROWN) / (1.2 - GROWN), 0, 1)[..., None]
    colours = np.array(HOT[0]) * (1 - share) + np.array(HOT[1]) * share
    inside = blurred(found.differs.astype(np.float32), 1.5)
    alpha = inside * (0.45 + 0.3 * share[..., 0])
    hidden = _broad(~found.inside) | found.glare
    colours[hidden] = UNJUDGED
    alpha[hidden] = 0.6
    table = np.dstack([colours, alpha * 255]).clip(0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(table, "RGBA").save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
