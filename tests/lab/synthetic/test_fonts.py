"""Every letter that the shelf sets exists in the font that sets it."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops, ImageDraw

from recto_lab.synthetic.fonts import Face, families_for

MISSING = "\uffff"


def _drawn(face: Face, letter: str) -> Image.Image:
    image = Image.new("L", (80, 80))
    ImageDraw.Draw(image).text((10, 10), letter, font=face.at(40), fill=255)
    return image


@pytest.mark.parametrize("cut", ["regular", "bold", "italic", "display"])
@pytest.mark.parametrize(
    ("language", "letters"), [("ru", "ЖщЫя"), ("fr", "éÇœ"), ("de", "ßÄü"), ("pt", "ãõ")]
)
def test_every_family_of_a_language_has_its_letters(language: str, letters: str, cut: str) -> None:
    for family in families_for(language):
        face = Face(family, cut)
        box = _drawn(face, MISSING)
        boxes = [
            letter for letter in letters if not ImageChops.difference(_drawn(face, letter), box).getbbox()
        ]
        assert not boxes, family
