"""ISBN: the form it is kept in, and whether its check digit fits."""

from __future__ import annotations

import re

_TEN = re.compile(r"\d{9}[\dX]")
_THIRTEEN = re.compile(r"97[89]\d{10}")


def compact(text: str) -> str:
    """An ISBN without hyphens and spaces; any other text as it is."""
    squeezed = re.sub(r"[\s\u2010-\u2015-]", "", text).upper()
    return squeezed if re.fullmatch(r"[\dX]{10}|\d{13}", squeezed) else text.strip()


def warning(isbn: str) -> str:
    """A sentence when this is no ISBN or its check digit does not fit; empty when all is well or nothing is given."""
    if not isbn:
        return ""
    if _THIRTEEN.fullmatch(isbn):
        fits = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(isbn)) % 10 == 0
    elif _TEN.fullmatch(isbn):
        digits = [10 if digit == "X" else int(digit) for digit in isbn]
        fits = sum(digit * (10 - place) for place, digit in enumerate(digits)) % 11 == 0
    else:
        return "An ISBN has 10 digits, or 13 that begin with 978 or 979. This one is kept as it was typed."
    return "" if fits else "The check digit of this ISBN does not fit: one of its digits is probably wrong."
