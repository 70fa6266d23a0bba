"""Labelled sets: what is read, and what is said about each row that cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recto.errors import BadInput
from recto.intake.labelled.reading import read_labelled
from recto.intake.labelled.sets import LabelledSet
from recto.records import Side

MANIFEST = "book_id,front,back,title\na,a.png,,Alpha\nb,b.png,b_back.png,\nc,c.png,,\n"
QUERIES = "id,file,truth,set\none,p.png,a,near\ntwo,q.png,,far\nthree,r.png,a|b,near\n"


def write(folder: Path, **tables: str) -> Path:
    for name in ("a", "b", "b_back", "c", "p", "q", "r"):
        Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(folder / f"{name}.png")
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def ids(labelled: LabelledSet) -> list[str]:
    return [reference.book_id for reference in labelled.references]


def test_a_folder_gives_covers_of_both_sides_and_photos_with_their_truths(tmp_path: Path) -> None:
    labelled = read_labelled(write(tmp_path, manifest=MANIFEST, queries=QUERIES))
    assert ids(labelled) == ["a", "b", "b", "c"]
    assert labelled.references[0].title == "Alpha"
    assert labelled.references[2].side is Side.BACK
    assert [(photo.photo_id, photo.truths) for photo in labelled.photos] == [
        ("one", ("a",)),
        ("two", ()),
        ("three", ("a", "b")),
    ]
    assert labelled.subsets == ("far", "near")


def test_look_alikes_and_what_else_a_photo_shows_excuse_an_answer(tmp_path: Path) -> None:
    pairs = "id_a,id_b\na,c\n"
    secondary = "query,truth,also_visible_or_confusable\none,a,b\n"
    folder = write(
        tmp_path, manifest=MANIFEST, queries=QUERIES, near_duplicates=pairs, secondary_matches=secondary
    )
    labelled = read_labelled(folder)
    assert labelled.excused(labelled.photos[0]) == {"b", "c"}
    assert labelled.excused(labelled.photos[1]) == frozenset()
    assert labelled.excused(labelled.photos[2]) == {"c"}  # b is one of its truths


def test_one_table_with_roles_gives_the_same(tmp_path: Path) -> None:
    table = (
        "role;id;path;truth;set\nreference;a;a.png;;\nreference;;b.png;;\ndistractor;c;c.png;;\n"
        "near-duplicate;d;q.png;a;\nquery;one;p.png;a;near\nquery;;r.png;;far\n"
    )
    labelled = read_labelled(write(tmp_path, table=table) / "table.csv")
    assert ids(labelled) == ["a", "b", "c", "d"]
    assert [photo.photo_id for photo in labelled.photos] == ["one", "r"]
    assert labelled.excused(labelled.photos[0]) == {"d"}


def test_every_bad_row_is_named_by_file_and_line_and_says_what_to_do(tmp_path: Path) -> None:
    queries = "id,file,truth,set\none,p.png,zzz,\ntwo,missing.png,a,\nthree,q.png,a,\nthree,r.png,a,\n4,,a,\n"
    folder = write(
        tmp_path,
        manifest=MANIFEST + "d,lost.png,,\n",
        queries=queries,
        near_duplicates="id_a,id_b\na,nobody\n",
        secondary_matches="query,also_visible_or_confusable\nnone,a\n",
    )
    with pytest.raises(BadInput) as caught:
        read_labelled(folder)
    message = str(caught.value)
    for part in (
        "manifest.csv, line 5: the file lost.png does not exist; correct the path",
        "queries.csv, line 2: the book zzz is no reference; add its cover",
        "queries.csv, line 3: the file missing.png does not exist",
        "queries.csv, line 5: the photo three was named before",
        "queries.csv, line 6: it names no file",
        "near_duplicates.csv, line 2: the book 'nobody' is no reference",
        "secondary_matches.csv, line 2: the photo none is not in queries.csv",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("cover,x,a.png,", "line 3: the role 'cover' is unknown; write one of reference,"),
        ("near-duplicate,d,b.png,", "line 3: a near-duplicate needs in truth"),
        ("distractor,b,b.png,\nquery,q,p.png,b", "line 3: a photo shows b, so it is no distractor"),
        ('query,"q', "not valid CSV"),
    ],
)
def test_one_table_says_what_is_wrong_with_a_row(tmp_path: Path, row: str, said: str) -> None:
    write(tmp_path, table=f"role,id,path,truth\nreference,a,a.png,\n{row}\n")
    with pytest.raises(BadInput, match=said):
        read_labelled(tmp_path / "table.csv")


def test_a_folder_without_its_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no manifest\.csv"):
        read_labelled(tmp_path)
    with pytest.raises(BadInput, match="does not exist"):
        read_labelled(tmp_path / "nowhere")


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, manifest=MANIFEST, queries="id,photo\n1,p.png\n")
    with pytest.raises(BadInput, match="line 1: no column is named file or path"):
        read_labelled(folder)


def test_thinning_keeps_the_books_that_the_photos_need(tmp_path: Path) -> None:
    labelled = read_labelled(write(tmp_path, manifest=MANIFEST, queries=QUERIES))
    assert ids(labelled.thinned(every=3, references=1)) == ["a"]
    assert len(labelled.thinned(every=2).photos) == 2
    with pytest.raises(BadInput, match="raise --limit-references"):
        labelled.thinned(references=1)


def test_the_labelled_photos_are_read_whole(bench: Path) -> None:
    labelled = read_labelled(bench)
    assert len(labelled.references) == 1524
    assert len(labelled.photos) == 275
    assert sum(not photo.truths for photo in labelled.photos) == 25
