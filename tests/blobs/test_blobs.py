from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recto.blobs import FolderBlobs
from recto.errors import BadInput, NotFound, Refused, Unavailable

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
from recto.blobs import FolderBlobs
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


def test_files_that_cannot_be_kept_are_refused(store: FolderBlobs, tmp_path: Path) -> None:
    large, pipe = tmp_path / "large.jpg", tmp_path / "pipe.jpg"
    large.write_bytes(bytes(1001))
    os.mkfifo(pipe)
    for path, reason in (
        (tmp_path / "absent.jpg", "missing"),
        (tmp_path, "unreadable"),
        (pipe, "unreadable"),
        (large, "too_many_bytes"),
    ):
        with pytest.raises(Refused) as raised:
            store.put_file(path, max_bytes=1000)
        assert raised.value.reason == reason
    assert store.put_file(large, max_bytes=1001)
    assert len(files_in(tmp_path / "blobs")) == 1


def test_a_missing_original_is_not_found(store: FolderBlobs) -> None:
    assert not store.exists(NAME)
    with pytest.raises(NotFound, match=NAME[:12]):
        store.get(NAME)


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


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../ledger.sqlite3",
        "/etc/passwd",
        NAME.upper(),
        NAME[:-1],
        NAME + "\n",
        f"{NAME}.jpg",
        "a" * 32 + "/",
    ],
)
def test_no_name_leads_out_of_the_store(name: str, store: FolderBlobs) -> None:
    methods: list[Callable[[str], object]] = [store.path, store.get, store.exists, store.delete]
    methods += [store.thumbnail_path, lambda name: store.put_thumbnail(name, b"jpeg")]
    methods += [store.incoming_path, store.delete_incoming]
    for method in methods:
        with pytest.raises(BadInput):
            method(name)


def test_old_uploads_are_pruned_and_young_ones_stay(store: FolderBlobs) -> None:
    old, young = store.put_incoming(b"old"), store.put_incoming(b"young")
    os.utime(store.incoming_path(old), (time.time() - 100, time.time() - 100))
    assert store.prune_incoming(50) == 1
    assert not store.incoming_path(old).exists()
    assert store.incoming_path(young).exists()
    assert store.prune_incoming(50) == 0


def test_an_empty_data_folder_has_nothing_to_prune(store: FolderBlobs) -> None:
    assert store.prune_incoming(0) == 0


def test_many_writers_of_the_same_bytes_agree(store: FolderBlobs, tmp_path: Path) -> None:
    data = os.urandom(200_000)
    with ThreadPoolExecutor(8) as threads:
        names = set(threads.map(lambda _: store.put(data), range(40)))
    assert len(names) == 1
    assert store.get(names.pop()) == data
    assert len(files_in(tmp_path)) == 1


def test_what_a_killed_writer_leaves_is_invisible_and_pruned(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from recto.blobs import FolderBlobs, folder
os.fsync = lambda descriptor: os.kill(os.getpid(), 9)
folder._sync_folder = lambda path: None
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


def test_a_discarded_original_stays_until_its_time_and_is_kept_when_it_is_put_again(
    store: FolderBlobs,
) -> None:
    gone, back = store.put(b"gone"), store.put(b"back")
    for sha256 in (gone, back):
        store.discard(sha256)
    assert store.discarded(older_than_seconds=60) == []
    assert store.discarded(older_than_seconds=-60) == sorted([gone, back])
    store.put(b"back")
    assert store.discarded(older_than_seconds=-60) == [gone]
    assert store.exists(gone)
    store.delete(gone)
    assert store.discarded(older_than_seconds=-60) == []
