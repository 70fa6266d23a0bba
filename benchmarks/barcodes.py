"""How many barcodes are read from photos of backs, by size of the photo and width of a bar, and what it costs.

    python benchmarks/barcodes.py [--photos 40] [--preset typical]

Photos are simulated from drawn backs at 12 megapixels and reduced. Processor time of one core, decoding included.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from recto.images import Limits
from recto.images.barcodes import read
from recto.settings import Settings
from recto_lab.synthetic import draw_covers, photograph
from recto_lab.synthetic.photo.options import PRESETS
from recto_lab.synthetic.plan import plan_book

SEED = 21
SIDES = (4032, 2016, 1155, 800)
WIDTHS = (1.0, 1.5, 2.0, 2.5, 3.0)
_MODULES = 117
_SHARE = 0.315  # width of a drawn barcode over the height of its back, on average


@dataclass(frozen=True)
class Shot:
    """A photo: its JPEG, the ISBN on it, pixels of the thinnest bar of a straight view of it."""

    data: bytes
    isbn: str
    module: float


def main() -> None:
    """Print a table by size of the photo, and one by width of a bar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="typical")
    options = parser.parse_args()
    _by_size(options.photos, options.preset)
    _by_width()


def _by_size(count: int, preset: str) -> None:
    shots = list(_photos(count, preset))
    print(
        f"{count} photos, {preset}\n{'longest side':>13} {'pixels a module':>16} {'read':>9} {'wrong':>6}  ms p50 / p95"
    )
    for side in SIDES:
        taken = [_reduced(shot, side) for shot in shots]
        _row(f"{side:>13}", taken)


def _by_width() -> None:
    """Straight views on a plain ground, turned by up to 45 degrees: what resolution alone allows."""
    print(f"\nplain views, turned\n{'':>13} {'pixels a module':>16} {'read':>9} {'wrong':>6}  ms p50 / p95")
    backs = [
        (draw_covers(index, seed=SEED, height=2400, side="back"), plan_book(index, SEED).isbn)
        for index in range(8)
    ]
    for width in WIDTHS:
        _row(
            f"{'':>13}", [_plain(back, isbn, width, turn) for back, isbn in backs for turn in range(0, 48, 5)]
        )


def _row(name: str, shots: list[Shot]) -> None:
    limits = Limits.of(Settings())
    right, wrong, spent = 0, 0, []
    misread: list[str] = []
    for shot in shots:
        start = time.thread_time()
        texts = [barcode["text"] for barcode in read(shot.data, limits, turned=True)]
        spent.append((time.thread_time() - start) * 1000)
        right += shot.isbn in texts
        wrong += any(text != shot.isbn for text in texts)
        misread += [text for text in texts if text != shot.isbn]
    module = float(np.median([shot.module for shot in shots]))
    p50, p95 = np.percentile(spent, [50, 95])
    figures = f"{module:>16.1f} {right:>4} / {len(shots):<3} {wrong:>5}  {p50:.0f} / {p95:.0f}"
    print(name, figures, *sorted(set(misread)), flush=True)


def _photos(count: int, preset: str) -> Iterator[Shot]:
    for index in range(count):
        back = draw_covers(index, seed=SEED, height=2400, side="back")
        photo = photograph(back, np.random.default_rng(index), options=PRESETS[preset], size=SIDES[0])
        height = float(np.linalg.norm(photo.outline[3] - photo.outline[0]))
        yield Shot(_jpeg(photo.image), plan_book(index, SEED).isbn, height * _SHARE / _MODULES)


def _reduced(shot: Shot, side: int) -> Shot:
    image: Image.Image = Image.open(io.BytesIO(shot.data))
    scale = side / max(image.size)
    if scale < 1:
        image = image.resize(
            (round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS
        )
    return Shot(_jpeg(image) if scale < 1 else shot.data, shot.isbn, shot.module * scale)


def _plain(sharp: Image.Image, isbn: str, module: float, degrees: float) -> Shot:
    scale = module * _MODULES / _SHARE / sharp.height
    back = sharp.resize((round(sharp.width * scale), round(sharp.height * scale)), Image.Resampling.LANCZOS)
    turned = back.convert("RGBA").rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    ground = Image.new("RGB", (turned.width + 200, turned.height + 200), (96, 84, 70))
    ground.paste(turned, (100, 100), turned)
    return Shot(_jpeg(ground), isbn, module)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
