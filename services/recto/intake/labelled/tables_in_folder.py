"""A labelled set as a folder: `manifest.csv`, `queries.csv`, and what is known about look-alikes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from recto.errors import BadInput
from recto.intake.labelled.sets import LabelledPhoto, LabelledSet, Reference
from recto.intake.labelled.tables import Complaints, file_of, read_table, several
from recto.intake.manifest import BadRow, ManifestRow, read_manifest
from recto.records import Side

MANIFEST, QUERIES = "manifest.csv", "queries.csv"
NEAR_DUPLICATES, SECONDARY_MATCHES = "near_duplicates.csv", "secondary_matches.csv"


def read_folder(folder: Path) -> LabelledSet:
    """The set that lies in a folder.

    Raises:
        BadInput: a file is missing, or rows cannot be used; each is named by file and line.
    """
    for name in (MANIFEST, QUERIES):
        if not (folder / name).is_file():
            raise BadInput(f"{folder} holds no {name}; a labelled set needs {MANIFEST} and {QUERIES}.")
    complaints = Complaints()
    references = tuple(_references(folder / MANIFEST, complaints))
    books = {reference.book_id for reference in references}
    photos = read_photos(folder / QUERIES, books, complaints)
    look_alikes = _near_duplicates(folder / NEAR_DUPLICATES, books, complaints)
    photos = _with_secondary(folder / SECONDARY_MATCHES, photos, books, complaints)
    complaints.end()
    return LabelledSet(folder.resolve().name, references, tuple(photos.values()), look_alikes)


def read_photos(path: Path, books: set[str], complaints: Complaints) -> dict[str, LabelledPhoto]:
    """Photos by id; an id may be left out, then it is the name of the file."""
    photos: dict[str, LabelledPhoto] = {}
    for line, row in read_table(path, [("file", "path"), ("truth",)], complaints):
        add_photo(photos, path, line, row, books, complaints)
    if not photos and not complaints.sentences:
        raise BadInput(f"{path} lists no photos; write one row for each.")
    return photos


def add_photo(
    photos: dict[str, LabelledPhoto],
    path: Path,
    line: int,
    row: Mapping[str, str],
    books: set[str],
    complaints: Complaints,
) -> None:
    """Add the photo of a row, or complain."""
    file = file_of(path.parent, row.get("file") or row.get("path", ""))
    if isinstance(file, str):
        complaints.add(path, line, file)
        return
    photo_id = row.get("id") or file.stem
    truths = several(row.get("truth", ""))
    unknown = [truth for truth in truths if truth not in books]
    if photo_id in photos:
        complaints.add(
            path, line, f"the photo {photo_id} was named before; give each photo an id of its own."
        )
    elif unknown:
        complaints.add(path, line, not_a_reference(unknown[0]))
    else:
        photos[photo_id] = LabelledPhoto(photo_id, file, truths, row.get("set", ""))


def not_a_reference(book_id: str) -> str:
    """The sentence about an id that no reference has."""
    return (
        f"the book {book_id} is no reference; add its cover, correct the id, or leave truth empty where the "
        f"photo shows no book of the catalogue."
    )


def _references(path: Path, complaints: Complaints) -> Iterator[Reference]:
    for row in read_manifest(path):
        if isinstance(row, BadRow):
            complaints.add(path, row.line, row.reason)
        else:
            yield from _covers(path, row, complaints)


def _covers(path: Path, row: ManifestRow, complaints: Complaints) -> Iterator[Reference]:
    if not row.fronts and not row.backs:
        complaints.add(path, row.line, "it names no cover; write a file into front or back.")
    for side, places in ((Side.FRONT, row.fronts), (Side.BACK, row.backs)):
        for place in places:
            if not isinstance(place, Path):
                complaints.add(path, row.line, f"{place} is no file of this computer; copy it into the set.")
            elif not place.is_file():
                complaints.add(path, row.line, f"the file {place.name} does not exist; correct the path.")
            else:
                yield Reference(row.book.book_id, place, side, row.book.title)


def _near_duplicates(path: Path, books: set[str], complaints: Complaints) -> dict[str, frozenset[str]]:
    pairs: dict[str, set[str]] = defaultdict(set)
    if not path.is_file():
        return {}
    for line, row in read_table(path, [("id_a",), ("id_b",)], complaints):
        first, second = row["id_a"], row["id_b"]
        unknown = [book for book in (first, second) if book not in books]
        if unknown:
            complaints.add(
                path,
                line,
                f"the book {unknown[0]!r} is no reference; correct the id or remove the row.",
            )
            continue
        pairs[first].add(second)
        pairs[second].add(first)
    return {book: frozenset(twins) for book, twins in pairs.items()}


def _with_secondary(
    path: Path, photos: Mapping[str, LabelledPhoto], books: set[str], complaints: Complaints
) -> dict[str, LabelledPhoto]:
    known = dict(photos)
    if not path.is_file():
        return known
    for line, row in read_table(path, [("query",), ("also_visible_or_confusable",)], complaints):
        photo, others = known.get(row["query"]), several(row["also_visible_or_confusable"])
        unknown = [book for book in others if book not in books]
        if photo is None:
            complaints.add(
                path,
                line,
                f"the photo {row['query']} is not in {QUERIES}; correct the id or remove the row.",
            )
        elif unknown:
            complaints.add(
                path,
                line,
                f"the book {unknown[0]!r} is no reference; correct the id or remove the row.",
            )
        else:
            known[photo.photo_id] = replace(photo, also_right=photo.also_right.union(others))
    return known
