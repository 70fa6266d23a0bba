"""Fronts: families of layouts, each a function from a design to a page."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageDraw

from recto.shelf.design import Design, write_over
from recto.shelf.marks import publisher_mark, sticker
from recto.shelf.palette import mix, readable_on
from recto.shelf.text import Box, Style, write
from recto.shelf.types import Colour

Layout = Callable[[Design], Image.Image]


def _title(
    design: Design, colour: Colour, size: float = 0.12, align: str = "centre", valign: str = "top"
) -> Style:
    upper = design.chance(0.35)
    tracking = design.between(0.02, 0.2) if upper and design.chance(0.35) else 0.0
    outline = design.palette.ink if design.chance(0.06) else None
    return Style(
        design.title_face, colour, size * design.between(0.7, 1.0), align, valign, design.between(0.98, 1.25), tracking,
        upper, outline=outline,
    )  # fmt: skip


def _name(
    design: Design, colour: Colour, size: float = 0.045, align: str = "centre", valign: str = "top"
) -> Style:
    upper = design.chance(0.5)
    tracking = design.between(0.03, 0.25) if upper and design.chance(0.5) else 0.0
    return Style(
        design.name_face, colour, size * design.between(0.7, 1.3), align, valign, 1.15, tracking, upper
    )


def _small(
    design: Design, colour: Colour, size: float = 0.024, align: str = "centre", valign: str = "top"
) -> Style:
    return Style(design.body_face, colour, size, align, valign, 1.2)


def _rectangle(page: Image.Image, box: Box, colour: Colour, stroke: float = 0.0) -> None:
    left, top, right, bottom = box
    corners = (left * page.width, top * page.height, right * page.width - 1, bottom * page.height - 1)
    draw = ImageDraw.Draw(page)
    if stroke:
        draw.rectangle(corners, outline=colour, width=max(1, round(stroke * page.height)))
    else:
        draw.rectangle(corners, fill=colour)


def classic(design: Design) -> Image.Image:
    """Text only, centred, in a frame or none, as literary lists have it."""
    page = design.page()
    palette = design.palette
    if design.chance(0.6):
        inset = design.between(0.03, 0.09)
        box = (
            inset,
            inset * design.width / design.height,
            1 - inset,
            1 - inset * design.width / design.height,
        )
        _rectangle(page, box, palette.ink2, design.between(0.001, 0.006))
        if design.chance(0.4):
            inner = inset + 0.02
            ratio = design.width / design.height
            _rectangle(page, (inner, inner * ratio, 1 - inner, 1 - inner * ratio), palette.ink2, 0.001)
    align = design.pick("centre", "centre", "left")
    end = write(page, design.author(), (0.13, 0.13, 0.87, 0.25), _name(design, palette.ink, align=align))
    top = end + design.between(0.02, 0.12)
    end = write(
        page, design.plan.title, (0.13, top, 0.87, top + 0.3), _title(design, palette.ink2, align=align)
    )
    end = write(
        page,
        design.plan.subtitle,
        (0.16, end + 0.02, 0.84, end + 0.09),
        _small(design, palette.ink, 0.028, align),
    )
    publisher_mark(
        page, design.plan.publisher, (0.5, 0.83), design.between(0.04, 0.09), palette.ink, named=True
    )
    return page


def picture_block(design: Design) -> Image.Image:
    """A picture above or below a field of type."""
    page = design.page()
    palette = design.palette
    share, margin = design.between(0.4, 0.68), design.between(0.0, 0.12) if design.chance(0.6) else 0.0
    above = design.chance(0.5)
    side = margin * design.width / design.height
    if above:
        design.paste_picture(page, (margin, side, 1 - margin, share))
        field = (0.08, share + 0.03, 0.92, 0.93)
    else:
        design.paste_picture(page, (margin, 1 - share, 1 - margin, 1 - side))
        field = (0.08, 0.04, 0.92, 1 - share - 0.02)
    align = design.pick("centre", "left", "right")
    high = field[3] - field[1]
    if design.chance(0.5):
        end = write(
            page,
            design.author(),
            (field[0], field[1], field[2], field[1] + 0.25 * high),
            _name(design, palette.ink, align=align),
        )
        end = write(
            page,
            design.plan.title,
            (field[0], end + 0.01, field[2], field[3] - 0.12 * high),
            _title(design, palette.ink2, align=align),
        )
    else:
        end = write(
            page,
            design.plan.title,
            (field[0], field[1], field[2], field[1] + 0.6 * high),
            _title(design, palette.ink2, align=align),
        )
        end = write(
            page,
            design.author(),
            (field[0], end + 0.015, field[2], field[3] - 0.1 * high),
            _name(design, palette.ink, align=align),
        )
    write(
        page,
        design.plan.subtitle,
        (field[0], end + 0.005, field[2], field[3]),
        _small(design, palette.ink, 0.026, align),
    )
    return page


def full_bleed(design: Design) -> Image.Image:
    """A picture over the whole page, type over it."""
    page = design.picture()
    palette = design.palette
    align = design.pick("centre", "centre", "left", "right")
    low = design.chance(0.5)
    title_box = (0.07, 0.58, 0.93, 0.86) if low else (0.07, 0.07, 0.93, 0.4)
    name_box = (0.07, 0.05, 0.93, 0.14) if low and design.chance(0.5) else (0.07, 0.88, 0.93, 0.965)
    write_over(
        page,
        design.plan.title,
        title_box,
        _title(design, palette.ink2, 0.14, align, "bottom" if low else "top"),
        design,
    )
    write_over(page, design.author(), name_box, _name(design, palette.ink, 0.055, align), design)
    if design.plan.subtitle and not low:
        write_over(
            page,
            design.plan.subtitle,
            (0.1, 0.42, 0.9, 0.47),
            _small(design, palette.ink, 0.026, align),
            design,
        )
    return page


def bands(design: Design) -> Image.Image:
    """Three bands of colour, the type in the middle one (after paperbacks of the thirties)."""
    page = design.page(design.palette.accents[0])
    palette = design.palette
    top, bottom = design.between(0.22, 0.36), design.between(0.6, 0.75)
    _rectangle(page, (0, top, 1, bottom), mix(palette.ground, (250, 246, 235), 0.7))
    ink = readable_on(mix(palette.ground, (250, 246, 235), 0.7))
    end = write(
        page,
        design.plan.title,
        (0.1, top + 0.03, 0.9, top + 0.65 * (bottom - top)),
        _title(design, ink, 0.085),
    )
    write(page, design.author(), (0.1, end + 0.03, 0.9, bottom - 0.01), _name(design, ink))
    if design.chance(0.6):
        design.paste_picture(page, (0, bottom, 1, 1))
    else:
        publisher_mark(
            page,
            design.plan.publisher,
            (0.5, (1 + bottom) / 2),
            0.1,
            readable_on(palette.accents[0]),
            named=True,
        )
    write(page, design.plan.publisher, (0.2, 0.08, 0.8, 0.15), _name(design, readable_on(palette.accents[0])))
    return page


def swiss(design: Design) -> Image.Image:
    """A grid: large type flush left, thin rules, one picture or shape."""
    page = design.page()
    palette = design.palette
    left = design.between(0.06, 0.3)
    if design.chance(0.75):
        top = design.between(0.3, 0.6)
        design.paste_picture(
            page, (left, top, design.pick_right(left), min(0.94, top + design.between(0.2, 0.5)))
        )
    style = _title(design, palette.ink, 0.13, "left")
    end = write(page, design.plan.title, (left, 0.06, 0.95, 0.3), style)
    write(
        page,
        design.plan.subtitle,
        (left, end + 0.005, 0.95, end + 0.06),
        _small(design, palette.ink2, 0.026, "left"),
    )
    write(page, design.author(), (left, 0.9, 0.95, 0.97), _name(design, palette.ink2, 0.04, "left", "bottom"))
    _rectangle(page, (left, 0.045, 0.95, 0.045 + design.between(0.002, 0.012)), palette.ink2)
    return page


def label(design: Design) -> Image.Image:
    """A label with the type on a picture or pattern."""
    page = design.picture()
    palette = design.palette
    wide, high, middle = design.between(0.5, 0.86), design.between(0.2, 0.4), design.between(0.25, 0.7)
    ground = palette.ground if design.chance(0.6) else mix(palette.accents[1], (255, 252, 240), 0.8)
    ink = readable_on(ground)
    box = (0.5 - wide / 2, middle - high / 2, 0.5 + wide / 2, middle + high / 2)
    _rectangle(page, box, ground)
    if design.chance(0.6):
        _rectangle(page, (box[0] + 0.015, box[1] + 0.01, box[2] - 0.015, box[3] - 0.01), ink, 0.002)
    inner = (box[0] + 0.04, box[1] + 0.025, box[2] - 0.04, box[3] - 0.02)
    end = write(
        page,
        design.plan.title,
        (inner[0], inner[1], inner[2], inner[1] + 0.65 * high),
        _title(design, ink, 0.09),
    )
    write(page, design.author(), (inner[0], end + 0.01, inner[2], inner[3]), _name(design, ink, 0.04))
    return page


def typographic(design: Design) -> Image.Image:
    """Nothing but large type."""
    page = design.page()
    palette = design.palette
    align = design.pick("left", "centre")
    top = write(page, design.plan.title, (0.06, 0.05, 0.94, 0.78), _title(design, palette.ink2, 0.26, align))
    write(
        page,
        design.author(),
        (0.06, max(top + 0.02, 0.8), 0.94, 0.95),
        _name(design, palette.ink, 0.06, align, "bottom"),
    )
    return page


def author_first(design: Design) -> Image.Image:
    """The author's name large over a picture, the title small: bestsellers."""
    page = design.picture()
    palette = design.palette
    write_over(page, design.author(), (0.05, 0.04, 0.95, 0.28), _title(design, palette.ink2, 0.13), design)
    end = write_over(
        page, design.plan.title, (0.1, 0.66, 0.9, 0.86), _title(design, palette.ink, 0.08), design
    )
    write_over(
        page,
        design.phrase("tagline"),
        (0.1, max(end + 0.02, 0.88), 0.9, 0.96),
        _small(design, palette.ink, 0.026),
        design,
    )
    return page


