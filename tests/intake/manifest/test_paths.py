from __future__ import annotations

from pathlib import Path

from recto.intake.manifest import BadRow, ManifestRow, read_manifest


def rows_of(folder: Path, text: str, root: Path | None = None) -> list[ManifestRow | BadRow]:
    (folder / "manifest.csv").write_text(text)
    return list(read_manifest(folder / "manifest.csv", root))


def good(row: ManifestRow | BadRow) -> ManifestRow:
    assert isinstance(row, ManifestRow), row
    return row


def reason(row: ManifestRow | BadRow) -> str:
    assert isinstance(row, BadRow), row
    assert row.reason.endswith(".")
    return row.reason


def test_absolute_paths_and_ways_up_are_allowed_under_another_root(tmp_path: Path) -> None:
    lists, photos = tmp_path / "lists", tmp_path / "photos"
    lists.mkdir()
    photos.mkdir()
    text = (
        f"book_id,front\nb1,{photos}/a.jpg\nb2,../photos/a.jpg\nb3,own.jpg\nb4,/etc/passwd\nb5,../other.jpg\n"
    )
    rows = rows_of(lists, text, root=photos)
    assert [good(row).fronts[0] for row in rows[:3]] == [
        photos / "a.jpg",
        photos / "a.jpg",
        lists / "own.jpg",
    ]
    assert "leads out" in reason(rows[3])
    assert "leads out" in reason(rows[4])


def test_an_absolute_path_in_the_manifests_own_folder_is_allowed(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, f"book_id,front\nb1,{tmp_path}/a.jpg\n")
    assert good(row).fronts == (tmp_path / "a.jpg",)


def test_links_are_followed_only_within_the_folder(tmp_path: Path) -> None:
    folder, secrets = tmp_path / "covers", tmp_path / "covers-secret"
    for path in (folder, secrets):
        path.mkdir()
        (path / "file.jpg").write_bytes(b"x")
    (folder / "inside.jpg").symlink_to("file.jpg")
    (folder / "outside.jpg").symlink_to("../covers-secret/file.jpg")
    (folder / "way").symlink_to(secrets)
    (folder / "circle.jpg").symlink_to("circle.jpg")
    names = ("inside.jpg", "outside.jpg", "way/file.jpg", f"{secrets}/file.jpg", "circle.jpg")
    rows = rows_of(folder, "book_id,front\n" + "".join(f"b,{name}\n" for name in names))
    assert good(rows[0]).fronts == (folder / "file.jpg",)
    for row in rows[1:4]:
        assert "leads out" in reason(row)
    assert good(rows[4]).fronts == (folder / "circle.jpg",)  # whoever opens it finds out


def test_a_manifest_reached_through_a_link_has_its_real_folder(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    (real / "m.csv").write_text("book_id,front\nb1,a.jpg\n")
    (row,) = read_manifest(tmp_path / "link" / "m.csv")
    assert good(row).fronts == (real / "a.jpg",)
