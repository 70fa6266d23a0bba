"""Numbers of books as their barcodes carry them: ISBN-13, ISBN-10 and UPC-A as the thirteen digits of an EAN-13."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[\s\u2010-\u2015-]")
_TEN = re.compile(r"[0-9]{9}[0-9X]")
_TWELVE = re.compile(r"[0-9]{12}")
_THIRTEEN = re.compile(r"[0-9]{13}")
_BOOKLAND = re.compile(r"978|979[^0]")  # 979-0 is sheet music


def ean13(text: str) -> str:
    """The EAN-13 that stands for a number; empty where the text is none, or its check digit does not fit.

    Hyphens and spaces do not count. An ISBN-10 becomes the ISBN-13 that is printed as bars, a UPC-A gets a leading 0.
    """
    digits = _SEPARATORS.sub("", text).upper()
    if _TEN.fullmatch(digits):
        first_twelve = "978" + digits[:9]
        return first_twelve + check_digit(first_twelve) if _fits_ten(digits) else ""
    digits = "0" + digits if _TWELVE.fullmatch(digits) else digits
    return digits if _THIRTEEN.fullmatch(digits) and check_digit(digits[:12]) == digits[12] else ""


def is_isbn(ean: str) -> bool:
    """True for an EAN-13 of a book: it begins with 978 or 979, but not with 979-0, which is sheet music."""
    return len(ean) == 13 and _BOOKLAND.match(ean) is not None


def check_digit(first_twelve: str) -> str:
    """The last digit of an EAN-13, computed from the twelve before it (GS1 General Specifications, section 7.9)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(first_twelve))
    return str(-total % 10)


def _fits_ten(digits: str) -> bool:
    values = [10 if digit == "X" else int(digit) for digit in digits]
    return sum(value * (10 - place) for place, value in enumerate(values)) % 11 == 0
