"""What all layouts are put together from: styles of type and boxes."""

from __future__ import annotations

from PIL import Image, ImageDraw

from recto_lab.synthetic.design import Design
from recto_lab.synthetic.text import Box, Style
from recto_lab.synthetic.types import Colour


def title_style(
    design: Design, colour: Colour, size: float = 0.12, align: str = "centre", valign: str = "top"
) -> Style:
    """The style of a title."""
    upper = design.chance(0.35)
    tracking = design.between(0.02, 0.2) if upper and design.chance(0.35) else 0.0
    outline = design.palette.ink if design.chance(0.06) else None
    size *= design.between(0.7, 1.0)
    leading = design.between(0.98, 1.25)
    return Style(design.title_face, colour, size, align, valign, leading, tracking, upper, outline=outline)


def name_style(
    design: Design, colour: Colour, size: float = 0.045, align: str = "centre", valign: str = "top"
) -> Style:
    """The style of an author's name."""
    upper = design.chance(0.5)
    tracking = design.between(0.03, 0.25) if upper and design.chance(0.5) else 0.0
    return Style(
        design.name_face, colour, size * design.between(0.7, 1.3), align, valign, 1.15, tracking, upper
    )


def small_style(
    design: Design, colour: Colour, size: float = 0.024, align: str = "centre", valign: str = "top"
) -> Style:
    """The style of a subtitle or a note."""
    size *= design.between(1.0, 1.6)
    return Style(design.body_face, colour, size, align, valign, 1.2)


def rectangle(page: Image.Image, box: Box, colour: Colour, stroke: float = 0.0) -> None:
    """A filled box, or a frame with a stroke (fraction of the height)."""
    left, top = box[0] * page.width, box[1] * page.height
    # A rule may be thinner than a pixel of a small page.
    corners = (left, top, max(left, box[2] * page.width - 1), max(top, box[3] * page.height - 1))
    draw = ImageDraw.Draw(page)
    if stroke:
        draw.rectangle(corners, outline=colour, width=max(1, round(stroke * page.height)))
    else:
        draw.rectangle(corners, fill=colour)
