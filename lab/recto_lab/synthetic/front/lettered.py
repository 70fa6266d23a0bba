"""Layouts in which type leads: literary lists, paperback bands, posters."""

from __future__ import annotations

from PIL import Image

from recto_lab.synthetic.design import Design
from recto_lab.synthetic.front.pieces import name_style, rectangle, small_style, title_style
from recto_lab.synthetic.marks import publisher_mark
from recto_lab.synthetic.palette import mix, readable_on
from recto_lab.synthetic.text import Style, write


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
        rectangle(page, box, palette.ink2, design.between(0.001, 0.006))
        if design.chance(0.4):
            inner = inset + 0.02
            ratio = design.width / design.height
            rectangle(page, (inner, inner * ratio, 1 - inner, 1 - inner * ratio), palette.ink2, 0.001)
    align = design.pick("centre", "centre", "left")
    end = write(page, design.author(), (0.13, 0.13, 0.87, 0.25), name_style(design, palette.ink, align=align))
    top = end + design.between(0.02, 0.12)
    end = write(
        page, design.plan.title, (0.13, top, 0.87, top + 0.3), title_style(design, palette.ink2, align=align)
    )
    end = write(
        page,
        design.plan.subtitle,
        (0.16, end + 0.02, 0.84, end + 0.09),
        small_style(design, palette.ink, 0.028, align),
    )
    publisher_mark(
        page, design.plan.publisher, (0.5, 0.83), design.between(0.04, 0.09), palette.ink, named=True
    )
    return page


def bands(design: Design) -> Image.Image:
    """Three bands of colour, the type in the middle one (after paperbacks of the thirties)."""
    page = design.page(design.palette.accents[0])
    palette = design.palette
    top, bottom = design.between(0.22, 0.36), design.between(0.6, 0.75)
    rectangle(page, (0, top, 1, bottom), mix(palette.ground, (250, 246, 235), 0.7))
    ink = readable_on(mix(palette.ground, (250, 246, 235), 0.7))
    end = write(
        page,
        design.plan.title,
        (0.1, top + 0.03, 0.9, top + 0.65 * (bottom - top)),
        title_style(design, ink, 0.085),
    )
    write(page, design.author(), (0.1, end + 0.03, 0.9, bottom - 0.01), name_style(design, ink))
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
    write(
        page,
        design.plan.publisher,
        (0.2, 0.08, 0.8, 0.15),
        name_style(design, readable_on(palette.accents[0])),
    )
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
    style = title_style(design, palette.ink, 0.13, "left")
    end = write(page, design.plan.title, (left, 0.06, 0.95, 0.3), style)
    write(
        page,
        design.plan.subtitle,
        (left, end + 0.005, 0.95, end + 0.06),
        small_style(design, palette.ink2, 0.026, "left"),
    )
    write(
        page,
        design.author(),
        (left, 0.9, 0.95, 0.97),
        name_style(design, palette.ink2, 0.04, "left", "bottom"),
    )
    rectangle(page, (left, 0.045, 0.95, 0.045 + design.between(0.002, 0.012)), palette.ink2)
    return page


def typographic(design: Design) -> Image.Image:
    """Nothing but large type."""
    page = design.page()
    palette = design.palette
    align = design.pick("left", "centre")
    top = write(
        page, design.plan.title, (0.06, 0.05, 0.94, 0.78), title_style(design, palette.ink2, 0.26, align)
    )
    write(
        page,
        design.author(),
        (0.06, max(top + 0.02, 0.8), 0.94, 0.95),
        name_style(design, palette.ink, 0.06, align, "bottom"),
    )
    return page


def nonfiction(design: Design) -> Image.Image:
    """A loud title on a plain ground, a long subtitle, a line of praise, a small picture."""
    page = design.page()
    palette = design.palette
    bar = design.between(0.0, 0.09)
    rectangle(page, (0, 0, 1, bar), palette.accents[1])
    end = write(
        page, design.phrase("tagline"), (0.08, bar + 0.02, 0.92, bar + 0.08), small_style(design, palette.ink)
    )
    end = write(
        page, design.plan.title, (0.06, end + 0.02, 0.94, 0.42), title_style(design, palette.ink2, 0.17)
    )
    if design.chance(0.7):
        left = design.between(0.1, 0.35)
        design.paste_picture(page, (left, end + 0.03, 1 - left, 0.72))
    long = f"{design.plan.subtitle or design.plan.genre.capitalize()}: {design.phrase('title')}"
    write(page, long, (0.1, 0.75, 0.9, 0.86), small_style(design, palette.ink, 0.03))
    write(page, design.author(), (0.06, 0.88, 0.94, 0.96), name_style(design, palette.ink2, 0.05))
    return page


