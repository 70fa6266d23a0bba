"""Keypoints and compact descriptors of an image: RootSIFT reduced to 48 signed bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from recto.errors import BadInput
from recto.features.codebook import load_codebook
from recto.vectors import RGB, Floats

CONTRAST = 0.03
"""SIFT's contrast threshold. .02 adds noise: right book first among the words of smvs_dvd .77 instead of .82."""
QUANTUM = 127.0
"""A component x of a unit descriptor is stored as the byte round(127 x); the rounding moves a descriptor by .016."""
POSITION_STEPS = 64
"""Positions and sizes are stored in 64ths of a pixel, as 16 bits."""
_HEADER = struct.Struct("<HHHH")
_FORMAT = 1

Descriptors = npt.NDArray[np.int8]
Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Detail:
    """How finely an image is described: at the longest side `sides[0]` in pixels, or at `sides[1]` where the first
    shows less than `enough` keypoints; at most `points` keypoints are kept."""

    sides: tuple[int, int]
    enough: int
    points: int


COVER = Detail((256, 512), 200, 400)
PHOTO = Detail((480, 800), 300, 1000)
"""SIFT doubles the picture first, so the finest features at 256 pixels are those of 512. Coarse is better and cheaper:
the words alone put the right cover of smvs_dvd first in .72 with covers at 400 pixels, .74 at 320, .81 at 256. But
plain covers, lines of small type on a paper ground, then have too few: of simulated photos of `near_duplicates.csv`,
which are mostly such, .90 fit with nine inliers or more at one size, .97 at two; of drawn covers .93 and .93. A cover
costs 11 ms of one core at 256, 33 at 512 (three in ten distractors), 20 on average; a photo 28 at 480."""


@dataclass(frozen=True)
class LocalFeatures:
    """Local features of one image, strongest first.

    `points` (N, 2): x, y in pixels of the described image, which is `width` x `height`; `sizes` (N,): diameters of the
    keypoints in the same pixels; `descriptors` (N, 48): unit vectors times `QUANTUM`, rounded.
    """

    points: Floats
    sizes: Floats
    descriptors: Descriptors
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.points)

    def only(self, kept: npt.NDArray[np.bool_]) -> LocalFeatures:
        """Those of them that a mask (N,) marks."""
        return LocalFeatures(
            self.points[kept], self.sizes[kept], self.descriptors[kept], self.width, self.height
        )


def describe(image: RGB, *, photo: bool) -> LocalFeatures:
    """Find and describe the keypoints of an RGB image (H, W, 3); a picture without texture has none.

    SIFT: Lowe, IJCV 2004. RootSIFT: Arandjelovic and Zisserman, CVPR 2012. A photo is described finer than a cover,
    because the book fills only a part of it.
    """
    table, sift, (width, height) = detect(image, photo=photo)
    if not len(table):
        return _without_features(width, height)
    table = _on_grid(table)
    return LocalFeatures(table[:, :2], table[:, 2], _reduce(sift), width, height)


def detect(image: RGB, *, photo: bool) -> tuple[Floats, Floats, tuple[int, int]]:
    """Keypoints (N, 3) as x, y, diameter, SIFT descriptors (N, 128), and width and height of the described image."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    detail = PHOTO if photo else COVER
    for side in detail.sides:
        small = _shrink(grey, side)
        table, sift = _sift(small, detail.points)
        if len(table) >= detail.enough or small.shape == grey.shape:
            break
    return table, sift, (int(small.shape[1]), int(small.shape[0]))


def _sift(grey: Grey, limit: int) -> tuple[Floats, Floats]:
    """Keypoints (N, 3) and descriptors (N, 128), strongest first."""
    finder = cv2.SIFT.create(limit, contrastThreshold=CONTRAST)
    keypoints, sift = finder.detectAndCompute(grey, None)
    rows = [(*point.pt, point.size, point.response) for point in keypoints]
    table = np.array(rows, np.float32).reshape(-1, 4)
    order = np.argsort(-table[:, 3], kind="stable")[:limit]
    described = sift[order] if len(keypoints) else np.zeros((0, 128))
    return table[order, :3], described.astype(np.float32)


def pack(features: LocalFeatures) -> bytes:
    """Bytes of the features, 54 per keypoint; `unpack` gives back exactly what `describe` gave."""
    table = np.column_stack([features.points, features.sizes]) * POSITION_STEPS
    header = _HEADER.pack(_FORMAT, len(features), features.width, features.height)
    return header + table.round().astype("<u2").tobytes() + features.descriptors.tobytes()


def unpack(data: bytes) -> LocalFeatures:
    """Features from the bytes of `pack`.

    Raises:
        BadInput: the bytes were not written by `pack`, or not all of them are there.
    """
    dimension = load_codebook().projection.shape[1]
    count = _HEADER.unpack_from(data)[1] if len(data) >= _HEADER.size else 0
    if len(data) != _HEADER.size + count * (6 + dimension) or _HEADER.unpack_from(data)[0] != _FORMAT:
        raise BadInput("These bytes are not packed local features of this version of Recto.")
    _, _, width, height = _HEADER.unpack_from(data)
    table = np.frombuffer(data, "<u2", 3 * count, _HEADER.size).reshape(count, 3)
    places = np.asarray(table / POSITION_STEPS, np.float32)
    descriptors = np.frombuffer(data, np.int8, offset=_HEADER.size + 6 * count).reshape(count, dimension)
    return LocalFeatures(places[:, :2], places[:, 2], descriptors, width, height)


def root_sift(sift: npt.NDArray[np.float32]) -> Floats:
    """SIFT descriptors (N, 128) -> RootSIFT: rows divided by their sum, square roots taken."""
    rows = np.asarray(sift, np.float32)
    return np.asarray(np.sqrt(rows / np.maximum(rows.sum(axis=1, keepdims=True), 1e-9)), np.float32)


def _reduce(sift: npt.NDArray[np.float32]) -> Descriptors:
    codebook = load_codebook()
    reduced = (root_sift(sift) - codebook.mean) @ codebook.projection
    reduced /= np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-9)
    return np.round(reduced * QUANTUM).astype(np.int8)


def _shrink(grey: Grey, side: int) -> Grey:
    """Shrink to the longest side; smaller pictures stay as they are, SIFT doubles them anyway."""
    height, width = grey.shape
    scale = side / max(height, width)
    if scale >= 1:
        return grey
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _on_grid(table: Floats) -> Floats:
    """Round positions and sizes to what `pack` keeps, so that fresh and stored features are the same."""
    steps = np.clip(np.round(table * POSITION_STEPS), 0, 65535)
    return np.asarray(steps / POSITION_STEPS, np.float32)


def _without_features(width: int, height: int) -> LocalFeatures:
    dimension = load_codebook().projection.shape[1]
    none = np.zeros((0, 2), np.float32)
    return LocalFeatures(none, none[:, 0], np.zeros((0, dimension), np.int8), width, height)
