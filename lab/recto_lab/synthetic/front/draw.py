"""All layouts of fronts and how often each is drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from recto_lab.synthetic.design import Design
from recto_lab.synthetic.front import lettered, pictured
from recto_lab.synthetic.front.pieces import rectangle
from recto_lab.synthetic.marks import publisher_mark, sticker
from recto_lab.synthetic.palette import readable_on
from recto_lab.synthetic.text import Style, write
from recto_lab.synthetic.types import Colour

Layout = Callable[[Design], Image.Image]

# Weights: pictures lead on about two thirds of the fronts that one sees in shops.
LAYOUTS: dict[str, tuple[Layout, float]] = {
    "classic": (lettered.classic, 3),
    "bands": (lettered.bands, 2),
    "swiss": (lettered.swiss, 4),
    "typographic": (lettered.typographic, 2),
    "nonfiction": (lettered.nonfiction, 4),
    "split_title": (lettered.split_title, 1.5),
    "side_strip": (lettered.side_strip, 2),
    "knocked_out": (lettered.knocked_out, 1.5),
    "textbook": (lettered.textbook, 3),
    "picture_block": (pictured.picture_block, 7),
    "full_bleed": (pictured.full_bleed, 9),
    "label": (pictured.label, 4),
    "author_first": (pictured.author_first, 6),
    "framed": (pictured.framed, 2.5),
    "medallion": (pictured.medallion, 2),
    "stacked": (pictured.stacked, 2.5),
    "veiled": (pictured.veiled, 5),
    "comic": (pictured.comic, 2),
}
_STICKER = 0.13  # share of fronts with an award or price sticker
_METALS: tuple[Colour, ...] = ((212, 170, 70), (190, 190, 195), (200, 40, 40), (250, 215, 50), (30, 60, 120))


def draw_front(design: Design) -> Image.Image:
    """The front of a design."""
    chances = np.array([weight for _, weight in LAYOUTS.values()])
    number = int(design.rng.choice(len(chances), p=chances / chances.sum()))
    # Drawn now: layouts may draw different numbers of random numbers for the volumes of a series.
    edge, left, mark = (float(part) for part in design.rng.random(3))
    page = list(LAYOUTS.values())[number][0](design)
    if design.plan.series:
        _series_bar(design, page, 0.0 if edge < 0.5 else 0.95, 0.5 * left if left < 0.7 else 0.0)
    if design.own.random() < _STICKER:
        place = (float(design.own.uniform(0.15, 0.85)), float(design.own.uniform(0.3, 0.7)))
        colour = _METALS[int(design.own.integers(len(_METALS)))]
        sticker(page, design.phrase("sticker"), place, float(design.own.uniform(0.1, 0.17)), colour)
    if mark < 0.5:
        centre = (0.1 + 1.6 * mark, 0.965)
        publisher_mark(page, design.plan.publisher, centre, 0.03, design.palette.ink, named=False)
    return page


def _series_bar(design: Design, page: Image.Image, top: float, left: float) -> None:
    plan, palette = design.plan, design.palette
    colour = palette.accents[(plan.volume + 1) % len(palette.accents)]
    box = (left, top, left + 0.5 if left else 1.0, top + 0.05)
    rectangle(page, box, colour)
    style = Style(design.body_face, readable_on(colour), 0.028, valign="middle")
    text = f"{plan.series} · {plan.volume_label}"
    write(page, text, (box[0] + 0.02, box[1], box[2] - 0.02, box[3]), style)
