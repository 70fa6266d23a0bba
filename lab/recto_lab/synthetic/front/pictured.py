"""Layouts in which a picture leads."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from recto_lab.synthetic.design import Design, write_over
from recto_lab.synthetic.front.pieces import name_style, rectangle, small_style, title_style
from recto_lab.synthetic.palette import mix, readable_on
from recto_lab.synthetic.text import Style, write


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
            name_style(design, palette.ink, align=align),
        )
        end = write(
            page,
            design.plan.title,
            (field[0], end + 0.01, field[2], field[3] - 0.12 * high),
            title_style(design, palette.ink2, align=align),
        )
    else:
        end = write(
            page,
            design.plan.title,
            (field[0], field[1], field[2], field[1] + 0.6 * high),
            title_style(design, palette.ink2, align=align),
        )
        end = write(
            page,
            design.author(),
            (field[0], end + 0.015, field[2], field[3] - 0.1 * high),
            name_style(design, palette.ink, align=align),
        )
    write(
        page,
        design.plan.subtitle,
        (field[0], end + 0.005, field[2], field[3]),
        small_style(design, palette.ink, 0.026, align),
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
        title_style(design, palette.ink2, 0.14, align, "bottom" if low else "top"),
        design,
    )
    write_over(page, design.author(), name_box, name_style(design, palette.ink, 0.055, align), design)
    if design.plan.subtitle and not low:
        write_over(
            page,
            design.plan.subtitle,
            (0.1, 0.42, 0.9, 0.47),
            small_style(design, palette.ink, 0.026, align),
            design,
        )
    return page


def label(design: Design) -> Image.Image:
    """A label with the type on a picture or pattern."""
    page = design.picture()
    palette = design.palette
    wide, high, middle = design.between(0.5, 0.86), design.between(0.2, 0.4), design.between(0.25, 0.7)
    ground = palette.ground if design.chance(0.6) else mix(palette.accents[1], (255, 252, 240), 0.8)
    ink = readable_on(ground)
    box = (0.5 - wide / 2, middle - high / 2, 0.5 + wide / 2, middle + high / 2)
    rectangle(page, box, ground)
    if design.chance(0.6):
        rectangle(page, (box[0] + 0.015, box[1] + 0.01, box[2] - 0.015, box[3] - 0.01), ink, 0.002)
    inner = (box[0] + 0.04, box[1] + 0.025, box[2] - 0.04, box[3] - 0.02)
    end = write(
        page,
        design.plan.title,
        (inner[0], inner[1], inner[2], inner[1] + 0.65 * high),
        title_style(design, ink, 0.09),
    )
    write(page, design.author(), (inner[0], end + 0.01, inner[2], inner[3]), name_style(design, ink, 0.04))
    return page


def author_first(design: Design) -> Image.Image:
    """The author's name large over a picture, the title small: bestsellers."""
    page = design.picture()
    palette = design.palette
    write_over(
        page, design.author(), (0.05, 0.04, 0.95, 0.28), title_style(design, palette.ink2, 0.13), design
    )
    end = write_over(
        page, design.plan.title, (0.1, 0.66, 0.9, 0.86), title_style(design, palette.ink, 0.08), design
    )
    write_over(
        page,
        design.phrase("tagline"),
        (0.1, max(end + 0.02, 0.88), 0.9, 0.96),
        small_style(design, palette.ink, 0.026),
        design,
    )
    return page


def framed(design: Design) -> Image.Image:
    """A field of type inside a border of pattern."""
    page = design.picture(salt=3)
    palette = design.palette
    edge = design.between(0.04, 0.16)
    rise = edge * design.width / design.height
    field = mix(palette.ground, readable_on(palette.ink), 0.3)
    rectangle(page, (edge, rise, 1 - edge, 1 - rise), field)
    rectangle(page, (edge, rise, 1 - edge, 1 - rise), palette.ink2, 0.004)
    ink = readable_on(field)
    left, right = edge + 0.05, 0.95 - edge
    end = write(page, design.author(), (left, rise + 0.04, right, 0.2), name_style(design, ink))
    end = write(page, design.plan.title, (left, end + 0.02, right, 0.45), title_style(design, ink, 0.1))
    if design.chance(0.7):
        design.paste_picture(page, (left + 0.05, max(end + 0.03, 0.46), right - 0.05, 0.86 - rise))
    write(page, design.plan.subtitle, (left, 0.88 - rise, right, 0.96 - rise), small_style(design, ink))
    return page


