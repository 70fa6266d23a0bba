"""The methods that are compared, by name. Importing this package loads nothing heavy; `make_method` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recto.errors import BadInput, NotFound
from recto.settings import Settings

if TYPE_CHECKING:
    from recto_lab.evaluation.methods.base import Brute, Matcher
    from recto_lab.evaluation.methods.vectors import Distance

PRODUCT = "recto"
"""The product as a whole; whoever calls the evaluation brings it."""
VERIFY, HOMOGRAPHY, EUCLIDEAN = "verify", "homography", "euclidean"
TOP = 50
"""Covers that `:verify` verifies: the shortlist of one witness in the product."""
DESCRIPTORS = {
    "hog": "histograms of oriented gradients",
    "lbp": "local binary patterns",
    "gabor": "Gabor filters",
    "colour": "colour histogram",
}
HASHES = {"phash": "DCT", "dhash": "gradients", "ahash": "brightness", "whash": "wavelets"}
NAMES = {
    PRODUCT: "the whole product, on an empty data folder of its own",
    "words": "the local witness alone: visual words, tf-idf",
    "orb": "the same as orb500",
    "orb500": "ORB, 500 points, ratio test, matches counted; `:homography` counts inliers",
    "orb1000": "ORB with 1,000 points",
    **{name: f"{what} (`:euclidean` for another distance)" for name, what in DESCRIPTORS.items()},
    **{name: f"perceptual hash by {what}" for name, what in HASHES.items()},
}
"""What each name stands for; every spec of an encoder is one too. `:verify` puts geometry behind any but `recto`."""


@dataclass(frozen=True)
class Name:
    """A method's name, taken apart."""

    base: str
    options: frozenset[str]


def parse_name(text: str, settings: Settings) -> Name:
    """The parts of a name; the settings say where encoders that were added are kept.

    Raises:
        BadInput: there is no such method, or it does not take that option.
    """
    from recto.encoders import known_card
    from recto.storage.blobs import open_blobs

    base, *options = text.strip().split(":")
    if base not in NAMES:
        try:
            known_card(base, open_blobs(settings))
        except (BadInput, NotFound) as error:
            raise BadInput(
                f"There is no method {base!r}: name one of {', '.join(NAMES)}, or an encoder ({error})"
            ) from None
    allowed = _options(base)
    if unknown := [option for option in options if option not in allowed]:
        takes = ", ".join(allowed) or "no option"
        raise BadInput(f"The method {base} does not take the option {unknown[0]!r}; it takes {takes}.")
    return Name("orb500" if base == "orb" else base, frozenset(options))


def check_method(text: str, settings: Settings) -> None:
    """Find out whether a method can be made, without the work of making it.

    Raises:
        BadInput: there is no such method, or its library is not installed.
    """
    from recto_lab.evaluation.methods.libraries import library

    base = parse_name(text, settings).base
    if base in ("hog", "lbp"):
        library("skimage.feature", base)
    elif base in HASHES:
        library("imagehash", base)


def make_method(text: str, settings: Settings, top: int = TOP) -> Brute:
    """The method of a name other than `recto`.

    Raises:
        BadInput: there is no such method, or its library is not installed.
    """
    from recto_lab.evaluation.methods.base import Brute
    from recto_lab.evaluation.methods.verified import Verified

    name = parse_name(text, settings)
    assert name.base != PRODUCT, "the caller brings the product"
    matcher = _matcher(name, settings)
    return Verified(text, matcher, top) if VERIFY in name.options else Brute(text, matcher)


def _options(base: str) -> tuple[str, ...]:
    if base == PRODUCT:
        return ()
    if base.startswith("orb"):
        return (VERIFY, HOMOGRAPHY)
    return (VERIFY,) if base == "words" or base in HASHES else (VERIFY, EUCLIDEAN)


def _matcher(name: Name, settings: Settings) -> Matcher:
    distance: Distance = "euclidean" if EUCLIDEAN in name.options else "cosine"
    if name.base.startswith("orb"):
        from recto_lab.evaluation.methods.orb import OrbMatcher

        return OrbMatcher(int(name.base.removeprefix("orb")), homography=HOMOGRAPHY in name.options)
    if name.base == "words":
        from recto_lab.evaluation.methods.local_words import WordMatcher

        return WordMatcher()
    if name.base in HASHES:
        from recto_lab.evaluation.methods.hashes import HashMatcher

        return HashMatcher(name.base)
    if name.base in DESCRIPTORS:
        return _descriptor(name.base, distance)
    from recto_lab.evaluation.methods.encoder import EncoderMatcher

    return EncoderMatcher(name.base, settings, distance)


def _descriptor(base: str, distance: Distance) -> Matcher:
    from recto_lab.evaluation.methods import classic

    kinds: dict[str, Callable[[Distance], Matcher]] = {
        "hog": classic.HogMatcher,
        "lbp": classic.LbpMatcher,
        "gabor": classic.GaborMatcher,
        "colour": classic.ColourMatcher,
    }
    return kinds[base](distance)
