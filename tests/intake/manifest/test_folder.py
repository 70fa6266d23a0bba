from __future__ import annotations

import os
from pathlib import Path

import pytest

from recto.errors import BadInput
from recto.intake.manifest import BadRow, ManifestRow, read_manifest


def good(row: ManifestRow | BadRow) -> ManifestRow:
    assert isinstance(row, ManifestRow), row
    return row


def reason(row: ManifestRow | BadRow) -> str:
    assert isinstance(row, BadRow), row
    assert row.reason.endswith(".")
    return row.reason


def folder_with(folder: Path, *names: str) -> list[ManifestRow | BadRow]:
    for name in names:
        (folder / name).write_bytes(b"x")
    return list(read_manifest(folder))


def test_a_folder_of_both_sides(tmp_path: Path) -> None:
    names = ("b_front.jpg", "a.JPG", "b_Back.png", "b1.webp", "a_back.tiff", ".hidden.jpg", "Thumbs.db")
    rows = [good(row) for row in folder_with(tmp_path, *names)]
    assert [(row.book.book_id, *(path.name for path in row.fronts + row.backs)) for row in rows] == [
        ("a", "a.JPG", "a_back.tiff"),
        ("b", "b_front.jpg", "b_Back.png"),
        ("b1", "b1.webp"),
    ]
    assert rows[1].backs == (tmp_path / "b_Back.png",)
    assert [row.line for row in rows] == [1, 3, 5]


def test_names_of_files_keep_their_spaces_and_marks(tmp_path: Path) -> None:
    name = "a  b;c|d,e.jpg"
    (row,) = folder_with(tmp_path, name)
    assert good(row).fronts == (tmp_path / name,)


def test_what_a_folder_holds_besides_images_is_said(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    rows = folder_with(tmp_path, "a.jpg", "photo.jxl", "_front.jpg")
    assert "no book_id" in reason(rows[0])
    assert good(rows[1]).book.book_id == "a"
    assert [reason(row).split()[0] for row in rows[2:]] == ["more", "photo.jxl"]
    assert [row.line for row in rows] == [1, 2, 3, 4]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "covers"
    folder.mkdir()
    (folder / "a.jpg").symlink_to("/etc/passwd")
    (row,) = read_manifest(folder)
    assert "leads out" in reason(row)


def test_a_name_that_is_no_text_is_a_bad_row(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff.jpg", "wb"):  # noqa: PTH123  a Path cannot be made of bytes
        pass
    (row,) = read_manifest(tmp_path)
    assert "no text" in reason(row)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no images"):
        folder_with(tmp_path, "readme.txt")
