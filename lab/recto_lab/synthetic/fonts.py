"""Type faces from font packages, found through their installed files, cached by size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from PIL import ImageFont

from recto.errors import RectoError

REFERENCE_SIZE = 100
LATIN = "latin"
CYRILLIC = "cyrillic"


class FontMissingError(RectoError):
    """A font package is not installed."""


@dataclass(frozen=True)
class Family:
    """Files of one type family: regular, bold, italic and display cuts; which languages its letters cover."""

    package: str
    regular: str
    bold: str
    italic: str
    display: str
    kind: str  # serif, sans or display
    scripts: tuple[str, ...] = (LATIN,)  # those that every cut covers


def _family(package: str, pattern: str, cuts: str, kind: str, *scripts: str) -> Family:
    """A family whose file names differ in one word: `cuts` are regular, bold, italic and display."""
    regular, bold, italic, display = (pattern.format(cut) for cut in cuts.split())
    return Family(package, regular, bold, italic, display, kind, scripts or (LATIN,))


_SERIF_PRO = ("font_source_serif_pro", "SourceSerifPro-{}.ttf")
_SANS_PRO = ("font_source_sans_pro", "SourceSansPro-{}.ttf")
_ROBOTO = ("font_roboto", "Roboto-{}.ttf")
_ONE_CUT = "Regular Regular Regular Regular"
FAMILIES: dict[str, Family] = {
    "source-serif": _family(*_SERIF_PRO, "Regular Bold It Black", "serif"),
    "source-serif-light": _family(*_SERIF_PRO, "Light Semibold LightIt ExtraLight", "serif"),
    "caladea": _family("font_caladea", "Caladea-{}.ttf", "Regular Bold Italic BoldItalic", "serif"),
    "roboto": _family(*_ROBOTO, "Regular Bold Italic Black", "sans", LATIN, CYRILLIC),
    "roboto-light": _family(*_ROBOTO, "Light Medium LightItalic Thin", "sans", LATIN, CYRILLIC),
    "source-sans": _family(*_SANS_PRO, "Regular Bold It Black", "sans"),
    "source-sans-light": _family(*_SANS_PRO, "Light Semibold LightIt BlackIt", "sans"),
    "hanken": _family("font_hanken_grotesk", "HankenGrotesk-{}.otf", "Regular Bold Italic SemiBold", "sans"),
    "manrope": _family(
        "font_manrope", "Manrope-{}.ttf", "Regular Bold Light ExtraBold", "sans", LATIN, CYRILLIC
    ),
    "amatic": _family("font_amatic_sc", "AmaticSC-{}.ttf", "Regular Bold Regular Bold", "display"),
    "fredoka": _family("font_fredoka_one", "FredokaOne-{}.ttf", _ONE_CUT, "display"),
    "intuitive": _family("font_intuitive", "Intuitive.ttf", _ONE_CUT, "display"),
    # The italics of both Source families have Latin letters only, so Russian is set in their upright cuts.
    "source-serif-upright": _family(*_SERIF_PRO, "Regular Bold Semibold Black", "serif", CYRILLIC),
    "source-sans-upright": _family(*_SANS_PRO, "Regular Bold Semibold Black", "sans", CYRILLIC),
}


@dataclass(frozen=True)
class Face:
    """One cut of one family: `cut` is regular, bold, italic or display."""

    family: str
    cut: str = "regular"

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """The font at `size` pixels an em. Raises FontMissingError."""
        return _load(self.family, self.cut, max(4, size))

    def width(self, text: str) -> float:
        """Advance width of `text` in ems, measured at one size: lines break alike at any resolution."""
        return _width(self.family, self.cut, text)


@lru_cache(maxsize=4096)
def _load(family: str, cut: str, size: int) -> ImageFont.FreeTypeFont:
    entry = FAMILIES[family]
    name = getattr(entry, cut)
    try:
        path = resources.files(entry.package) / "files" / name
        # The basic layout engine is the same in every build of Pillow; raqm is not.
        return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
    except (ModuleNotFoundError, OSError) as error:
        package = entry.package.replace("_", "-")
        raise FontMissingError(
            f"The font file {name} is missing. Install it with: pip install {package}"
        ) from error


@lru_cache(maxsize=65536)
def _width(family: str, cut: str, text: str) -> float:
    return float(_load(family, cut, REFERENCE_SIZE).getlength(text)) / REFERENCE_SIZE


def families_for(language: str) -> tuple[str, ...]:
    """Names of the families that can set a language."""
    script = CYRILLIC if language == "ru" else LATIN
    return tuple(name for name, family in FAMILIES.items() if script in family.scripts)