def medallion(design: Design) -> Image.Image:
    """A round or oval picture in the middle of a plain ground."""
    page = design.page()
    palette = design.palette
    wide, high = design.between(0.4, 0.8), design.between(0.3, 0.45)
    top = design.between(0.3, 0.45)
    box = (0.5 - wide / 2, top, 0.5 + wide / 2, top + high)
    picture = design.picture(box)
    mask = Image.new("L", (picture.width * 2, picture.height * 2))
    ImageDraw.Draw(mask).ellipse((0, 0, mask.width - 1, mask.height - 1), fill=255)
    place = (round(box[0] * design.width), round(box[1] * design.height))
    page.paste(picture, place, mask.resize(picture.size, Image.Resampling.BOX))
    write(
        page,
        design.plan.title,
        (0.07, 0.05, 0.93, top - 0.03),
        title_style(design, palette.ink2, 0.11, valign="middle"),
    )
    write(
        page,
        design.author(),
        (0.07, top + high + 0.03, 0.93, 0.94),
        name_style(design, palette.ink, 0.05, valign="middle"),
    )
    return page


def stacked(design: Design) -> Image.Image:
    """Two or three pictures above one another, the type between them."""
    page = design.page()
    palette = design.palette
    first, second = design.between(0.2, 0.36), design.between(0.6, 0.72)
    design.paste_picture(page, (0, 0, 1, first))
    design.paste_picture(page, (0, second, 1, 1), salt=1)
    middle = first + 0.6 * (second - first)
    write(
        page,
        design.plan.title,
        (0.06, first + 0.015, 0.94, middle),
        title_style(design, palette.ink2, 0.12, valign="middle"),
    )
    write(
        page,
        design.author(),
        (0.06, middle, 0.94, second - 0.01),
        name_style(design, palette.ink, 0.05, valign="middle"),
    )
    return page


def veiled(design: Design) -> Image.Image:
    """A picture that fades into a plain ground where the type stands."""
    page = design.picture()
    palette = design.palette
    up = design.chance(0.5)
    start, end = design.between(0.2, 0.45), design.between(0.55, 0.8)
    share = np.clip((np.linspace(0, 1, design.height) - start) / (end - start), 0, 1)
    veil = np.round(255 * (1 - share if up else share)).astype(np.uint8)
    mask = Image.fromarray(
        np.ascontiguousarray(np.broadcast_to(veil[:, None], (design.height, design.width)))
    )
    page.paste(palette.ground, (0, 0), mask)
    box = (0.07, 0.05, 0.93, start + 0.12) if up else (0.07, end - 0.1, 0.93, 0.87)
    write(
        page, design.plan.title, box, title_style(design, palette.ink, 0.13, valign="top" if up else "bottom")
    )
    name = (0.07, 0.88, 0.93, 0.97)
    write_over(page, design.author(), name, name_style(design, palette.ink2, 0.055), design)
    return page


def comic(design: Design) -> Image.Image:
    """Panels with a loud, outlined title: comics and children's books."""
    page = design.page()
    palette = design.palette
    middle, across = design.between(0.4, 0.6), design.between(0.35, 0.65)
    gap = 0.012
    boxes = [
        (gap, 0.24, 1 - gap, middle),
        (gap, middle + gap, across, 1 - gap),
        (across + gap, middle + gap, 1 - gap, 1 - gap),
    ]
    for number, box in enumerate(boxes):
        design.paste_picture(page, box, salt=number)
        rectangle(page, box, palette.ink, 0.004)
    style = Style(
        design.title_face,
        palette.accents[1],
        0.15,
        valign="middle",
        leading=1.0,
        upper=True,
        outline=readable_on(palette.accents[1]),
    )
    write(page, design.plan.title, (0.04, 0.02, 0.96, 0.23), style)
    write_over(
        page, design.author(), (0.05, 0.93, 0.95, 0.985), name_style(design, palette.ink, 0.04), design
    )
    return page
