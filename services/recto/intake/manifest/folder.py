"""A folder of images: `X.jpg`, or `X_front.jpg` and `X_back.jpg`; the same under a prefix of an object store."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterator
from itertools import chain, groupby, islice
from pathlib import Path

from recto.errors import BadInput
from recto.image_types import SUFFIXES
from recto.intake.manifest.rows import BadRow, ManifestRow, book_id_of, to_row
from recto.storage.s3 import Place

NAMES_AT_ONCE = 100_000
"""Names of a folder that are held in memory, about 15 MB: a larger one is gone through once per so many names."""

_LITTER = frozenset(("thumbs.db", "desktop.ini"))
Locate = Callable[[str], Place]


def read_folder(folder: Path, locate: Locate) -> Iterator[ManifestRow | BadRow]:
    """The books of a folder, ordered by id; subfolders and files that are no images are reported, not read.

    Raises:
        BadInput: the folder cannot be read, or holds no image.
    """
    images = _in_order(folder, _is_image)
    first = next(images, None)
    if first is None:
        raise BadInput(f"The folder {folder} holds no images (subfolders are not read).")
    others = _in_order(folder, lambda name: not _is_image(name))
    return _rows(chain([first], images, others), locate)


def read_prefix(names: Iterator[str], locate: Locate) -> Iterator[ManifestRow | BadRow]:
    """The books of a prefix by the names under it, in the order of the store; of what lies deeper each part once.

    Files of a book that do not follow each other make a row each; rows of one book are joined where they are entered.

    Raises:
        BadInput: there is nothing under the prefix.
    """
    kept = (name for name in names if not _is_litter(name))
    first = next(kept, None)
    if first is None:
        raise BadInput("There is nothing under this prefix.")
    return _rows(chain([first], kept), locate)


def _rows(names: Iterator[str], locate: Locate) -> Iterator[ManifestRow | BadRow]:
    line = 1
    for (kind, subject), group in groupby(names, key=_subject):
        files = list(islice(group, None if kind == "book" else 1))
        if kind == "book":
            backs = [name for name in files if Path(name).stem.lower().endswith("_back")]
            fronts = [name for name in files if name not in backs]
            yield to_row(line, {"book_id": subject, "front": fronts, "back": backs}, locate)
        else:
            reason = f"{subject} is not read: it is a folder, or its name is not that of an image file."
            yield BadRow(line, reason)
        line += len(files)


def _subject(name: str) -> tuple[str, str]:
    """What a name stands for: a book by its id, a folder, or something else."""
    folder, deeper, _ = name.partition("/")
    if deeper:
        return "folder", f"{folder}/"
    return ("book", book_id_of(name)) if _is_image(name) else ("other", name)


def _in_order(folder: Path, wanted: Callable[[str], bool]) -> Iterator[str]:
    """Wanted names of a folder, ordered by book id, in memory that does not grow with the folder.

    Raises:
        BadInput: the folder cannot be read.
    """
    last = ("", "")
    while True:
        try:
            with os.scandir(folder) as entries:
                names = (entry.name for entry in entries if wanted(entry.name) and not _is_litter(entry.name))
                keys = ((book_id_of(name), name) for name in names)
                chunk = heapq.nsmallest(NAMES_AT_ONCE, (key for key in keys if key > last))
        except OSError as error:
            raise BadInput(f"The folder {folder} cannot be read: {error.strerror}.") from error
        yield from (name for _, name in chunk)
        if len(chunk) < NAMES_AT_ONCE:
            return
        last = chunk[-1]


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def _is_litter(name: str) -> bool:
    base = name.rstrip("/").rpartition("/")[2]
    return base.startswith(".") or base.lower() in _LITTER
