"""Small printed things: publisher marks, award stickers, prices, barcodes."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from recto_lab.synthetic.fonts import Face
from recto_lab.synthetic.isbn import hyphenated
from recto_lab.synthetic.palette import readable_on
from recto_lab.synthetic.types import Colour

_LEFT_ODD = (
    "0001101",
    "0011001",
    "0010011",
    "0111101",
    "0100011",
    "0110001",
    "0101111",
    "0111011",
    "0110111",
    "0001011",
)
_PARITY = ("OOOOOO", "OOEOEE", "OOEEOE", "OOEEEO", "OEOOEE", "OEEOOE", "OEEEOO", "OEOEOE", "OEOEEO", "OEEOEO")
_MODULES = 95
_QUIET = 11  # modules of white that a reader needs on each side (GS1 General Specifications 5.2.3.4)


def ean13_modules(isbn: str) -> str:
    """The 95 modules of an EAN-13 as a string of 0 and 1 (GS1 General Specifications, section 5.2)."""
    digits = [int(digit) for digit in isbn]
    right = ["".join("1" if bit == "0" else "0" for bit in _LEFT_ODD[digit]) for digit in digits[7:]]
    left = [
        _LEFT_ODD[digit]
        if parity == "O"
        else "".join("1" if bit == "0" else "0" for bit in _LEFT_ODD[digit])[::-1]
        for digit, parity in zip(digits[1:7], _PARITY[digits[0]], strict=True)
    ]
    return "101" + "".join(left) + "01010" + "".join(right) + "101"


def readable_width(wanted: int) -> int:
    """The width nearest to `wanted` at which every bar is a whole number of pixels, if bars can be two pixels wide.

    Readers fail on a fifth of the codes whose modules are 1.8 pixels (60 drawn backs, zxing-cpp), on none at 2.
    """
    modules = _MODULES + 2 * _QUIET
    module = round(wanted / modules)
    return modules * module if module >= 2 else wanted


def barcode(isbn: str, width: int, height: int) -> Image.Image:
    """An EAN-13 on white, `width` x `height` pixels, with the number above and below it."""
    modules = _MODULES + 2 * _QUIET
    # Drawn with whole pixels a module and then reduced: bars keep their proportions at any size.
    module = max(2, -(-width // modules))
    wide, high = modules * module, round(height * modules * module / width)
    text = round(8.5 * module)
    image = Image.new("RGB", (wide, high), (255, 255, 255))
    bits = np.array([bit == "1" for bit in ean13_modules(isbn)]).repeat(module)
    bars = np.where(bits, 0, 255).astype(np.uint8)
    top, bottom = round(1.4 * text), high - round(1.3 * text)
    block = Image.fromarray(np.broadcast_to(bars, (max(1, bottom - top), bars.size)).copy())
    image.paste(block, (_QUIET * module, top))
    draw = ImageDraw.Draw(image)
    font = Face("roboto").at(text)
    draw.text((wide // 2, round(1.1 * text)), f"ISBN {hyphenated(isbn)}", 0, font, anchor="ms")
    draw.text(
        (wide // 2, high - round(0.35 * text)), f"{isbn[0]}  {isbn[1:7]}  {isbn[7:]}", 0, font, anchor="ms"
    )
    return image.resize((width, height), Image.Resampling.BOX)


def publisher_mark(
    image: Image.Image,
    publisher: str,
    centre: tuple[float, float],
    size: float,
    colour: Colour,
    *,
    named: bool,
) -> None:
    """An invented device for each publisher, its name below where `named`; `size` as a fraction of the height."""
    rng = np.random.default_rng(list(publisher.encode()))
    width, height = image.size
    x, y, reach = centre[0] * width, centre[1] * height, size * height / 2
    draw = ImageDraw.Draw(image)
    stroke = max(1, round(reach / 7))
    kind = int(rng.integers(6))
    square = (x - reach, y - reach, x + reach, y + reach)
    if kind == 0:
        draw.ellipse(square, outline=colour, width=stroke)
    elif kind == 1:
        draw.rectangle(square, fill=colour)
    elif kind == 2:
        draw.polygon(
            [(x, y - reach), (x + reach, y + reach), (x - reach, y + reach)], outline=colour, width=stroke
        )
    elif kind == 3:
        draw.ellipse(square, fill=colour)
    elif kind == 4:
        draw.polygon(
            [(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)], outline=colour, width=stroke
        )
    else:
        for part in (0.0, 0.5, 1.0):
            level = y - reach + part * 2 * reach
            draw.line([(x - reach, level), (x + reach, level)], fill=colour, width=stroke)
    if kind != 5:
        initial = readable_on(colour) if kind in (1, 3) else colour
        draw.text(
            (x, y),
            publisher[0],
            initial,
            Face("caladea" if publisher.isascii() else "source-serif", "bold").at(round(reach * 1.1)),
            anchor="mm",
        )
    if named:
        font = Face("source-sans", "bold").at(round(reach * 0.6))
        draw.text((x, y + 1.9 * reach), publisher.upper(), colour, font, anchor="mm")


def sticker(image: Image.Image, text: str, centre: tuple[float, float], size: float, colour: Colour) -> None:
    """A round award or price sticker. `size`: diameter as a fraction of the height."""
    width, height = image.size
    x, y, reach = centre[0] * width, centre[1] * height, size * height / 2
    draw = ImageDraw.Draw(image)
    draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)
    ink = readable_on(colour)
    inner = 0.88 * reach
    draw.ellipse((x - inner, y - inner, x + inner, y + inner), outline=ink, width=max(1, round(reach / 20)))
    words = text.split()
    font_size = min(0.5 * reach, 1.5 * reach / max(len(word) for word in words) * 1.5)
    for number, word in enumerate(words):
        level = y + (number - (len(words) - 1) / 2) * font_size * 1.05
        draw.text((x, level), word, ink, Face("source-sans", "bold").at(round(font_size)), anchor="mm")
