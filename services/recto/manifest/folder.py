"""A folder of images: `X.jpg`, or `X_front.jpg` and `X_back.jpg`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from recto.errors import BadInput
from recto.image_types import SUFFIXES
from recto.manifest.paths import Locator
from recto.manifest.rows import BadRow, ManifestRow, book_id_of, to_row

_LITTER = frozenset(("thumbs.db", "desktop.ini"))


def read_folder(folder: Path, locate: Locator) -> Iterator[ManifestRow | BadRow]:
    """The books of a folder, ordered by id; subfolders and files that are no images are reported, not read.

    Raises:
        BadInput: the folder cannot be read, or holds no image.
    """
    try:
        entries = [entry for entry in folder.iterdir() if not _is_litter(entry.name)]
    except OSError as error:
        raise BadInput(f"The folder {folder} cannot be read: {error.strerror}.") from error
    images = sorted(entry.name for entry in entries if entry.suffix.lower() in SUFFIXES)
    others = sorted(entry.name for entry in entries if entry.suffix.lower() not in SUFFIXES)
    if not images:
        raise BadInput(f"The folder {folder} holds no images (subfolders are not read).")
    return _rows(images, others, locate)


def _rows(images: list[str], others: list[str], locate: Locator) -> Iterator[ManifestRow | BadRow]:
    line = 1
    for book_id, group in groupby(sorted(images, key=book_id_of), key=book_id_of):
        names = list(group)
        backs = [name for name in names if Path(name).stem.lower().endswith("_back")]
        fronts = [name for name in names if name not in backs]
        yield to_row(line, {"book_id": book_id, "front": fronts, "back": backs}, locate)
        line += len(names)
    for place, name in enumerate(others, start=line):
        yield BadRow(place, f"{name} is not read: it is a folder, or its name is not that of an image file.")


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER
