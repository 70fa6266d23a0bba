from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recto.errors import Unavailable
from recto.storage.blobs import FolderBlobs

ROOM = 256 * 1024
"""Bytes of the small file system: room for a few covers of 50 KB."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with hardly any room."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(tmp_path)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("mounting a small file system needs root")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_is_said_and_leaves_nothing_half_written(small_disk: Path) -> None:
    store = FolderBlobs(small_disk)
    kept: list[str] = []

    def fill() -> None:
        for _ in range(20):
            kept.append(store.put(os.urandom(50_000)))

    with pytest.raises(Unavailable, match="No space is left") as raised:
        fill()
    assert not raised.value.permanent
    assert len(kept) >= 2
    files = [path for path in small_disk.rglob("*") if path.is_file()]
    assert {path.name for path in files} == set(kept)
    assert all(path.stat().st_size == 50_000 for path in files)


def test_writing_goes_on_once_there_is_room(
    small_disk: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = FolderBlobs(small_disk)
    source = tmp_path_factory.mktemp("source") / "cover.jpg"
    source.write_bytes(os.urandom(150_000))
    first = store.put(os.urandom(150_000))
    with pytest.raises(Unavailable):
        store.put_file(source)
    with pytest.raises(Unavailable):
        store.put_incoming(source.read_bytes())
    store.delete(first)
    assert store.get(store.put_file(source)) == source.read_bytes()


def test_a_limit_on_the_size_of_files_is_said_too(tmp_path: Path) -> None:
    program = """
import resource, signal, sys
from pathlib import Path
from recto.storage.blobs import FolderBlobs
from recto.errors import Unavailable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
store = FolderBlobs(Path(sys.argv[1]))
store.put(bytes(900))
try:
    store.put(bytes(2000))
except Unavailable as error:
    print(error)
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("No space is left for images")
    assert [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()] == [900]
