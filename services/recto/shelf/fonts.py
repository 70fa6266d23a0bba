"""Type faces from font packages, found through their installed files, cached by size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from PIL import ImageFont

from recto.errors import RectoError

REFERENCE_SIZE = 100


class FontMissing(RectoError):
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
    cyrillic: bool = False


FAMILIES: dict[str, Family] = {
    "source-serif": Family(
        "font_source_serif_pro", "SourceSerifPro-Regular.ttf", "SourceSerifPro-Bold.ttf", "SourceSerifPro-It.ttf",
        "SourceSerifPro-Black.ttf", "serif", True),
    "source-serif-light": Family(
        "font_source_serif_pro", "SourceSerifPro-Light.ttf", "SourceSerifPro-Semibold.ttf",
        "SourceSerifPro-LightIt.ttf", "SourceSerifPro-ExtraLight.ttf", "serif", True),
    "caladea": Family(
        "font_caladea", "Caladea-Regular.ttf", "Caladea-Bold.ttf", "Caladea-Italic.ttf", "Caladea-BoldItalic.ttf",
        "serif"),
    "roboto": Family(
        "font_roboto", "Roboto-Regular.ttf", "Roboto-Bold.ttf", "Roboto-Italic.ttf", "Roboto-Black.ttf", "sans", True),
    "roboto-thin": Family(
        "font_roboto", "Roboto-Light.ttf", "Roboto-Medium.ttf", "Roboto-LightItalic.ttf", "Roboto-Thin.ttf", "sans",
        True),
    "source-sans": Family(
        "font_source_sans_pro", "SourceSansPro-Regular.ttf", "SourceSansPro-Bold.ttf", "SourceSansPro-It.ttf",
        "SourceSansPro-Black.ttf", "sans", True),
    "hanken": Family(
        "font_hanken_grotesk", "HankenGrotesk-Regular.otf", "HankenGrotesk-Bold.otf", "HankenGrotesk-Italic.otf",
        "HankenGrotesk-SemiBold.otf", "sans"),
    "manrope": Family(
        "font_manrope", "Manrope-Regular.ttf", "Manrope-Bold.ttf", "Manrope-Light.ttf", "Manrope-ExtraBold.ttf",
        "sans", True),
    "amatic": Family(
        "font_amatic_sc", "AmaticSC-Regular.ttf", "AmaticSC-Bold.ttf", "AmaticSC-Regular.ttf", "AmaticSC-Bold.ttf",
        "display"),
    "fredoka": Family(
        "font_fredoka_one", "FredokaOne-Regular.ttf", "FredokaOne-Regular.ttf", "FredokaOne-Regular.ttf",
        "FredokaOne-Regular.ttf", "display"),
    "intuitive": Family(
        "font_intuitive", "Intuitive.ttf", "Intuitive.ttf", "Intuitive.ttf", "Intuitive.ttf", "display"),
}  # fmt: skip


@dataclass(frozen=True)
class Face:
    """One cut of one family: `cut` is regular, bold, italic or display."""

    family: str
    cut: str = "regular"

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """The font at `size` pixels an em. Raises FontMissing."""
        return _load(self.family, self.cut, max(4, size))

    def width(self, text: str) -> float:
        """Advance width of `text` in ems. Measured at one size, so that lines break alike at any resolution."""
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
        raise FontMissing(
            f"The font file {name} is missing. Install it with: pip install {package}"
        ) from error


@lru_cache(maxsize=65536)
def _width(family: str, cut: str, text: str) -> float:
    return float(_load(family, cut, REFERENCE_SIZE).getlength(text)) / REFERENCE_SIZE


def families_for(language: str) -> tuple[str, ...]:
    """Names of the families that can set a language."""
    return tuple(name for name, family in FAMILIES.items() if family.cyrillic or language != "ru")
