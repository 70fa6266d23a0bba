"""All artworks and how often each is drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recto_lab.synthetic.art import finish, patterns, people, photographic, plants, surfaces, things, town
from recto_lab.synthetic.art.compose import COMPOSITIONS
from recto_lab.synthetic.paint import Sheet
from recto_lab.synthetic.palette import Palette
from recto_lab.synthetic.types import Pixels

Artwork = Callable[[Sheet], Pixels]
Finish = Callable[[Sheet, Pixels], Pixels]

# Weights: covers with continuous tones (photographs, paintings) are about half of what lies in shops.
ARTWORKS: dict[str, tuple[Artwork, float]] = {
    "sky": (photographic.sky, 3),
    "mountains": (photographic.mountains, 5),
    "sea": (photographic.sea, 4),
    "nebula": (photographic.nebula, 3),
    "still_life": (photographic.still_life, 5),
    "bokeh": (photographic.bokeh, 3),
    "forest": (photographic.forest, 5),
    "smoke": (photographic.smoke, 3),
    "relief": (photographic.relief, 3),
    "portrait": (people.portrait, 8),
    "profile": (people.profile, 2),
    "crowd": (people.crowd, 2),
    "road": (town.road, 3),
    "plate": (surfaces.plate, 3),
    "brushwork": (surfaces.brushwork, 3),
    "handwriting": (surfaces.handwriting, 3),
    "fire": (surfaces.fire, 2),
    "folds": (surfaces.folds, 2),
    "crystals": (surfaces.crystals, 2),
    "wall": (surfaces.wall, 2),
    "cells": (surfaces.cells, 3),
    "tartan": (surfaces.tartan, 1),
    "city": (town.city, 5),
    "plants": (plants.plants, 6),
    "emblem": (things.emblem, 6),
    "horizon": (town.horizon, 4),
    "stripes": (patterns.stripes, 2),
    "rings": (patterns.rings, 2),
    "tiles": (patterns.tiles, 3),
    "facets": (patterns.facets, 2),
    "blocks": (patterns.blocks, 2),
    "confetti": (patterns.confetti, 3),
    "marbling": (patterns.marbling, 3),
    "chart": (patterns.chart, 3),
    "waves": (patterns.waves, 1),
    "rosette": (patterns.rosette, 2),
}
FINISHES: dict[str, tuple[Finish, float]] = {
    "monochrome": (finish.monochrome, 6),
    "sepia": (finish.sepia, 3),
    "duotone": (finish.duotone, 4),
    "posterise": (finish.posterise, 2),
    "halftone": (finish.halftone, 2),
    "engraving": (finish.engraving, 2),
    "woodcut": (finish.woodcut, 2),
    "tinted": (finish.tinted, 3),
    "vignette": (finish.vignette, 4),
    "worn": (finish.worn, 3),
    "painted": (finish.painted, 4),
    "solarised": (finish.solarised, 1),
    "contours": (finish.contours, 1),
}
_UNFINISHED = 0.5  # share of artworks left in their own colours
_GRAINY = 0.4
_COMPOSED = 0.22  # share of artworks that are made of two


def _choose(rng: np.random.Generator, weights: list[float]) -> int:
    chances = np.asarray(weights) / sum(weights)
    return int(rng.choice(len(weights), p=chances))


def _artwork(rng: np.random.Generator) -> Artwork:
    return list(ARTWORKS.values())[_choose(rng, [weight for _, weight in ARTWORKS.values()])][0]


def draw_artwork(
    seed: tuple[int, ...], height: int, width: int, palette: Palette, variant: int = 0
) -> Pixels:
    """The artwork of a seed: any height and width, the same picture at each, (height, width, 3).

    `variant`: another picture by the same hand, as the volumes of a series have.
    """
    kinds = np.random.default_rng((*seed, 0))
    sheet = Sheet(np.random.default_rng((*seed, 1, variant)), height, width, palette)
    first, second = _artwork(kinds), _artwork(kinds)
    composed, unfinished, grainy = kinds.random(3)
    composition = COMPOSITIONS[int(kinds.integers(len(COMPOSITIONS)))]
    chosen = list(FINISHES.values())[_choose(kinds, [weight for _, weight in FINISHES.values()])][0]
    pixels = np.ascontiguousarray(first(sheet))
    if composed < _COMPOSED:
        pixels = composition(sheet, pixels, np.ascontiguousarray(second(sheet)))
    if unfinished >= _UNFINISHED:
        pixels = chosen(sheet, pixels)
    if grainy < _GRAINY:
        pixels = finish.grainy(sheet, pixels)
    return np.ascontiguousarray(pixels)
