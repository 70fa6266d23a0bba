"""A drawn cover, what can be done to it, and an even photo of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from PIL import Image

from recto.vectors import RGB
from recto_lab.synthetic import EASY, Photo, PhotoOptions, draw_covers, photograph

SEED, INDEX = 11, 5
PLAIN = replace(EASY, sticker=0.0, clutter=0.0, glare=0.0, gloss=0.0, shadow=0.0, blur=0.0)


@cache
def cover(index: int = INDEX) -> RGB:
    """The front of a drawn book."""
    return np.asarray(draw_covers(index, seed=SEED, height=640).convert("RGB"))


def with_sticker(page: RGB, box: tuple[float, float, float, float]) -> RGB:
    """The page with a label at x, y, width, height, shares of its size."""
    height, width = page.shape[:2]
    left, top = round(box[0] * width), round(box[1] * height)
    right, bottom = left + round(box[2] * width), top + round(box[3] * height)
    changed = page.copy()
    cv2.rectangle(changed, (left, top), (right, bottom), (246, 240, 210), -1)
    for row, text in enumerate(("QX 17", "LIBRARY", "1904")):
        place = (left + 6, top + round((row + 1) * (bottom - top) / 4))
        cv2.putText(changed, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30, 30, 40), 1, cv2.LINE_AA)
    return changed


def shoot(page: RGB, seed: int = 1, options: PhotoOptions = PLAIN) -> Photo:
    """A photo of a page."""
    return photograph(Image.fromarray(page), np.random.default_rng(seed), options=options, size=(720, 960))


def pixels(photo: Photo) -> RGB:
    """The pixels of a photo."""
    return np.asarray(photo.image.convert("RGB"))
