"""Photographs a cover: table, other books, pose, light, camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from recto_lab.synthetic.photo import camera, light, objects
from recto_lab.synthetic.photo.geometry import Corners, pose
from recto_lab.synthetic.photo.options import TYPICAL, PhotoOptions
from recto_lab.synthetic.photo.table import draw_ground
from recto_lab.synthetic.types import Pixels, Plane

_MOST_OTHERS = 5


@dataclass(frozen=True)
class Photo:
    """A simulated photo (RGB) and where the cover is in it.

    `outline`: float32 (4, 2), pixel x and y of the cover's top-left, top-right, bottom-right and bottom-left
    corner; pixel centres are whole numbers. Corners may lie outside the photo.
    """

    image: Image.Image
    outline: Corners


def photograph(
    cover: Image.Image,
    rng: np.random.Generator,
    *,
    options: PhotoOptions = TYPICAL,
    size: tuple[int, int] | int = (960, 720),
    others: Sequence[Image.Image] = (),
) -> Photo:
    """A photo of a cover, never mirrored.

    `size`: width and height in pixels, or the longest side of a 4:3 photo held upright or across. `others`: covers
    that lie around it. The same cover, random state and arguments give the same photo.
    """
    frame = _frame(rng, size)
    page = np.asarray(cover.convert("RGB"))
    pixels = draw_ground(rng, frame[1], frame[0])
    _clutter(rng, pixels, [np.asarray(other.convert("RGB")) for other in others], options)
    if rng.random() < options.sticker:
        page = objects.add_label(rng, page)
    if rng.random() < options.curl:
        page = objects.curled(rng, page)
    face, foot = pose(rng, (page.shape[1], page.shape[0]), frame, options)
    if rng.random() < options.case:
        objects.lay_case(rng, pixels, face, foot)
    objects.lay_book(rng, pixels, page, face, foot)
    if rng.random() < options.finger:
        objects.add_fingers(rng, pixels, face)
    pixels = _lit(rng, pixels, face, options)
    pixels = taken(rng, pixels, options)
    return Photo(Image.fromarray(pixels), face)


def _frame(rng: np.random.Generator, size: tuple[int, int] | int) -> tuple[int, int]:
    if isinstance(size, tuple):
        return size
    short = round(size * 0.75)
    return (short, size) if rng.random() < 0.5 else (size, short)


def _clutter(rng: np.random.Generator, pixels: Pixels, others: list[Pixels], options: PhotoOptions) -> None:
    frame = (pixels.shape[1], pixels.shape[0])
    for _ in range(_MOST_OTHERS):
        if rng.random() >= options.clutter:
            continue
        angle, far = float(rng.uniform(0, 6.2832)), float(rng.uniform(0.25, 0.6))
        shift = (far * float(np.cos(angle)), far * float(np.sin(angle)))
        other = others[int(rng.integers(len(others)))] if others else objects.stand_in_cover(rng)
        scale = float(rng.uniform(0.5, 1.0))  # the book meant is mostly the largest in the photo
        face, foot = pose(rng, (other.shape[1], other.shape[0]), frame, options, shift=shift, scale=scale)
        objects.lay_book(rng, pixels, other, face, foot)


def _lit(rng: np.random.Generator, pixels: Pixels, face: Corners, options: PhotoOptions) -> Pixels:
    lamp = light.illumination(rng, pixels, options.uneven, options.shadow)
    result = cv2.multiply(pixels, cv2.merge([lamp, lamp, lamp]), dtype=cv2.CV_8U)
    if rng.random() < options.gloss:
        result = _brightened(np.asarray(result, np.uint8), light.gloss(rng, pixels))
    if rng.random() < options.glare:
        result = _brightened(np.asarray(result, np.uint8), light.glare(rng, pixels, face))
    return np.asarray(result, np.uint8)


def _brightened(pixels: Pixels, share: Plane) -> Pixels:
    white = np.full_like(pixels, 255)
    return np.asarray(cv2.blendLinear(white, pixels, share, 1 - share), np.uint8)


def taken(rng: np.random.Generator, pixels: Pixels, options: PhotoOptions) -> Pixels:
    """What the camera makes of a scene: resolution, blur, development, noise, JPEG."""
    if rng.random() < options.low_resolution:
        pixels = camera.coarse(rng, pixels)
    if rng.random() < options.blur:
        pixels = camera.blurred(rng, pixels, options.blur_size)
    pixels = camera.developed(rng, pixels, options)
    pixels = camera.noisy(rng, pixels, options.noise)
    return camera.through_jpeg(rng, pixels, options.jpeg)
