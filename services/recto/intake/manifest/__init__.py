"""Lists of books and their cover files: CSV with a header, JSON lines, or a folder of images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from recto.errors import BadInput
from recto.intake.manifest.cells import Record
from recto.intake.manifest.csv_table import read_csv
from recto.intake.manifest.document import Document, LocalDocument
from recto.intake.manifest.folder import read_folder
from recto.intake.manifest.json_lines import read_json_lines
from recto.intake.manifest.paths import Locator
from recto.intake.manifest.rows import BadRow, ManifestRow, to_row
from recto.storage.s3 import Place

__all__ = [
    "SUFFIXES",
    "BadRow",
    "Document",
    "LocalDocument",
    "Locator",
    "ManifestRow",
    "read_manifest",
    "read_rows",
]

_READERS: dict[str, Callable[[Document], Iterator[tuple[int, Record | str]]]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
}
SUFFIXES = frozenset(_READERS)
"""What names of manifests end with."""


def read_manifest(path: Path, root: Path | None = None) -> Iterator[ManifestRow | BadRow]:
    """The books of a manifest or folder, one after the other, however long it is.

    Paths in a manifest are relative to its folder. They may lead anywhere in that folder and, when given, in
    `root`, nowhere else, also not through symbolic links. Files need not exist; whoever reads them finds out.

    Raises:
        BadInput: the source as a whole cannot be used; raised before the first row.
    """
    if not path.exists():
        raise BadInput(f"{path} does not exist; give a folder of images, a .csv or a .jsonl file.")
    if path.is_dir():
        return read_folder(path, Locator.of(path, root))
    return read_rows(LocalDocument(path), Locator.of(path.parent, root))


def read_rows(document: Document, locate: Callable[[str], Place]) -> Iterator[ManifestRow | BadRow]:
    """The books of a manifest wherever it lies; `locate` says where the files are that it names.

    Raises:
        BadInput: it cannot be used as a whole; raised before the first row.
    """
    reader = _READERS.get(Path(document.name).suffix.lower())
    if reader is None:
        raise BadInput(f"{document.name} is no manifest: give a folder of images, a .csv or a .jsonl file.")
    try:
        records = reader(document)
    except OSError as error:
        raise BadInput(f"The manifest {document.name} cannot be read: {error.strerror}.") from error
    return (to_row(line, record, locate) for line, record in records)
