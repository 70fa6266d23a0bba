"""Setting type: fits words into boxes, breaks lines alike at any resolution, adds shadows and outlines."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from PIL import Image, ImageDraw, ImageFilter

from recto_lab.synthetic.fonts import Face
from recto_lab.synthetic.types import Colour

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of the width and the height."""
_SMALL = 26  # pixels an em below which type is drawn larger and reduced
_DRAWN_AT = 48  # pixels an em that small type is drawn at, at least
_SHRINK = 0.93  # step of the search for the largest size that fits


@dataclass(frozen=True)
class Style:
    """How a text is set. Sizes are fractions of the cover's height."""

    face: Face
    colour: Colour
    size: float
    align: str = "centre"  # left, centre or right
    valign: str = "top"  # top, middle or bottom
    leading: float = 1.12
    tracking: float = 0.0  # extra space between letters, in ems
    upper: bool = False
    shadow: Colour | None = None
    outline: Colour | None = None


@dataclass(frozen=True)
class Setting:
    """Lines that fit a box, and their size as a fraction of the height."""

    lines: tuple[str, ...]
    size: float


def line_width(style: Style, text: str) -> float:
    """Width in ems, tracking included."""
    return style.face.width(text) + style.tracking * max(0, len(text) - 1)


def _wrap(style: Style, words: list[str], limit: float) -> list[str] | None:
    """Greedy line breaking within `limit` ems; None when a single word is too wide."""
    space = style.face.width(" ") + style.tracking
    lines: list[str] = []
    used = 0.0
    for word in words:
        wide = line_width(style, word)
        if wide > limit:
            return None
        if lines and used + space + wide <= limit:
            lines[-1] += " " + word
            used += space + wide
        else:
            lines.append(word)
            used = wide
    return lines


def fit(style: Style, text: str, width: float, height: float) -> Setting:
    """The largest size up to `style.size` at which `text` fits; all in fractions of the page's height."""
    words = (text.upper() if style.upper else text).split()
    size = style.size
    while True:
        lines = _wrap(style, words, width / size)
        if lines is not None and len(lines) * style.leading * size <= height:
            return Setting(tuple(lines), size)
        if size < 0.006:
            return Setting(tuple(lines or words[:1]), size)
        size *= _SHRINK


def write(image: Image.Image, text: str, box: Box, style: Style) -> float:
    """Set `text` into `box`; gives the y where it ends, as a fraction of the height."""
    if not text:
        return box[1]
    wide, high = image.size
    setting = fit(style, text, (box[2] - box[0]) * wide / high, box[3] - box[1])
    block = len(setting.lines) * style.leading * setting.size
    slack = {"top": 0.0, "middle": 0.5, "bottom": 1.0}[style.valign]
    top = box[1] + slack * (box[3] - box[1] - block)
    placed: list[tuple[float, float, str]] = []
    for number, text_line in enumerate(setting.lines):
        length = line_width(style, text_line) * setting.size * high
        left, right = box[0] * wide, box[2] * wide
        x = {"left": left, "centre": (left + right - length) / 2, "right": right - length}[style.align]
        placed.append((x, (top + (number + 0.78) * style.leading * setting.size) * high, text_line))
    _ink(image, placed, style, setting.size * high)
    return top + block


def _ink(image: Image.Image, placed: list[tuple[float, float, str]], style: Style, size: float) -> None:
    if style.shadow is not None:
        _drop_shadow(image, placed, style, size)
    if size < _SMALL and style.outline is None:
        _ink_small(image, placed, style, size)
        return
    draw = ImageDraw.Draw(image)
    stroke = max(1, round(size * 0.05)) if style.outline is not None else 0
    for x, y, text_line in placed:
        _line(draw, x, y, text_line, style, round(size), style.colour, stroke)


def _ink_small(image: Image.Image, placed: list[tuple[float, float, str]], style: Style, size: float) -> None:
    """Small type, drawn larger and reduced: fonts round the width of small letters to whole pixels."""
    factor = min(8, ceil(_DRAWN_AT / size))
    left, top = floor(min(x for x, _, _ in placed)) - 1, floor(placed[0][1] - 1.1 * size)
    right = ceil(max(x + 1.04 * line_width(style, text_line) * size for x, _, text_line in placed)) + 2
    bottom = ceil(placed[-1][1] + 0.4 * size)
    mask = Image.new("L", (max(1, right - left) * factor, max(1, bottom - top) * factor))
    draw = ImageDraw.Draw(mask)
    for x, y, text_line in placed:
        _line(draw, (x - left) * factor, (y - top) * factor, text_line, style, round(size * factor), 255, 0)
    image.paste(style.colour, (left, top), mask.reduce(factor))


def _line(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    text: str,
    style: Style,
    size: int,
    fill: Colour | int,
    stroke: int,
) -> None:
    font = style.face.at(size)
    if not style.tracking:
        draw.text((x, y), text, fill, font, anchor="ls", stroke_width=stroke, stroke_fill=style.outline)
        return
    for letter in text:
        draw.text((x, y), letter, fill, font, anchor="ls", stroke_width=stroke, stroke_fill=style.outline)
        x += (style.face.width(letter) + style.tracking) * size


def _drop_shadow(
    image: Image.Image, placed: list[tuple[float, float, str]], style: Style, size: float
) -> None:
    left = int(max(0, min(x for x, _, _ in placed) - size))
    top = int(max(0, placed[0][1] - 1.5 * size))
    bottom = int(min(image.height, placed[-1][1] + size))
    mask = Image.new("L", (image.width - left, max(1, bottom - top)))
    draw = ImageDraw.Draw(mask)
    offset = 0.045 * size
    for x, y, text_line in placed:
        _line(draw, x - left + offset, y - top + offset, text_line, _plain(style), round(size), 220, 0)
    mask = mask.filter(ImageFilter.BoxBlur(max(0.5, 0.06 * size)))
    image.paste(style.shadow or (0, 0, 0), (left, top), mask)


def _plain(style: Style) -> Style:
    return Style(style.face, style.colour, style.size, tracking=style.tracking)
