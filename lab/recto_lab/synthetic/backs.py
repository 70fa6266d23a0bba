"""Backs: blurb, quotes, author, barcode, price, mark; some nearly empty, some with the front's picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from recto_lab.synthetic import words
from recto_lab.synthetic.art.finish import monochrome
from recto_lab.synthetic.art.people import portrait
from recto_lab.synthetic.design import Design, write_over
from recto_lab.synthetic.marks import barcode, publisher_mark, readable_width
from recto_lab.synthetic.paint import Sheet
from recto_lab.synthetic.palette import mix, readable_on
from recto_lab.synthetic.text import Style, write
from recto_lab.synthetic.types import Colour

Back = Callable[[Design, Colour], Image.Image]

_PRICES = {"en": "£{}.99", "ru": "{} ₽"}


def draw_back(design: Design) -> Image.Image:
    """The back that belongs to a design's front."""
    palette, own = design.palette, design.own
    grounds = (palette.ground, palette.ground, palette.accents[0], mix(palette.ground, palette.ink, 0.85))
    ground = grounds[int(own.integers(len(grounds)))]
    chances = np.array([share for _, share in _BACKS])
    back = _BACKS[int(own.choice(len(_BACKS), p=chances / chances.sum()))][0]
    page = back(design, ground)
    _foot(design, page)
    return page


def _style(design: Design, colour: Colour, size: float, align: str = "left") -> Style:
    return Style(design.body_face, colour, size, align, leading=1.3)


def _bare(design: Design, ground: Colour) -> Image.Image:
    page = design.page(ground)
    write(page, design.plan.title, (0.15, 0.1, 0.85, 0.2), _style(design, readable_on(ground), 0.035))
    return page


def _written(design: Design, ground: Colour) -> Image.Image:
    page = design.page(ground)
    _text(design, page, ground, 0.03 + 0.07 * design.own.random())
    return page


def _over_picture(design: Design, ground: Colour) -> Image.Image:
    """The blurb over the front's picture, which shows through."""
    page = Image.blend(design.picture(), design.page(ground), 0.4 + 0.5 * design.own.random())
    _text(design, page, ground, 0.06)
    return page


def _panel(design: Design, ground: Colour) -> Image.Image:
    """The blurb in a panel on a picture."""
    page = design.picture(salt=int(design.own.integers(3)))
    edge, top = 0.04 + 0.08 * design.own.random(), 0.04 + 0.15 * design.own.random()
    left, right = round(edge * page.width), round((1 - edge) * page.width)
    page.paste(ground, (left, round(top * page.height), right, round(0.8 * page.height)))
    _text(design, page, ground, top + 0.025)
    return page


def _banner(design: Design, ground: Colour) -> Image.Image:
    """A strip of the picture above or below the blurb."""
    own = design.own
    page = design.page(ground)
    high = 0.15 + 0.25 * own.random()
    if own.random() < 0.6:
        design.paste_picture(page, (0, 0, 1, high), salt=int(own.integers(2)))
        _text(design, page, ground, high + 0.04)
        if own.random() < 0.4:
            level = round(high * page.height)
            ImageDraw.Draw(page).line([(0, level), (page.width, level)], design.palette.ink2, 2)
    else:
        design.paste_picture(page, (0, 1 - high, 1, 1), salt=int(own.integers(2)))
        _text(design, page, ground, 0.05, min(0.72, 0.96 - high))
    return page


def _praise(design: Design, ground: Colour) -> Image.Image:
    """Quotations in large type, each with its source."""
    page = design.page(ground)
    ink, tint, align = readable_on(ground), _tint(design, ground), "centre" if design.chance(0.6) else "left"
    end = 0.06
    for _ in range(int(design.own.integers(2, 5))):
        quote = _style(design, ink, 0.03 + 0.015 * design.own.random(), align)
        end = write(page, design.phrase("quote"), (0.1, end, 0.9, end + 0.14), quote) + 0.005
        source = f"{design.phrase('first')} {design.phrase('last')}"
        end = (
            write(page, source.upper(), (0.1, end, 0.9, end + 0.04), _style(design, tint, 0.022, align))
            + 0.035
        )
        if end > 0.6:
            break
    return page


