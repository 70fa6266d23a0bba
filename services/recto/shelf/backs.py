"""Backs: blurb, quotes, author, barcode, price, mark; some nearly empty, some with the front's picture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from recto.shelf import words
from recto.shelf.art.gallery import draw_artwork
from recto.shelf.design import Design
from recto.shelf.marks import barcode, publisher_mark
from recto.shelf.palette import mix, readable_on
from recto.shelf.text import Style, write
from recto.shelf.types import Colour

_NEARLY_EMPTY = 0.12
_WITH_PICTURE = 0.45
_PRICES = {"en": "£{}.99", "ru": "{} ₽"}


def draw_back(design: Design) -> Image.Image:
    """The back that belongs to a design's front."""
    palette = design.palette
    kind = design.own.random()
    ground = palette.ground if design.own.random() < 0.75 else palette.accents[0]
    if kind < _NEARLY_EMPTY:
        page = design.page(ground)
        write(page, design.plan.title, (0.15, 0.1, 0.85, 0.2), _style(design, readable_on(ground), 0.03))
    elif kind < _NEARLY_EMPTY + _WITH_PICTURE:
        page = _pictured(design, ground)
    else:
        page = design.page(ground)
        _text(design, page, ground, 0.06)
    _foot(design, page)
    return page


def _style(design: Design, colour: Colour, size: float, align: str = "left") -> Style:
    return Style(design.body_face, colour, size, align, leading=1.3)


def _pictured(design: Design, ground: Colour) -> Image.Image:
    palette, own = design.palette, design.own
    if own.random() < 0.5:
        page = design.picture()
        veil = 0.55 + 0.35 * own.random()
        page = Image.blend(page, Image.new("RGB", page.size, ground), veil)
        _text(design, page, ground, 0.06)
        return page
    page = design.page(ground)
    high = 0.15 + 0.25 * own.random()
    design.paste_picture(page, (0, 0, 1, high), salt=int(own.integers(2)))
    _text(design, page, ground, high + 0.04)
    if own.random() < 0.4:
        ImageDraw.Draw(page).line(
            [(0, high * page.height), (page.width, high * page.height)], palette.ink2, 2
        )
    return page


def _text(design: Design, page: Image.Image, ground: Colour, top: float) -> None:
    own, plan = design.own, design.plan
    ink, tint = readable_on(ground), mix(readable_on(ground), design.palette.ink2, 0.5)
    left, right = 0.07 + 0.06 * own.random(), 0.93 - 0.06 * own.random()
    size, align = 0.017 + 0.009 * own.random(), "left" if own.random() < 0.8 else "centre"
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
    for _ in range(int(own.integers(1, 4))):
        text = words.paragraph(own, plan.language, int(own.integers(2, 6)))
        limit = min(end + 0.25, 0.72)
        if limit - end < 0.06:
            break
        end = write(page, text, (left, end, right, limit), _style(design, ink, size, align)) + 0.02
    if own.random() < 0.5 and end < 0.62:
        _author_photo(design, page, left, right, end, ink)


def _author_photo(
    design: Design, page: Image.Image, left: float, right: float, top: float, ink: Colour
) -> None:
    high = min(0.15, 0.75 - top)
    wide = high * 0.8 * page.height / page.width
    size = (max(8, round(high * page.height)), max(8, round(wide * page.width)))
    photo = draw_artwork((*design.plan.detail, 5), *size, design.palette)
    page.paste(Image.fromarray(photo), (round(left * page.width), round(top * page.height)))
    about = words.one_of(design.own, design.plan.language, "about")
    write(page, about, (left + wide + 0.03, top, right, top + high), _style(design, ink, 0.019))


def _foot(design: Design, page: Image.Image) -> None:
    own, plan = design.own, design.plan
    module = max(1, round(page.height * (0.0026 + 0.0006 * own.random())))
    code = barcode(plan.isbn, module, max(20, round(page.height * (0.1 + 0.03 * own.random()))))
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
