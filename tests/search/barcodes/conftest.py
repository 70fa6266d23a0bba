"""A small drawn shelf, as the tests of ingest and search have it, and pictures of its barcodes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from tests.ingest.conftest import settings as settings
from tests.ingest.conftest import shelf as shelf

from recto_lab.synthetic import draw_covers
from recto_lab.synthetic.marks import barcode
from recto_lab.synthetic.plan import plan_book

SEED = 21
TABLE = (96, 84, 70)


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    """The picture as a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def isbn_of(index: int) -> str:
    """The ISBN of a drawn book."""
    return plan_book(index, SEED).isbn


def on_table(cover: Image.Image, degrees: float = 0, size: tuple[int, int] = (1600, 1200)) -> Image.Image:
    """A cover that lies turned on a plain table, as seen from above."""
    photo = Image.new("RGB", size, TABLE)
    turned = cover.convert("RGBA").rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    photo.paste(turned, ((size[0] - turned.width) // 2, (size[1] - turned.height) // 2), turned)
    return photo


def back(index: int, height: int = 900) -> Image.Image:
    """The back of a drawn book."""
    return draw_covers(index, seed=SEED, height=height, side="back")


def label(number: str, degrees: float = 0) -> Image.Image:
    """A photo with nothing but a barcode in it."""
    grain = np.random.default_rng(3).integers(-12, 13, (900, 1200, 3))
    photo = on_table(barcode(number, 468, 220), degrees, (1200, 900))
    return Image.fromarray((np.asarray(photo).astype(int) + grain).clip(0, 255).astype(np.uint8))
