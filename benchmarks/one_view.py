"""How encoders do on their own: one upright view of the whole photo, no verification; then 4 and 8 views.

    python benchmarks/one_view.py recto_small_2 squeezenet1_1 --labelled FOLDER --drawn 600

Prints images a second of processor time, and the share of photos whose cover is first, among the first 10, 20 and 100
of all. A labelled folder holds `catalogue.csv` (id, file) and `queries.csv` (file, truth, set). Photos of drawn covers
are made by the shelf's careful simulator, which no training uses.
"""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import cv2
import numpy as np
from PIL import Image

from recto.encoders import Encoder, load_encoder
from recto.settings import Settings
from recto.vectors import RGB, Floats
from recto_lab.synthetic import TYPICAL, draw_covers, photograph

SEED = 1000
"""Covers of the report: a seed that no training uses."""
CROP = 0.75
VIEWS = {"1 view": (1, False), "4 rotations": (4, False), "4 rotations x {full, centre 75 %}": (4, True)}


def rotations(photo: RGB) -> list[RGB]:
    """The photo turned by 0, 90, 180 and 270 degrees, then the same of its middle."""
    height, width = photo.shape[:2]
    top, left = int(height * (1 - CROP) / 2), int(width * (1 - CROP) / 2)
    middle = photo[top : height - top, left : width - left]
    return [np.ascontiguousarray(np.rot90(part, turn)) for part in (photo, middle) for turn in range(4)]


def report(
    encoder: Encoder, catalogue: Iterable[tuple[str, RGB]], photos: Iterable[tuple[str, str, RGB]]
) -> None:
    """Print recall@1, @10, @20 and @100 of each set of photos. Catalogue: (id, image); photos: (set, id, image)."""
    names, rows = [], []
    for name, image in catalogue:
        names.append(name)
        rows.append(encoder.embed([image])[0])
    covers = np.stack(rows)
    ranks: dict[tuple[str, str], list[int]] = defaultdict(list)
    for group, truth, photo in photos:
        similarity = encoder.embed(rotations(photo)) @ covers.T
        for label, (turns, with_middle) in VIEWS.items():
            views = similarity[[turn + 4 * part for part in range(1 + with_middle) for turn in range(turns)]]
            ranks[group, label].append(_rank(views.max(0), names.index(truth)))
    for (group, label), found in ranks.items():
        at = [f"{np.mean(np.array(found) < depth):.3f}" for depth in (1, 10, 20, 100)]
        click.echo(f"| {group}, {len(found)} of {len(names)} | {label} | {' | '.join(at)} |")


def _rank(similarity: Floats, own: int) -> int:
    return int((similarity > similarity[own]).sum())


def drawn_covers(count: int) -> Iterator[tuple[str, RGB]]:
    """Fronts and backs in turn, each of another book."""
    for number in range(count):
        cover = draw_covers(number, seed=SEED, height=720, side=("front", "back")[number % 2])
        yield str(number), np.asarray(cover.convert("RGB"))


def drawn_photos(count: int) -> Iterator[tuple[str, str, RGB]]:
    """A simulated photo of each of the first covers, beside two others."""
    rng = np.random.default_rng(SEED)
    for number in range(count):
        around = [draw_covers(int(other), seed=SEED + 1, height=720) for other in rng.integers(0, 500, 2)]
        cover = draw_covers(number, seed=SEED, height=720, side=("front", "back")[number % 2])
        photo = photograph(cover, rng, options=TYPICAL, size=800, others=around)
        yield ("drawn front", "drawn back")[number % 2], str(number), np.asarray(photo.image.convert("RGB"))


def labelled_covers(folder: Path) -> Iterator[tuple[str, RGB]]:
    """The catalogue of a labelled folder."""
    with (folder / "catalogue.csv").open() as rows:
        for row in csv.DictReader(rows):
            yield row["id"], np.asarray(Image.open(folder / row["file"]).convert("RGB"))


def labelled_photos(folder: Path) -> Iterator[tuple[str, str, RGB]]:
    """The photos of a labelled folder that show something of its catalogue."""
    with (folder / "queries.csv").open() as rows:
        for row in csv.DictReader(rows):
            if row["truth"]:
                yield row["set"], row["truth"], np.asarray(Image.open(folder / row["file"]).convert("RGB"))


def _speed(encoder: Encoder, count: int = 64) -> float:
    """Images a second of processor time, which other programs disturb less than the clock's."""
    pictures = [np.full((800, 600, 3), 127, np.uint8)] * count
    encoder.embed(pictures[:8])
    start = time.process_time()
    encoder.embed(pictures)
    return count / (time.process_time() - start)


@click.command()
@click.argument("encoders", nargs=-1, required=True)
@click.option("--drawn", default=0, help="Covers of the drawn catalogue; a fifth of them is photographed.")
@click.option(
    "--labelled", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Labelled photos."
)
def main(encoders: tuple[str, ...], drawn: int, labelled: Path | None) -> None:
    """Measure ENCODERS."""
    cv2.setNumThreads(1)
    for name in encoders:
        encoder = load_encoder(name, Settings.from_environment())
        click.echo(
            f"{name}: {_speed(encoder):.0f} images a second of processor time, resizing from 800 x 600 included"
        )
        if drawn:
            report(encoder, drawn_covers(drawn), drawn_photos(drawn // 5))
        if labelled:
            report(encoder, labelled_covers(labelled), labelled_photos(labelled))


if __name__ == "__main__":
    main()
