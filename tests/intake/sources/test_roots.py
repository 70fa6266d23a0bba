"""What a job may read: only what lies under the roots of the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from recto.errors import BadInput
from recto.intake.manifest import BadRow, ManifestRow
from recto.intake.sources import open_source
from recto.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A root with a cover, beside a folder that is none."""
    for name in ("scans", "scans-private"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(b"x")
    return tmp_path / "scans"


@pytest.fixture
def settings(folder: Path, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", source_roots=(str(folder), "s3://books/covers/"))


def rows_of(settings: Settings, manifest: Path, *names: str) -> list[ManifestRow | BadRow]:
    manifest.write_text("book_id,front\n" + "".join(f"b,{name}\n" for name in names))
    return list(open_source(settings, str(manifest)).rows())


def test_a_source_under_a_root_is_read(settings: Settings, folder: Path) -> None:
    (row,) = open_source(settings, str(folder)).rows()
    assert isinstance(row, ManifestRow)
    assert row.fronts == (folder / "a.jpg",)


def test_without_roots_a_job_reads_nothing(folder: Path) -> None:
    with pytest.raises(BadInput, match="RECTO_SOURCE_ROOTS"):
        open_source(Settings(), str(folder))


@pytest.mark.parametrize(
    "source",
    [
        "/etc/passwd",
        "{root}/../scans-private",
        "{root}-private",
        "{root}/link",
        "scans",
        ".",
        "",
        "a\0b",
        "s3://books/covers2/a.jpg",
        "s3://books/covers/../other/a.jpg",
        "s3://books/covers//a.jpg",
        "s3://books",
        "s3://other/covers/a.jpg",
        "s3://user@host:80/covers/a.jpg",
        "s3://169.254.169.254:80/covers/",
        "s3:///covers/",
        "S3://books/covers/a.jpg",
        "http://localhost/covers.csv",
        "file:///etc/passwd",
    ],
)
def test_a_source_elsewhere_is_refused(source: str, settings: Settings, folder: Path) -> None:
    (folder / "link").symlink_to(folder.parent / "scans-private")
    with pytest.raises(BadInput):
        open_source(settings, source.format(root=folder))


def test_what_lies_elsewhere_is_not_even_looked_for(settings: Settings, tmp_path: Path) -> None:
    messages = []
    for name in ("scans-private", "no-such-folder"):
        with pytest.raises(BadInput) as raised:
            open_source(settings, str(tmp_path / name))
        messages.append(str(raised.value).replace(name, "NAME"))
    assert messages[0] == messages[1]


def test_rows_stay_under_the_roots_too(settings: Settings, folder: Path) -> None:
    (folder / "link.jpg").symlink_to(folder.parent / "scans-private" / "a.jpg")
    (folder / "deep").mkdir()
    good = ["a.jpg", "../a.jpg", f"{folder}/a.jpg", "s3://books/covers/x.jpg"]
    bad = [
        "/etc/passwd",
        "../../scans-private/a.jpg",
        "../link.jpg",
        "s3://books/x.jpg",
        "s3://other/covers/x.jpg",
    ]
    bad += ["https://books.example/x.jpg", "s3://books/covers/%2e%2e/../x.jpg"]
    rows = rows_of(settings, folder / "deep" / "list.csv", *good, *bad)
    assert [type(row) for row in rows] == [ManifestRow] * len(good) + [BadRow] * len(bad)


def test_somebody_at_the_command_line_reads_what_they_name(settings: Settings, folder: Path) -> None:
    private = folder.parent / "scans-private"
    (private / "list.csv").write_text(f"book_id,front\nb,a.jpg\nb,{folder}/a.jpg\n")
    own, other = open_source(settings, str(private / "list.csv"), trusted=True).rows()
    assert isinstance(own, ManifestRow)
    assert isinstance(other, BadRow)
    rows = open_source(settings, str(private / "list.csv"), trusted=True, roots=(str(folder),)).rows()
    assert all(isinstance(row, ManifestRow) for row in rows)


def test_rows_are_skipped_and_a_change_is_noticed(settings: Settings, folder: Path) -> None:
    manifest = folder / "list.csv"
    rows_of(settings, manifest, "a.jpg", "b.jpg", "c.jpg")
    source = open_source(settings, str(manifest))
    assert [row.line for row in source.rows(skip=1)] == [3, 4]
    before = source.fingerprint()
    manifest.write_text("book_id,front\n")
    assert source.fingerprint() != before
    assert open_source(settings, str(folder)).fingerprint() == ""


def test_a_large_folder_is_read_in_passes(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recto.intake.manifest.folder.NAMES_AT_ONCE", 3)
    for number in range(10):
        (folder / f"{number:02}_front.jpg").touch()
        (folder / f"{number:02}_back.jpg").touch()
    rows = list(open_source(settings, str(folder)).rows())
    assert [row.book.book_id for row in rows if isinstance(row, ManifestRow)] == [
        *(f"{number:02}" for number in range(10)),
        "a",
    ]
    assert all(len(row.backs) == 1 for row in rows[:10] if isinstance(row, ManifestRow))
