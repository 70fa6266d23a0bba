"""ISBN-13 numbers for drawn books: valid, and distinct for every index."""

from __future__ import annotations

from recto.isbn import check_digit

_REGISTRATION_GROUPS = {"en": "9780", "fr": "9782", "de": "9783", "ru": "9785"}
_OTHER_GROUP = "9788"  # the first digit that Italy, Spain and others share
_ODD_MULTIPLIER = 38_742_049  # coprime to 10: index -> 8 digits is a bijection below 100 million


def isbn_of(index: int, seed: int, language: str) -> str:
    """The ISBN-13 of a drawn book: 13 digits, distinct for all indices of a seed below a hundred million."""
    number = (index * _ODD_MULTIPLIER + seed * 7_654_321 + 12_345_678) % 100_000_000
    first_twelve = f"{_REGISTRATION_GROUPS.get(language, _OTHER_GROUP)}{number:08d}"
    return first_twelve + check_digit(first_twelve)


def hyphenated(isbn: str) -> str:
    """The number as it is printed above a barcode."""
    return f"{isbn[:3]}-{isbn[3]}-{isbn[4:8]}-{isbn[8:12]}-{isbn[12]}"
