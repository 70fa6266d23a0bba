"""Views of a cover for training: the catalogue's view and fast simulated photos (about 1 ms each, OpenCV only).

The careful simulator of `recto_lab.synthetic` takes tens of milliseconds a photo; it judges, this one teaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from recto.vectors import RGB, Floats
from recto_lab.training.camera import camera, grey_rgb, jpeg, tone

Random = np.random.Generator


@dataclass(frozen=True)
class PhotoOptions:
    """Ranges of the simulated photos."""

    turn: float = 40.0
    """Largest turn in degrees of most photos."""
    quarter_turn: float = 0.2
    """Share of photos turned by one to three quarters on top: a telephone that did not know how it was held."""
    any_turn: float = 0.15
    """Share of photos turned by any angle."""
    smallest: float = 0.25
    largest: float = 1.6
    """Area of the cover in parts of the photo's area; above about 0.7 the photo shows a part of the cover."""
    perspective: float = 0.12
    """Largest displacement of a corner, in parts of the cover's side."""


def identity(cover: RGB, rng: Random) -> RGB:
    """A new cover from a drawn one: mirrored, upside down or recoloured. Both views of a pair are made from it."""
    if rng.random() < 0.3:
        cover = cover[:, ::-1]
    if rng.random() < 0.1:
        cover = cover[::-1]
    if rng.random() < 0.3:
        cover = cover[:, :, rng.permutation(3)]
    if rng.random() < 0.1:
        cover = 255 - cover
    if rng.random() < 0.3:
        mixing = np.eye(3) + rng.uniform(-0.35, 0.35, (3, 3))
        cover = _recolour(cover, mixing / mixing.sum(1, keepdims=True))
    if rng.random() < 0.2:  # pale or grey: such a cover is known by its drawing alone
        grey, share = np.full((3, 3), 1 / 3), rng.uniform(0.4, 1)
        cover = _recolour(cover, grey * share + np.eye(3) * (1 - share))
    return np.ascontiguousarray(cover)


def composite(cover: RGB, other: RGB, rng: Random) -> RGB:
    """A new cover from two: a part of the one replaced by a part of the other, or one printed over the other.

    Two covers of a batch may so share half of what they show, and the network has to look at the rest.
    """
    kind = rng.random()
    if kind < 0.2:
        return np.minimum(cover, other)  # dark print on the other's picture
    if kind < 0.3:
        return np.maximum(cover, other)
    if kind < 0.4:
        share = rng.uniform(0.3, 0.7)
        return np.asarray(cv2.addWeighted(cover, share, other, 1 - share, 0), np.uint8)
    mixed = cover.copy()
    rows, columns = cover.shape[:2]
    height = int(rng.uniform(0.2, 0.75) * rows)
    width = columns if rng.random() < 0.5 else int(rng.uniform(0.4, 1) * columns)
    top, from_top = (int(rng.integers(0, rows - height + 1)) for _ in range(2))
    left = int(rng.integers(0, columns - width + 1))
    mixed[top : top + height, left : left + width] = other[from_top : from_top + height, left : left + width]
    return mixed


def _recolour(cover: RGB, mixing: npt.NDArray[np.float64]) -> RGB:
    return np.asarray(cv2.transform(np.ascontiguousarray(cover), mixing), np.uint8)


def catalogue_view(cover: RGB, rng: Random, height: int, width: int) -> RGB:
    """The cover as a catalogue holds it: upright and whole; a scan's small differences in half of them."""
    if rng.random() < 0.5:
        margin = rng.uniform(0, 0.03, 4) * (cover.shape[0], cover.shape[0], cover.shape[1], cover.shape[1])
        top, bottom, left, right = (int(value) for value in margin)
        cover = cover[top : cover.shape[0] - bottom, left : cover.shape[1] - right]
    view = np.asarray(cv2.resize(cover, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    if rng.random() < 0.3:
        view = tone(view, rng, strength=0.3)
    return jpeg(view, rng) if rng.random() < 0.2 else view


def plain_view(picture: RGB, height: int, width: int) -> RGB:
    """The picture as it is, in another size."""
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def light_view(picture: RGB, rng: Random, height: int, width: int) -> RGB:
    """The picture slightly turned, cut and toned: a view that hardly asks anything."""
    rows, columns = picture.shape[:2]
    angle = rng.uniform(-10, 10)
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), angle, float(rng.uniform(1.0, 1.3)))
    turn[:, 2] += rng.uniform(-0.05, 0.05, 2) * np.array([columns, rows])
    turned = cv2.warpAffine(picture, turn, (columns, rows), borderMode=cv2.BORDER_REFLECT)
    return tone(plain_view(np.asarray(turned, np.uint8), height, width), rng, strength=0.4)


