"""CSV with a header: one record per row, separated by commas, semicolons or tabs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from recto.errors import BadInput
from recto.intake.manifest.cells import Record, column_name
from recto.intake.manifest.document import Document
from recto.intake.manifest.encoding import require_utf8

_SEPARATORS = ",;\t"
_LONGEST_HEADER = 65536


def read_csv(document: Document) -> Iterator[tuple[int, Record | str]]:
    """Pairs of line and record; a text in place of the record says why that row cannot be read.

    Raises:
        BadInput: the file is not UTF-8, or its first line does not name the columns.
    """
    require_utf8(document)
    with io.TextIOWrapper(document.open(), encoding="utf-8-sig", newline="") as file:
        header = file.readline(_LONGEST_HEADER)
    separator = max(_SEPARATORS, key=header.count)
    return _rows(document, separator, _columns(document, header, separator))


def _columns(document: Document, header: str, separator: str) -> list[str]:
    try:
        columns = [column_name(cell) for cell in next(csv.reader([header], delimiter=separator, strict=True))]
    except (csv.Error, StopIteration):
        columns = []
    named = [column for column in columns if column]
    if not {"book_id", "front", "back"} & set(named):
        raise BadInput(
            f"The first line of {document.name} does not name the columns; "
            f"at least book_id, front or back is needed."
        )
    twice = sorted({column for column in named if named.count(column) > 1})
    if twice:
        raise BadInput(f"The first line of {document.name} names {', '.join(twice)} more than once.")
    return columns


def _rows(document: Document, separator: str, columns: list[str]) -> Iterator[tuple[int, Record | str]]:
    with io.TextIOWrapper(document.open(), encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator, strict=True)
        next(reader)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield (
                    line,
                    f"The row is not valid CSV ({error}); look for a quotation mark that is not closed.",
                )
                continue
            if any(cell.strip() for cell in cells):
                yield line, _record(columns, cells)


def _record(columns: list[str], cells: list[str]) -> Record | str:
    if any(cell.strip() for cell in cells[len(columns) :]):
        return f"The row has {len(cells)} cells, the header {len(columns)}; put cells with commas in quotes."
    # A row that ends early has nothing in its last columns.
    return {column: cell for column, cell in zip(columns, cells, strict=False) if column}
