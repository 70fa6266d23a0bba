"""The same cover once more: as another file of the same picture, or in another printing."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

from recto_lab.synthetic.fonts import Face
from recto_lab.synthetic.marks import sticker

CROP = 0.04
"""Part of the height or width that a copy lacks at each side, at most."""
SIZES = (0.4, 1.3)
QUALITIES = (40, 92)
LIGHT = 0.1
"""Change of brightness of a copy, at most."""
_RED, _CREAM, _INK = (190, 40, 45), (247, 240, 222), (30, 30, 34)


def copied(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The picture (RGB) as another shop has it: slightly cropped, resized, a little lighter or darker, encoded anew."""
    width, height = image.size
    left, top, right, bottom = rng.uniform(0, CROP, 4)
    box = (left * width, top * height, width - right * width, height - bottom * height)
    scale = rng.uniform(*SIZES)
    size = (max(32, round(width * scale)), max(32, round(height * scale)))
    copy = image.resize(size, Image.Resampling.BICUBIC, box=box)
    copy = copy.point(_lighter(float(rng.uniform(1 - LIGHT, 1 + LIGHT))))
    return _encoded(copy, int(rng.integers(*QUALITIES)))


def reprinted(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The cover (RGB) of another printing: with a sticker, a price, other lettering on a band; scanned once more."""
    again = image.copy()
    changes = [_with_sticker, _with_price, _with_band]
    for change in rng.permutation(len(changes))[: int(rng.integers(1, len(changes) + 1))]:
        changes[change](again, rng)
    return copied(again, rng)


def _lighter(gain: float) -> list[int]:
    return [min(255, round(level * gain)) for level in range(256)] * 3


def _encoded(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _with_sticker(image: Image.Image, rng: np.random.Generator) -> None:
    centre = (float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.2, 0.8)))
    sticker(image, "2nd edition", centre, float(rng.uniform(0.12, 0.2)), _RED)


def _with_price(image: Image.Image, rng: np.random.Generator) -> None:
    width, height = image.size
    left, top = width * (0.06 if rng.random() < 0.5 else 0.7), height * (0.04 if rng.random() < 0.5 else 0.88)
    box = (left, top, left + width * 0.24, top + height * 0.08)
    _box(image, box, _CREAM, "9.90")


def _with_band(image: Image.Image, rng: np.random.Generator) -> None:
    width, height = image.size
    top = float(rng.uniform(0.1, 0.75)) * height
    _box(image, (0, top, width, top + float(rng.uniform(0.08, 0.18)) * height), _RED, "Now a film")


def _box(
    image: Image.Image, box: tuple[float, float, float, float], colour: tuple[int, int, int], text: str
) -> None:
    draw = ImageDraw.Draw(image)
    draw.rectangle(box, fill=colour)
    left, top, right, bottom = box
    font = Face("source-sans", "bold").at(max(8, round((bottom - top) * 0.5)))
    draw.text(((left + right) / 2, (top + bottom) / 2), text, fill=_INK, font=font, anchor="mm")
