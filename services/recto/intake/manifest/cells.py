"""Cells of a record to values of a book. Each function raises `UnusableError` with a sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping

from recto.records import is_said

COLUMNS = (
    "book_id",
    "front",
    "back",
    "title",
    "authors",
    "isbn",
    "publisher",
    "year",
    "language",
    "tags",
    "clear",
)
"""The columns with a meaning; every other one goes into `Book.extra`."""
MAX_TEXT = 10_000
"""Longest text of one cell in characters: titles have hundreds, descriptions in `extra` some thousands."""
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_YEARS = range(-9999, 10_000)

Record = Mapping[str, object]
"""Column name to cell: texts from CSV; any JSON value from JSON lines."""
Plain = str | int | float | bool | None


class UnusableError(ValueError):
    """A record cannot be used; the message is the reason of its `BadRow`."""


def column_name(text: str) -> str:
    """Columns with a meaning are recognised in any case; others keep their spelling."""
    name = text.strip()
    return name.lower() if name.lower() in COLUMNS else name


def one_line(value: object, column: str) -> str:
    """A cell as text on one line, "" for an empty one."""
    return " ".join(_text(value, column).split())


def names(value: object, column: str) -> tuple[str, ...]:
    """A cell as a list of names: a JSON list, or a text separated by `|`, or by `;` where it has no `|`."""
    if not isinstance(value, list):
        text = _text(value, column)
        value = text.split("|" if "|" in text else ";")
    return _without_gaps([one_line(part, column) for part in value])


def paths(value: object, column: str) -> tuple[str, ...]:
    """A cell as a list of paths: a JSON list, or a text separated by `|`. Spaces within stay as they are."""
    if not isinstance(value, list):
        value = _text(value, column).split("|")
    return _without_gaps([_text(part, column).strip() for part in value])


def year(value: object) -> int | None:
    """A cell as a year, None for an empty one."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    number = _number(value)
    if not number.is_integer() or int(number) not in _YEARS:
        raise UnusableError(f"The year {str(value)[:40]!r} is not a whole number from -9999 to 9999.")
    return int(number)


def other_columns(record: Record, clear: Collection[str] = ()) -> dict[str, Plain]:
    """The cells of all columns without a meaning; empty ones are left out, but for those that `clear` names."""
    kept: dict[str, Plain] = {}
    for name, value in record.items():
        if name in COLUMNS or not name:
            continue
        if not is_said(value):
            kept |= {name: None} if name in clear else {}
            continue
        if not isinstance(value, str | int | float):
            raise UnusableError(f"The column {name} holds a list or an object; only plain values are kept.")
        kept[_text(name, "The name of a column")] = _text(value, name) if isinstance(value, str) else value
    return kept


def _text(value: object, column: str) -> str:
    """The text of a cell, if every database can keep it."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnusableError(f"{column} must be a text.")
    text = str(value)
    if len(text) > MAX_TEXT:
        raise UnusableError(f"{column} has {len(text):,} characters, and at most {MAX_TEXT:,} are allowed.")
    if _NO_TEXT.search(text):
        raise UnusableError(f"{column} has characters that are no text.")
    return text


def _number(value: object) -> float:
    """A float also for texts: spreadsheets write 1999.0 for whole numbers in columns with gaps."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def _without_gaps(parts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in parts if part))
