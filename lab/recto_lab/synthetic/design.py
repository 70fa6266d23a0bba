"""What a layout works with: the plan, the page, the palette, faces and random numbers of one cover."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from recto_lab.synthetic import words
from recto_lab.synthetic.art.gallery import draw_artwork
from recto_lab.synthetic.fonts import FAMILIES, Face, families_for
from recto_lab.synthetic.palette import Palette, draw_palette, luminance, readable_on
from recto_lab.synthetic.plan import Plan
from recto_lab.synthetic.text import Box, Style, write
from recto_lab.synthetic.types import Colour


@dataclass(frozen=True)
class Design:
    """The look of a book: shared by the volumes of a series, and by the front and the back.

    `rng` is the look's stream: layouts draw all choices of arrangement from it, what is the book's own (such
    as which tagline) from `own`.
    """

    plan: Plan
    height: int
    width: int
    palette: Palette
    title_face: Face
    name_face: Face
    body_face: Face
    rng: np.random.Generator
    own: np.random.Generator

    def picture(self, box: Box = (0.0, 0.0, 1.0, 1.0), salt: int = 0) -> Image.Image:
        """The book's artwork for a box of the page."""
        wide = max(8, round((box[2] - box[0]) * self.width))
        high = max(8, round((box[3] - box[1]) * self.height))
        return Image.fromarray(
            draw_artwork((*self.plan.picture, salt), high, wide, self.palette, self.plan.picture_variant)
        )

    def paste_picture(self, page: Image.Image, box: Box, salt: int = 0) -> None:
        """Draw the artwork into a box of the page."""
        page.paste(self.picture(box, salt), (round(box[0] * self.width), round(box[1] * self.height)))

    def page(self, colour: Colour | None = None) -> Image.Image:
        """An empty page."""
        return Image.new("RGB", (self.width, self.height), colour or self.palette.ground)

    def chance(self, share: float) -> bool:
        """True in `share` of the cases, decided by the look."""
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        """A uniform random number of the look."""
        return float(self.rng.uniform(low, high))

    def pick(self, *choices: str) -> str:
        """One of some words, decided by the look."""
        return choices[int(self.rng.integers(len(choices)))]

    def pick_right(self, left: float) -> float:
        """A right edge for something that starts at `left`."""
        return min(1.0, left + self.between(0.4, 1.0))

    def pick_edge(self) -> float:
        """The top of a thin bar near the upper or lower edge."""
        return 0.0 if self.chance(0.5) else 0.955

    def author(self) -> str:
        """The author line."""
        return ", ".join(self.plan.authors)

    def phrase(self, kind: str) -> str:
        """A made-up phrase of the book's own."""
        return words.one_of(self.own, self.plan.language, kind)


def start_design(plan: Plan, height: int) -> Design:
    """The design of a plan at a height in pixels."""
    rng = np.random.default_rng(plan.look)
    palette = draw_palette(rng, plan.hue_shift)
    # Proportions of trade books; every twentieth is square or wide, as picture books are.
    ratio = float(rng.uniform(0.95, 1.25)) if rng.random() < 0.05 else float(rng.uniform(0.6, 0.78))
    names = families_for(plan.language)
    weights = np.array([{"serif": 1.5, "sans": 1.0, "display": 0.8}[FAMILIES[name].kind] for name in names])
    title = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    text = [name for name in names if FAMILIES[name].kind != "display"]
    name = title if rng.random() < 0.5 else text[int(rng.integers(len(text)))]
    cut = ("regular", "bold", "bold", "display", "italic")[int(rng.integers(5))]
    name_cut = ("regular", "bold", "italic")[int(rng.integers(3))]
    return Design(
        plan, height, max(16, round(height * ratio)), palette, Face(title, cut), Face(name, name_cut),
        Face(text[int(rng.integers(len(text)))]), rng, np.random.default_rng(plan.detail),
    )  # fmt: skip


def ground_under(page: Image.Image, box: Box) -> Colour:
    """The mean colour of a box of the page."""
    corners = (box[0] * page.width, box[1] * page.height, box[2] * page.width, box[3] * page.height)
    left, top, right, bottom = (round(part) for part in corners)
    if right <= left or bottom <= top:
        return (128, 128, 128)
    pixels = np.asarray(page.crop((left, top, right, bottom)).resize((6, 6), Image.Resampling.BOX))
    red, green, blue = (int(part) for part in pixels.reshape(-1, 3).mean(axis=0))
    return red, green, blue


def write_over(page: Image.Image, text: str, box: Box, style: Style, design: Design) -> float:
    """Set text over a picture in a colour that can be read there, with a shadow."""
    under = ground_under(page, box)
    ink = readable_on(under)
    if abs(luminance(style.colour) - luminance(under)) < 110:
        style = replace(style, colour=ink)
    if design.chance(0.6):
        style = replace(style, shadow=readable_on(style.colour))
    return write(page, text, box, style)
