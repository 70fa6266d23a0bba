"""CSV tables of labelled sets, read with complaints that name file and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recto.errors import BadInput

SHOWN = 20
"""Complaints of one message; the rest is counted."""

Row = dict[str, str]


@dataclass
class Complaints:
    """What is wrong with a set, gathered so that a user sees everything at once."""

    sentences: list[str] = field(default_factory=list)

    def add(self, file: Path, line: int, sentence: str) -> None:
        """Note a row that cannot be used; the sentence says what to do."""
        self.sentences.append(f"{file.name}, line {line}: {sentence}")

    def end(self) -> None:
        """Raise what was noted.

        Raises:
            BadInput: something was.
        """
        if not self.sentences:
            return
        shown = self.sentences[:SHOWN]
        if len(self.sentences) > SHOWN:
            shown.append(f"... and {len(self.sentences) - SHOWN} more.")
        rows = "1 row" if len(self.sentences) == 1 else f"{len(self.sentences)} rows"
        raise BadInput("\n  ".join([f"{rows} of the labelled set cannot be used:", *shown]))


def read_table(
    path: Path, needed: Collection[Sequence[str]], complaints: Complaints
) -> Iterable[tuple[int, Row]]:
    """Pairs of line and row of a CSV with a header; names of columns in any case, cells without spaces around.

    `needed`: columns that must be there, each as its possible names.

    Raises:
        BadInput: the file as a whole cannot be used.
    """
    text = _text(path)
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    rows: list[tuple[int, Row]] = []
    try:
        columns = [cell.strip().lower() for cell in next(reader, [])]
        _check_columns(path, columns, needed)
        while (cells := next(reader, None)) is not None:
            if len(cells) > len(columns):
                said = (
                    f"it has {len(cells)} cells, the header {len(columns)}; put cells with commas in quotes."
                )
                complaints.add(path, reader.line_num, said)
            elif any(cell.strip() for cell in cells):
                padded = [cell.strip() for cell in cells] + [""] * (len(columns) - len(cells))
                rows.append((reader.line_num, dict(zip(columns, padded, strict=True))))
    except csv.Error as error:
        raise BadInput(
            f"{path}, line {reader.line_num}: this is not valid CSV ({error}); look for a quotation mark "
            f"that is not closed."
        ) from None
    return rows


def several(cell: str) -> tuple[str, ...]:
    """Ids of a cell, separated by `|`."""
    return tuple(dict.fromkeys(part.strip() for part in cell.split("|") if part.strip()))


def file_of(folder: Path, cell: str) -> Path | str:
    """The file that a cell names, relative to the folder of its table; a sentence where there is none."""
    if not cell:
        return "it names no file; write one into the column file."
    path = (folder / cell).resolve()
    if not path.is_file():
        return f"the file {cell} does not exist; correct the path (relative to the folder of this table)."
    return path


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise BadInput(f'{path} is not UTF-8; save it as UTF-8 (in a spreadsheet: "CSV UTF-8").') from None
    if not text.strip():
        raise BadInput(f"{path} is empty; its first line must name the columns.")
    return text


def _check_columns(path: Path, columns: Sequence[str], needed: Collection[Sequence[str]]) -> None:
    for names in needed:
        if not set(names) & set(columns):
            raise BadInput(
                f"{path}, line 1: no column is named {' or '.join(names)}; the first line must name the columns."
            )
    twice = sorted({column for column in columns if column and columns.count(column) > 1})
    if twice:
        raise BadInput(f"{path}, line 1: {', '.join(twice)} is named more than once; rename or remove one.")
