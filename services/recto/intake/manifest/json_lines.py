"""JSON lines: one object per line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import TextIO

from recto.intake.manifest.cells import Record, column_name
from recto.intake.manifest.document import Document
from recto.intake.manifest.encoding import require_utf8

_LONGEST_LINE = 1024 * 1024
"""Characters of one line: a book's record has a few hundred, and memory must not depend on the file."""


def read_json_lines(document: Document) -> Iterator[tuple[int, Record | str]]:
    """Pairs of line and record; a text in place of the record says why that line cannot be read.

    Raises:
        BadInput: the file is not UTF-8.
    """
    require_utf8(document)
    return _rows(document)


def _rows(document: Document) -> Iterator[tuple[int, Record | str]]:
    with io.TextIOWrapper(document.open(), encoding="utf-8-sig", newline="\n") as file:
        number = 0
        while text := file.readline(_LONGEST_LINE):
            number += 1
            if len(text) == _LONGEST_LINE and not text.endswith("\n"):
                _skip_line(file)
                yield number, f"The line is longer than {_LONGEST_LINE:,} characters."
            elif text.strip():
                yield number, _record(text)


def _skip_line(file: TextIO) -> None:
    while (text := file.readline(_LONGEST_LINE)) and not text.endswith("\n"):
        pass


def _record(text: str) -> Record | str:
    try:
        record = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return f"The line is not valid JSON ({error})."
    if not isinstance(record, dict):
        return "The line is not a JSON object."
    return {column_name(name): value for name, value in record.items()}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")
