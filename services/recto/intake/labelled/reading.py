"""Labelled sets as files: a folder with two tables, or one table."""

from __future__ import annotations

from pathlib import Path

from recto.errors import BadInput
from recto.intake.labelled.one_table import read_one_table
from recto.intake.labelled.sets import LabelledSet
from recto.intake.labelled.tables_in_folder import read_folder


def read_labelled(path: Path) -> LabelledSet:
    """A labelled set: a folder with `manifest.csv` and `queries.csv`, or one CSV with a column `role`.

    Both are described in docs/evaluate.md.

    Raises:
        BadInput: something in it cannot be used; the message names every such row by file and line.
    """

    if not path.exists():
        raise BadInput(
            f"{path} does not exist; name a folder with manifest.csv and queries.csv, or one .csv."
        )
    return read_folder(path) if path.is_dir() else read_one_table(path)