def _whole_picture(design: Design, ground: Colour) -> Image.Image:
    """The front's picture goes round the book: no words but the title."""
    page = design.picture(salt=int(design.own.integers(2)))
    under = Style(design.name_face, design.palette.ink, 0.045)
    write_over(page, design.plan.title, (0.1, 0.08, 0.9, 0.25), under, design)
    return page


_BACKS: tuple[tuple[Back, float], ...] = (
    (_written, 0.3), (_banner, 0.2), (_over_picture, 0.14), (_panel, 0.1), (_bare, 0.09), (_praise, 0.09),
    (_whole_picture, 0.08),
)  # fmt: skip


def _tint(design: Design, ground: Colour) -> Colour:
    return mix(readable_on(ground), design.palette.ink2, 0.45)


def _text(design: Design, page: Image.Image, ground: Colour, top: float, bottom: float = 0.74) -> None:
    own, plan = design.own, design.plan
    ink, tint = readable_on(ground), _tint(design, ground)
    left, right = 0.07 + 0.06 * own.random(), 0.93 - 0.06 * own.random()
    size, align = 0.018 + 0.016 * own.random() ** 2, "left" if own.random() < 0.8 else "centre"
    end = top
    if own.random() < 0.5:
        end = (
            write(page, plan.title, (left, end, right, end + 0.09), _style(design, tint, 0.045, align))
            + 0.015
        )
    if own.random() < 0.45:
        quote = design.phrase("quote")
        end = (
            write(page, quote, (left, end, right, end + 0.08), _style(design, tint, 1.4 * size, align)) + 0.02
        )
    for _ in range(int(own.integers(1, 5))):
        text = words.paragraph(own, plan.language, int(own.integers(3, 8)))
        limit = min(end + 0.3, bottom)
        if limit - end < 0.08:
            break
        end = write(page, text, (left, end, right, limit), _style(design, ink, size, align)) + 0.02
    if own.random() < 0.45 and end < bottom - 0.12:
        _author_photo(design, page, left, right, end, ink)


def _author_photo(
    design: Design, page: Image.Image, left: float, right: float, top: float, ink: Colour
) -> None:
    high = min(0.15, 0.75 - top)
    wide = high * 0.8 * page.height / page.width
    size = (max(8, round(high * page.height)), max(8, round(wide * page.width)))
    sheet = Sheet(np.random.default_rng((*design.plan.detail, 5)), *size, design.palette)
    photo = monochrome(sheet, portrait(sheet)) if design.own.random() < 0.6 else portrait(sheet)
    page.paste(Image.fromarray(photo), (round(left * page.width), round(top * page.height)))
    about = words.one_of(design.own, design.plan.language, "about")
    write(page, about, (left + wide + 0.03, top, right, top + high), _style(design, ink, 0.019))


def _foot(design: Design, page: Image.Image) -> None:
    own, plan = design.own, design.plan
    # As wide as in print on a book 12 cm high; on small pages modules are thinner than a pixel, as in photos.
    wide, high = (
        round(page.height * part) for part in (0.29 + 0.05 * own.random(), 0.105 + 0.03 * own.random())
    )
    code = barcode(plan.isbn, readable_width(wide), high)
    right = own.random() < 0.65
    margin = round(0.06 * page.width)
    left = page.width - margin - code.width if right else margin
    top = round(0.95 * page.height) - code.height
    page.paste(code, (max(0, left), top))
    x = 0.15 if right else 0.85
    under = np.asarray(page.crop((0, top, page.width, page.height)).resize((1, 1)))[0, 0]
    red, green, blue = (int(part) for part in under)
    ink = readable_on((red, green, blue))
    publisher_mark(page, plan.publisher, (x, 0.87), 0.045, ink, named=own.random() < 0.6)
    price = _PRICES.get(plan.language, "{},00 €").format(int(own.integers(5, 40)))
    price_style = _style(design, ink, 0.02, "centre")
    write(page, price, (x - 0.12, 0.94, x + 0.12, 0.97), price_style)