def split_title(design: Design) -> Image.Image:
    """Each word of the title on its own coloured stripe."""
    words = design.plan.title.split()[:6]
    page = design.page()
    palette = design.palette
    high = 0.82 / len(words)
    for number, word in enumerate(words):
        ground = palette.accents[number % len(palette.accents)]
        top = number * high
        rectangle(page, (0, top, 1, top + high), ground)
        style = title_style(design, readable_on(ground), min(0.22, 0.8 * high), "left", "middle")
        write(page, word, (0.06, top, 0.94, top + high), style)
    write(
        page,
        design.author(),
        (0.06, 0.85, 0.94, 0.96),
        name_style(design, palette.ink, 0.05, "left", "middle"),
    )
    return page


def side_strip(design: Design) -> Image.Image:
    """A strip along the spine with the author's name turned, the title beside it."""
    page = design.page()
    palette = design.palette
    wide = design.between(0.12, 0.3)
    strip = Image.new("RGB", (design.height, max(8, round(wide * design.width))), palette.accents[0])
    ink = readable_on(palette.accents[0])
    style = Style(design.name_face, ink, 0.55, "left", "middle", upper=design.chance(0.5))
    write(strip, design.author(), (0.05, 0.1, 0.95, 0.9), style)
    page.paste(strip.transpose(Image.Transpose.ROTATE_90), (0, 0))
    top = design.between(0.06, 0.5)
    if design.chance(0.6):
        low = top > 0.3
        design.paste_picture(page, (wide, 0, 1, top - 0.04) if low else (wide, 0.5, 1, 1))
    align = design.pick("left", "right")
    end = write(
        page,
        design.plan.title,
        (wide + 0.06, top, 0.95, top + 0.3),
        title_style(design, palette.ink2, 0.13, align),
    )
    write(
        page,
        design.plan.subtitle,
        (wide + 0.06, end + 0.01, 0.95, end + 0.08),
        small_style(design, palette.ink, align=align),
    )
    return page


def knocked_out(design: Design) -> Image.Image:
    """A very large title filled with the picture."""
    mask = Image.new("RGB", (design.width, design.height), (0, 0, 0))
    style = title_style(design, (255, 255, 255), 0.34, design.pick("left", "centre"), "middle")
    write(mask, design.plan.title, (0.05, 0.08, 0.95, 0.8), style)
    page = design.page()
    page.paste(design.picture(), (0, 0), mask.convert("L"))
    write(
        page,
        design.author(),
        (0.06, 0.84, 0.94, 0.95),
        name_style(design, design.palette.ink2, 0.06, valign="middle"),
    )
    return page


def textbook(design: Design) -> Image.Image:
    """A pattern above, a rule, the title flush left, the edition below."""
    page = design.page()
    palette = design.palette
    share = design.between(0.2, 0.5)
    design.paste_picture(page, (0, 0, 1, share))
    rectangle(page, (0, share, 1, share + design.between(0.005, 0.05)), palette.accents[2])
    end = write(
        page,
        design.plan.title,
        (0.07, share + 0.08, 0.93, share + 0.32),
        title_style(design, palette.ink, 0.09, "left"),
    )
    write(
        page,
        design.plan.subtitle,
        (0.07, end + 0.01, 0.93, end + 0.07),
        small_style(design, palette.ink2, 0.03, "left"),
    )
    write(
        page,
        design.author(),
        (0.07, 0.85, 0.7, 0.93),
        name_style(design, palette.ink, 0.035, "left", "bottom"),
    )
    publisher_mark(page, design.plan.publisher, (0.86, 0.9), 0.06, palette.ink2, named=False)
    return page
