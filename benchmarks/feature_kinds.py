"""Kinds of local features that `verification.py` compares: today's RootSIFT with other numbers, and binary features.

Every kind gives `LocalFeatures`, so that `recto.features.verify` matches all of them: the bits of a binary descriptor
become the signs +1 and -1, whose products count the bits that agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from unittest import mock

import cv2
import numpy as np

from recto.features import LocalFeatures, features
from recto.features.codebook import Codebook, load_codebook
from recto.features.features import COVER, PHOTO, Detail, root_sift
from recto.vectors import RGB, Floats
from recto_lab.training.codebook import drawn_images

POSITION_BYTES = 6
DRAWN = 200
"""Drawn covers that the principal axes beyond the 48 of the codebook are learned on."""
BINARY_RATIO = 0.8
"""Ratio test of binary descriptors, in bits that differ."""


@dataclass(frozen=True)
class Sift:
    """RootSIFT as `recto.features.features` makes it, with other numbers."""

    cover: Detail = COVER
    photo: Detail = PHOTO
    dimension: int = 48

    def describe(self, image: RGB, *, photo: bool) -> LocalFeatures:
        """Features of an RGB image."""
        parts: dict[str, Any] = {"COVER": self.cover, "PHOTO": self.photo}
        with mock.patch.multiple(features, load_codebook=lambda: projecting(self.dimension), **parts):
            return features.describe(image, photo=photo)

    @property
    def changes(self) -> Mapping[str, Any]:
        """What verification needs to know of these descriptors."""
        return {}

    @property
    def point_bytes(self) -> int:
        """Stored bytes of a keypoint."""
        return POSITION_BYTES + self.dimension


@dataclass(frozen=True)
class Binary:
    """Binary features at one size; `maker` takes the number of keypoints, of which the strongest are kept."""

    maker: Callable[[int], Any]
    cover: tuple[int, int]
    """Longest side in pixels, most keypoints."""
    photo: tuple[int, int]
    bits: int = 256

    def describe(self, image: RGB, *, photo: bool) -> LocalFeatures:
        """Features of an RGB image."""
        side, limit = self.photo if photo else self.cover
        small = features._shrink(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8), side)
        found, rows = self.maker(limit).detectAndCompute(small, None)
        table = np.array([(*p.pt, p.size, p.response) for p in found], np.float32).reshape(-1, 4)
        order = np.argsort(-table[:, 3], kind="stable")[:limit]
        packed = rows[order] if len(table) else np.zeros((0, self.bits // 8), np.uint8)
        signs = np.unpackbits(packed, axis=1).astype(np.int8) * 2 - 1
        table = table[order]
        return LocalFeatures(table[:, :2], table[:, 2], signs, small.shape[1], small.shape[0])

    @property
    def changes(self) -> Mapping[str, Any]:
        """Squared distances of unit vectors are proportional to the bits that differ, so the ratio is its root."""
        return {"QUANTUM": self.bits**0.5, "RATIO": BINARY_RATIO**0.5}

    @property
    def point_bytes(self) -> int:
        """Stored bytes of a keypoint."""
        return POSITION_BYTES + self.bits // 8


@lru_cache
def projecting(dimension: int) -> Codebook:
    """The codebook that ships, projecting to another number of dimensions."""
    codebook = load_codebook()
    if dimension <= codebook.projection.shape[1]:
        return replace(codebook, projection=codebook.projection[:, :dimension])
    samples = [
        root_sift(features.detect(image, photo=photo)[1]) for image, photo in drawn_images(DRAWN, 20_000)
    ]
    rows: Floats = np.concatenate(samples) - codebook.mean
    axes = np.linalg.eigh(rows.T @ rows)[1][:, ::-1]
    return replace(codebook, projection=axes[:, :dimension].astype(np.float32))


def _sift(covers: tuple[int, int], points: int = 400, enough: int = 200) -> Sift:
    return Sift(cover=Detail(covers, enough, points))


def _orb(points: int, covers: int, photos: int) -> Binary:
    return Binary(cv2.ORB.create, (covers, points), (photos, 1000))


KINDS: dict[str, Sift | Binary] = {
    "shipped": Sift(),
    "covers 256": _sift((256, 256)),
    "covers 320": _sift((320, 320)),
    "covers 400": _sift((400, 400)),
    "covers 256 / 400": _sift((256, 400)),
    "covers 256 / 512 below 100": _sift((256, 512), enough=100),
    "200 points": _sift((256, 512), 200),
    "800 points": _sift((256, 512), 800),
    "covers 256 / 400, 800 points": _sift((256, 400), 800),
    "covers 400, 800 points": _sift((400, 400), 800),
    "photos 640": Sift(photo=Detail((640, 800), 300, 1000)),
    "photos 640, 2000 points": Sift(photo=Detail((640, 800), 300, 2000)),
    "32 bytes": Sift(dimension=32),
    "64 bytes": Sift(dimension=64),
    "128 bytes": Sift(dimension=128),
    "ORB 500, covers 400": _orb(500, 400, 640),
    "ORB 1000, covers 400": _orb(1000, 400, 640),
    "ORB 500, covers 640": _orb(500, 640, 800),
    "ORB 1000, covers 640": _orb(1000, 640, 800),
}
"""Sizes are longest sides in pixels: of all covers, then of those with few keypoints."""

_more: Any = getattr(cv2, "xfeatures2d", None)
if _more is not None:  # opencv-contrib, which Recto does without
    KINDS["AKAZE 500, covers 400"] = Binary(lambda _: _more.AKAZE.create(), (400, 500), (640, 1000), 488)
    KINDS["AKAZE 500, covers 640"] = Binary(lambda _: _more.AKAZE.create(), (640, 500), (800, 1000), 488)
    KINDS["BRISK 500, covers 400"] = Binary(lambda _: _more.BRISK.create(), (400, 500), (640, 1000), 512)


def photos_of(kind: str) -> str:
    """The kind whose photos are described in the same way: most change only the covers."""
    mine, shipped = KINDS[kind], Sift()
    return "shipped" if isinstance(mine, Sift) and replace(mine, cover=shipped.cover) == shipped else kind