def photo_view(
    cover: RGB, others: Sequence[RGB], rng: Random, height: int, width: int, options: PhotoOptions
) -> RGB:
    """A simulated photo of the cover before a background made of `others`, (height, width, 3)."""
    scene = _background(others[0], rng, height, width)
    for neighbour in others[1 : 1 + int(rng.choice(3, p=[0.6, 0.25, 0.15]))]:
        corners = _corners(rng, height, width, options, upright=True, visible=False)
        _lay(scene, neighbour, corners, rng)
    upright = cover.shape[0] >= cover.shape[1]
    corners = _corners(rng, height, width, options, upright=upright, visible=True)
    _lay(scene, _with_stickers(cover, rng) if rng.random() < 0.25 else cover, corners, rng)
    if rng.random() < 0.15:
        _occlude(scene, rng)
    return camera(scene, rng)


def _background(other: RGB, rng: Random, height: int, width: int) -> RGB:
    kind = rng.random()
    if kind < 0.35:
        flat = np.empty((height, width, 3), np.uint8)
        flat[:] = np.clip(rng.uniform(0, 255) + rng.normal(0, 15, 3), 0, 255)
        return flat
    size = int(rng.uniform(0.15, 0.9) * min(other.shape[:2]))
    top = int(rng.integers(0, other.shape[0] - size))
    left = int(rng.integers(0, other.shape[1] - size))
    patch = other[top : top + size, left : left + size]
    if kind < 0.6:
        patch = np.asarray(cv2.blur(patch, (9, 9)), np.uint8)
    return np.asarray(cv2.resize(patch, (width, height)), np.uint8)


def _corners(
    rng: Random, height: int, width: int, options: PhotoOptions, upright: bool, visible: bool
) -> Floats:
    """Corners of the cover in the photo, (4, 2), clockwise from the cover's top left."""
    area = np.exp(rng.uniform(np.log(options.smallest), np.log(options.largest))) * height * width
    aspect = rng.uniform(0.62, 0.8) if upright else 1 / rng.uniform(0.62, 0.8)
    half = np.array([np.sqrt(area * aspect), np.sqrt(area / aspect)]) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    corners = (
        corners + rng.uniform(-options.perspective, options.perspective, (4, 2)) * half * rng.random() * 2
    )
    limit = 180.0 if rng.random() < options.any_turn else options.turn
    quarters = 90 * int(rng.integers(1, 4)) if rng.random() < options.quarter_turn else 0
    angle = np.deg2rad(rng.uniform(-limit, limit) + quarters)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    frame = np.array([width, height])
    reach = 0.12 * frame + 0.35 * np.abs(half - frame / 2) if visible else 0.6 * frame
    centre = frame / 2 + rng.uniform(-1, 1, 2) * reach
    return np.asarray(corners @ turn + centre, np.float32)


def _lay(scene: RGB, cover: RGB, corners: Floats, rng: Random) -> None:
    """Put a cover into the scene, in place, over a dark rim now and then."""
    height, width = scene.shape[:2]
    length = float(np.linalg.norm(corners[0] - corners[3]))
    while length < 0.6 * cover.shape[0]:  # halve first: a warp alone would alias
        cover = np.asarray(cv2.resize(cover, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    rows, columns = cover.shape[:2]
    source = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners)
    mask = np.zeros((height, width), np.uint8)
    if rng.random() < 0.4:
        offset = rng.uniform(-4, 4, 2).astype(np.float32)
        cv2.fillPoly(mask, [_in_sixteenths(corners + offset)], 255, cv2.LINE_AA, 4)
        scene -= grey_rgb(cv2.blur(mask, (7, 7))) >> 2 & scene  # no more than there is: nothing wraps around
        mask[:] = 0
    cv2.fillPoly(mask, [_in_sixteenths(corners)], 255, cv2.LINE_8, 4)
    warped = cv2.warpPerspective(cover, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    cv2.copyTo(warped, mask, scene)


def _in_sixteenths(corners: Floats) -> npt.NDArray[np.int32]:
    """Points in the fixed-point numbers that OpenCV draws sub-pixel shapes with."""
    return (corners * 16).astype(np.int32)


def _with_stickers(cover: RGB, rng: Random) -> RGB:
    """A copy of the cover with labels, some with lines of print or bars."""
    cover = cover.copy()
    rows, columns = cover.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        width, height = (int(rng.uniform(0.08, 0.35) * columns), int(rng.uniform(0.04, 0.15) * rows))
        left, top = int(rng.integers(0, columns - width)), int(rng.integers(0, rows - height))
        label = cover[top : top + height, left : left + width]
        label[:] = 255 - rng.integers(0, 60, 3) if rng.random() < 0.8 else rng.integers(0, 256, 3)
        if rng.random() < 0.6:
            label[:, :: int(rng.integers(2, 6))] //= 3
    return cover


def _occlude(scene: RGB, rng: Random) -> None:
    """A thumb or a cup at the edge of the photo, in place."""
    height, width = scene.shape[:2]
    centre = [int(rng.uniform(0, width)), int(rng.choice([0, height]))]
    axes = [int(rng.uniform(0.05, 0.2) * width), int(rng.uniform(0.1, 0.25) * height)]
    colour = [int(value) for value in np.clip(np.array([200, 150, 120]) + rng.normal(0, 50, 3), 0, 255)]
    cv2.ellipse(scene, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
