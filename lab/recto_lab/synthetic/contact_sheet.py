"""A contact sheet of drawn books: `python -m recto_lab.synthetic.contact_sheet OUT.png --count 40 --photos`."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from PIL import Image

from recto_lab.synthetic.book import draw_covers
from recto_lab.synthetic.photo.options import PRESETS
from recto_lab.synthetic.photo.simulator import photograph

_CELL = (190, 250)  # pixels of one picture on the sheet
_COLUMNS = 10
_GROUND = (128, 128, 128)
_NEIGHBOURS = 3  # other covers that may lie around in a photo


def contact_sheet(pictures: list[Image.Image], columns: int = _COLUMNS) -> Image.Image:
    """The pictures in rows, each reduced to fit its cell."""
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * _CELL[0], rows * _CELL[1]), _GROUND)
    for number, picture in enumerate(pictures):
        small = picture.copy()
        small.thumbnail((_CELL[0] - 6, _CELL[1] - 6))
        sheet.paste(small, (number % columns * _CELL[0], number // columns * _CELL[1]))
    return sheet


def _photographed(covers: list[Image.Image], seed: int, preset: str) -> list[Image.Image]:
    photos = []
    for number, cover in enumerate(covers):
        rng = np.random.default_rng((seed, number))
        others = [covers[(number + step) % len(covers)] for step in range(1, _NEIGHBOURS + 1)]
        photos.append(photograph(cover, rng, options=PRESETS[preset], size=640, others=others).image)
    return photos


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--count", default=40, show_default=True, help="How many books.")
@click.option("--start", default=0, show_default=True, help="Index of the first book.")
@click.option(
    "--step", default=1, show_default=True, help="Distance of the indices; 3 shows one volume a series."
)
@click.option("--seed", default=0, show_default=True, help="Seed of the shelf.")
@click.option("--side", type=click.Choice(["front", "back"]), default="front", show_default=True)
@click.option("--photos", is_flag=True, help="Show a simulated photo of each cover, not the cover.")
@click.option("--preset", type=click.Choice(sorted(PRESETS)), default="typical", show_default=True)
def main(
    out: Path, count: int, start: int, step: int, seed: int, side: str, photos: bool, preset: str
) -> None:
    """Draw COUNT books and save them as one picture, OUT."""
    indices = range(start, start + step * count, step)
    pictures = [draw_covers(index, seed=seed, height=480, side=side) for index in indices]
    if photos:
        pictures = _photographed(pictures, seed, preset)
    contact_sheet(pictures).save(out)
    click.echo(f"{len(pictures)} pictures in {out}")


if __name__ == "__main__":
    main()
