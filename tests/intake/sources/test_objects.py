"""Manifests, prefixes and images in an S3 store, read from a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.s3 import S3Server, S3Store

from recto.errors import BadInput, Refused, Unavailable
from recto.intake.manifest import BadRow, ManifestRow
from recto.intake.sources import Source, keep_image, open_source
from recto.settings import Settings
from recto.storage import bucket as bucket_module
from recto.storage.blobs import Blobs, open_blobs
from recto.storage.s3 import S3Place

Put = Callable[[str, bytes], None]


@pytest.fixture
def settings(tmp_path: Path, s3_server: S3Store, s3_bucket: str) -> Settings:
    """A store in a folder; sources in the bucket."""
    given = {**s3_server.settings(s3_bucket), "images_url": ""}
    return Settings(
        data_dir=tmp_path, max_image_bytes=1000, source_roots=(f"s3://{s3_bucket}/scans",), **given
    )


@pytest.fixture
def put(s3_server: S3Store, s3_bucket: str) -> Put:
    client: Any = s3_server.client()
    return lambda key, data: client.put_object(Bucket=s3_bucket, Key=key, Body=data)


def rows(source: Source, skip: int = 0) -> list[tuple[str, ...]]:
    """Rows as book and names of files, or as the word BAD and the reason."""
    return [
        ("BAD", row.reason)
        if isinstance(row, BadRow)
        else (row.book.book_id, *(str(place).rpartition("/")[2] for place in (*row.fronts, *row.backs)))
        for row in source.rows(skip)
    ]


def test_a_manifest_and_its_images_are_read_from_the_store(
    put: Put, settings: Settings, s3_bucket: str
) -> None:
    put(
        "scans/list.csv",
        f"book_id,front\nb1,a.jpg\nb2,deep/b.jpg\nb3,s3://{s3_bucket}/scans/c.jpg\n".encode(),
    )
    put("scans/a.jpg", b"image")
    first, second, third = open_source(settings, f"s3://{s3_bucket}/scans/list.csv").rows()
    assert isinstance(first, ManifestRow)
    assert isinstance(second, ManifestRow)
    assert isinstance(third, ManifestRow)
    assert first.fronts == (S3Place(s3_bucket, "scans/a.jpg"),)
    assert second.fronts == (S3Place(s3_bucket, "scans/deep/b.jpg"),)
    assert third.fronts == (S3Place(s3_bucket, "scans/c.jpg"),)
    blobs: Blobs = open_blobs(settings)
    assert blobs.get(keep_image(settings, blobs, first.fronts[0])) == b"image"


def test_a_manifest_of_this_machine_may_name_images_in_the_store(
    tmp_path: Path, settings: Settings, s3_bucket: str
) -> None:
    (tmp_path / "list.jsonl").write_text(
        json.dumps({"book_id": "b", "front": f"s3://{s3_bucket}/else/a b.jpg"})
    )
    (row,) = open_source(settings, str(tmp_path / "list.jsonl"), trusted=True).rows()
    assert isinstance(row, ManifestRow)
    assert row.fronts == (S3Place(s3_bucket, "else/a b.jpg"),)


def test_a_prefix_is_read_like_a_folder(put: Put, settings: Settings, s3_bucket: str) -> None:
    names = [
        "a.JPG",
        "b_back.png",
        "b_front.jpg",
        "ü &+#.jpg",
        "notes.txt",
        ".hidden.jpg",
        "deep/c.jpg",
        "deep/d.jpg",
    ]
    for name in names:
        put(f"scans/{name}", b"x")
    put("scans2/e.jpg", b"x")
    expected = [
        ("a", "a.JPG"),
        ("b", "b_front.jpg", "b_back.png"),
        ("BAD", "deep/ is not read: it is a folder, or its name is not that of an image file."),
        ("BAD", "notes.txt is not read: it is a folder, or its name is not that of an image file."),
        ("ü &+#", "ü &+#.jpg"),
    ]
    for address in (f"s3://{s3_bucket}/scans", f"s3://{s3_bucket}/scans/"):
        assert rows(open_source(settings, address)) == expected
    assert rows(open_source(settings, f"s3://{s3_bucket}/scans"), skip=3) == expected[3:]


def test_a_marker_that_consoles_leave_for_a_folder_is_no_row(
    put: Put, settings: Settings, s3_bucket: str
) -> None:
    put("scans/", b"")
    put("scans/a.jpg", b"x")
    assert rows(open_source(settings, f"s3://{s3_bucket}/scans/")) == [("a", "a.jpg")]


def test_more_keys_than_one_answer_holds_are_all_read(put: Put, settings: Settings, s3_bucket: str) -> None:
    for number in range(1003):
        put(f"scans/{number:05}.jpg", b"")
    found = rows(open_source(settings, f"s3://{s3_bucket}/scans"))
    assert [row[0] for row in found] == [f"{number:05}" for number in range(1003)]


def test_a_large_manifest_is_read_in_ranges(
    put: Put, settings: Settings, s3_bucket: str, s3_server: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "PART", 20_000)
    put("scans/list.csv", b"book_id,front\n" + b"".join(b"b%04d,a.jpg\n" % number for number in range(9000)))
    before = len(s3_server.requests())
    assert [row[0] for row in rows(open_source(settings, f"s3://{s3_bucket}/scans/list.csv"))] == [
        f"b{number:04}" for number in range(9000)
    ]
    assert len(s3_server.requests()) - before > 10


def test_a_manifest_that_changes_while_it_is_read_is_told(
    put: Put, settings: Settings, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "PART", 20_000)
    text = b"book_id,front\n" + b"b,a.jpg\n" * 10_000
    put("scans/list.csv", text)
    source = open_source(settings, f"s3://{s3_bucket}/scans/list.csv")
    before = source.fingerprint()
    reading = source.rows()
    next(reading)
    put("scans/list.csv", text + b"more,a.jpg\n")
    with pytest.raises(BadInput, match="was changed while it was read"):
        list(reading)
    assert before
    assert source.fingerprint() != before


def test_what_is_not_there_is_told_before_the_first_row(settings: Settings, s3_bucket: str) -> None:
    with pytest.raises(BadInput, match=r"list\.csv does not exist"):
        open_source(settings, f"s3://{s3_bucket}/scans/list.csv").rows()
    with pytest.raises(BadInput, match="nothing under"):
        open_source(settings, f"s3://{s3_bucket}/scans/").rows()


def test_an_image_that_is_missing_or_too_large_is_refused(
    put: Put, settings: Settings, s3_bucket: str
) -> None:
    put("scans/large.jpg", bytes(1001))
    blobs = open_blobs(settings)
    for name, reason in (("large.jpg", "too_many_bytes"), ("absent.jpg", "missing")):
        with pytest.raises(Refused) as raised:
            keep_image(settings, blobs, S3Place(s3_bucket, f"scans/{name}"))
        assert raised.value.reason == reason


@pytest.mark.chaos
def test_a_store_that_is_away_is_no_fault_of_the_image(settings: Settings, tmp_path: Path) -> None:
    with S3Server(tmp_path / "own.log") as server:
        away = Settings(
            data_dir=tmp_path, s3_seconds=1.0, **{**server.settings("some-bucket"), "images_url": ""}
        )
    with pytest.raises(Unavailable, match="does not answer"):
        keep_image(away, open_blobs(away), S3Place("some-bucket", "a.jpg"))
