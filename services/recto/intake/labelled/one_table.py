"""A labelled set as one CSV: the column `role` says what each row is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from recto.errors import BadInput
from recto.intake.labelled.sets import LabelledPhoto, LabelledSet, Reference
from recto.intake.labelled.tables import Complaints, Row, file_of, read_table, several
from recto.intake.labelled.tables_in_folder import add_photo, not_a_reference
from recto.intake.manifest.rows import book_id_of
from recto.records import Side

COVER_ROLES = ("reference", "distractor")
"""A cover of the catalogue; `distractor` says that no photo shows it, which is checked."""
QUERY, NEAR_DUPLICATE = "query", "near-duplicate"
ROLES = (*COVER_ROLES, QUERY, NEAR_DUPLICATE)

Rows = Sequence[tuple[int, Row]]


def read_one_table(path: Path) -> LabelledSet:
    """The set of one CSV with columns role, path, id, truth, and optionally set, side, title.

    Raises:
        BadInput: rows cannot be used; each is named by its line.
    """
    complaints = Complaints()
    by_role: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    for line, row in read_table(path, [("role",), ("path", "file")], complaints):
        role = row["role"].lower().replace("_", "-").replace(" ", "-")
        if role in ROLES:
            by_role[role].append((line, row))
        else:
            complaints.add(
                path, line, f"the role {row['role']!r} is unknown; write one of {', '.join(ROLES)}."
            )
    covers = [entry for role in COVER_ROLES for entry in by_role[role]]
    twins = [entry for entry in by_role[NEAR_DUPLICATE] if entry[1].get("path") or entry[1].get("file")]
    references = tuple(_references(path, sorted([*covers, *twins], key=lambda entry: entry[0]), complaints))
    books = {reference.book_id for reference in references}
    photos: dict[str, LabelledPhoto] = {}
    for line, row in by_role[QUERY]:
        add_photo(photos, path, line, row, books, complaints)
    _check_distractors(path, by_role["distractor"], photos, complaints)
    look_alikes = _look_alikes(path, by_role[NEAR_DUPLICATE], books, complaints)
    complaints.end()
    if not references or not photos:
        raise BadInput(f"{path} needs rows of both roles reference and query, at least one of each.")
    return LabelledSet(path.stem, references, tuple(photos.values()), look_alikes)


def _book_id(row: Row) -> str:
    return row.get("id") or book_id_of(row.get("path") or row.get("file", ""))


def _references(path: Path, rows: Rows, complaints: Complaints) -> Iterator[Reference]:
    for line, row in rows:
        file = file_of(path.parent, row.get("path") or row.get("file", ""))
        side = row.get("side", "").lower() or ("back" if _is_back(file) else "front")
        if isinstance(file, str):
            complaints.add(path, line, file)
        elif side not in list(Side):
            complaints.add(path, line, f"the side {side!r} is unknown; write front, back or nothing.")
        else:
            yield Reference(_book_id(row), file.resolve(), Side(side), row.get("title", ""))


def _is_back(file: Path | str) -> bool:
    return isinstance(file, Path) and file.stem.lower().endswith("_back")


def _check_distractors(
    path: Path, rows: Rows, photos: dict[str, LabelledPhoto], complaints: Complaints
) -> None:
    shown = {truth for photo in photos.values() for truth in photo.truths}
    for line, row in rows:
        if _book_id(row) in shown:
            complaints.add(
                path,
                line,
                f"a photo shows {_book_id(row)}, so it is no distractor; make its role reference.",
            )


def _look_alikes(
    path: Path, rows: Rows, books: set[str], complaints: Complaints
) -> dict[str, frozenset[str]]:
    pairs: dict[str, set[str]] = defaultdict(set)
    for line, row in rows:
        book, others = _book_id(row), several(row.get("truth", ""))
        unknown = [other for other in (book, *others) if other not in books]
        if not others:
            complaints.add(
                path, line, "a near-duplicate needs in truth the id of the book that it looks like."
            )
        elif unknown:
            complaints.add(path, line, not_a_reference(unknown[0]))
        for other in others:
            pairs[book].add(other)
            pairs[other].add(book)
    return {book: frozenset(twins) for book, twins in pairs.items()}