LAYOUTS: dict[str, tuple[Layout, float]] = {
    "classic": (classic, 3),
    "picture_block": (picture_block, 6),
    "full_bleed": (full_bleed, 7),
    "bands": (bands, 2),
    "swiss": (swiss, 4),
    "label": (label, 3),
    "typographic": (typographic, 2),
    "author_first": (author_first, 4),
}


def draw_front(design: Design) -> Image.Image:
    """The front of a design."""
    chances = [weight for _, weight in LAYOUTS.values()]
    total = sum(chances)
    number = int(design.rng.choice(len(chances), p=[chance / total for chance in chances]))
    page = list(LAYOUTS.values())[number][0](design)
    _extras(design, page)
    return page


def _extras(design: Design, page: Image.Image) -> None:
    plan, palette = design.plan, design.palette
    if plan.series:
        colour = palette.accents[(plan.volume + 1) % len(palette.accents)]
        left, top = design.between(0.0, 0.5), design.pick_edge()
        _rectangle(page, (left, top, left + 0.5, top + 0.045), colour)
        text = f"{plan.series} · {plan.volume_label}"
        write(
            page,
            text,
            (left + 0.02, top + 0.006, left + 0.48, top + 0.045),
            Style(design.body_face, readable_on(colour), 0.024, valign="middle"),
        )
    if design.own.random() < 0.13:
        place = (float(design.own.uniform(0.15, 0.85)), float(design.own.uniform(0.3, 0.7)))
        gold: Colour = ((212, 170, 70), (190, 190, 195), (200, 40, 40), (250, 215, 50))[
            int(design.own.integers(4))
        ]
        sticker(page, design.phrase("tagline"), place, float(design.own.uniform(0.1, 0.17)), gold)
    if design.chance(0.5):
        publisher_mark(
            page, plan.publisher, (design.between(0.1, 0.9), 0.965), 0.03, palette.ink, named=False
        )
