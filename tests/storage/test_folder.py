"""What is particular to the store in a folder: where the files lie, and that they appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recto.errors import Unavailable
from recto.storage.blobs import FolderBlobs

DATA = b"the bytes of a cover"
NAME = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_original_is_kept_under_its_sha256(store: FolderBlobs, tmp_path: Path) -> None:
    assert store.put(DATA) == NAME
    assert store.get(NAME) == DATA
    assert store.exists(NAME)
    assert store.path(NAME) == tmp_path / "blobs" / NAME[:2] / NAME
    assert files_in(tmp_path) == [f"blobs/{NAME[:2]}/{NAME}"]


def test_keeping_the_same_original_twice_changes_nothing(store: FolderBlobs, tmp_path: Path) -> None:
    store.put(DATA)
    before = store.path(NAME).stat()
    (tmp_path / "copy").write_bytes(DATA)
    assert store.put(DATA) == NAME
    assert store.put_file(tmp_path / "copy") == NAME
    after = store.path(NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("left", [b"", b"the by"])
def test_an_original_cut_by_a_power_failure_is_written_anew(left: bytes, store: FolderBlobs) -> None:
    store.put(DATA)
    store.path(NAME).write_bytes(left)
    store.put(DATA)
    assert store.get(NAME) == DATA


def test_a_file_is_kept_as_its_bytes_are(store: FolderBlobs, tmp_path: Path) -> None:
    source = tmp_path / "cover.jpg"
    source.write_bytes(DATA)
    assert store.put_file(source) == NAME
    assert store.get(NAME) == DATA
    assert source.read_bytes() == DATA


def test_a_large_file_is_copied_in_pieces(tmp_path: Path) -> None:
    program = """
import resource, sys
from pathlib import Path
from recto.storage.blobs import FolderBlobs
folder = Path(sys.argv[1])
store = FolderBlobs(folder)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
name = store.put_file(folder / "large")
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(grown, store.path(name).stat().st_size)
"""
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 60_000_000)
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    grown_kilobytes, size = map(int, done.stdout.split())
    assert size == 60_000_000
    assert grown_kilobytes < 20_000


def test_deleting_takes_the_thumbnail_along(store: FolderBlobs, tmp_path: Path) -> None:
    store.put(DATA)
    store.put_thumbnail(NAME, b"jpeg")
    store.delete(NAME)
    store.delete(NAME)
    assert files_in(tmp_path) == []


def test_a_thumbnail_replaces_an_earlier_one(store: FolderBlobs, tmp_path: Path) -> None:
    store.put_thumbnail(NAME, b"first")
    store.put_thumbnail(NAME, b"second")
    assert store.thumbnail_path(NAME) == tmp_path / "thumbnails" / NAME[:2] / f"{NAME}.jpg"
    assert store.thumbnail_path(NAME).read_bytes() == b"second"


def test_an_upload_has_a_name_of_ours(store: FolderBlobs, tmp_path: Path) -> None:
    names = {store.put_incoming(DATA) for _ in range(3)}
    assert len(names) == 3
    assert {path.name for path in (tmp_path / "incoming").iterdir()} == names
    for name in names:
        assert store.incoming_path(name).read_bytes() == DATA
        store.delete_incoming(name)
        store.delete_incoming(name)
    assert files_in(tmp_path) == []


def test_old_uploads_are_pruned_and_young_ones_stay(store: FolderBlobs) -> None:
    old, young = store.put_incoming(b"old"), store.put_incoming(b"young")
    os.utime(store.incoming_path(old), (time.time() - 100, time.time() - 100))
    assert store.prune_incoming(50) == 1
    assert not store.incoming_path(old).exists()
    assert store.incoming_path(young).exists()
    assert store.prune_incoming(50) == 0


def test_what_a_killed_writer_leaves_is_invisible_and_pruned(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from recto.storage.blobs import FolderBlobs, disk
os.fsync = lambda descriptor: os.kill(os.getpid(), 9)
disk.sync_folder = lambda path: None
FolderBlobs(Path(sys.argv[1])).put(b"the bytes of a cover")
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert done.returncode == -9
    (left,) = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    store = FolderBlobs(tmp_path)
    assert not store.exists(NAME)
    assert store.prune_incoming(3600) == 0, "somebody may still be writing it"
    os.utime(left, (time.time() - 7200, time.time() - 7200))
    assert store.prune_incoming(3600) == 1
    assert files_in(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where a folder should be")
    with pytest.raises(Unavailable, match="cannot be written"):
        FolderBlobs(tmp_path).put(DATA)
