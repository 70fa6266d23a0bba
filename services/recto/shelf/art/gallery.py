"""All artworks and how often each is drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recto.shelf.art import figures, finish, patterns, photographic
from recto.shelf.paint import Sheet
from recto.shelf.palette import Palette
from recto.shelf.types import Pixels

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
    "portrait": (figures.portrait, 8),
    "city": (figures.city, 5),
    "plants": (figures.plants, 6),
    "emblem": (figures.emblem, 6),
    "horizon": (figures.horizon, 4),
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
}
_UNFINISHED = 0.5  # share of artworks left in their own colours
_GRAINY = 0.4


def _drawn_name(rng: np.random.Generator, weights: list[float]) -> int:
    chances = np.asarray(weights) / sum(weights)
    return int(rng.choice(len(weights), p=chances))


def draw_artwork(seed: tuple[int, ...], height: int, width: int, palette: Palette) -> Pixels:
    """The artwork of a seed: any height and width, the same picture at each, (height, width, 3)."""
    rng = np.random.default_rng(seed)
    sheet = Sheet(rng, height, width, palette)
    artwork = list(ARTWORKS.values())[_drawn_name(rng, [weight for _, weight in ARTWORKS.values()])][0]
    pixels = artwork(sheet)
    if not sheet.chance(_UNFINISHED):
        chosen = list(FINISHES.values())[_drawn_name(rng, [weight for _, weight in FINISHES.values()])][0]
        pixels = chosen(sheet, pixels)
    if sheet.chance(_GRAINY):
        pixels = finish.grainy(sheet, pixels)
    return np.ascontiguousarray(pixels)
