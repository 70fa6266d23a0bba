"""The folder of the embedded index: who holds it, which engine wrote it, changes that happen whole or not."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from recto.errors import InUse, Unavailable, WrongFormat

ENGINE = "qdrant-edge-py"
UNFINISHED, DROPPED = ".new__", ".dropped__"
"""Prefixes of folders that are being made or removed; after a crash they are what is left to clean up."""
FREE_BYTES = 256 * 1024 * 1024
"""Space that must stay free on the disk: the engine writes through memory maps, so that a full disk is not an
error but the death of the process (SIGBUS). It grows its files in steps of 32 MiB."""
DELETE_RESERVE = 96 * 1024 * 1024
"""Less for deletions, which write two log files at most and are how space is made."""


class FolderLock:
    """Holds `index/lock` for this process; the kernel lets go of it however the process ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / "lock").open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InUse(self._sentence(folder)) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let go of the folder."""
        self._file.close()

    def _sentence(self, folder: Path) -> str:
        self._file.seek(0)
        holder = self._file.read().strip()
        self._file.close()
        return (
            f"The index in {folder} is in use by process {holder or '(starting)'}; only one may open it: "
            f"stop that one first (`recto up` ends on Ctrl-C), or name another folder with RECTO_DATA_DIR."
        )


def check_engine(folder: Path) -> None:
    """Note the engine's version in a new folder, compare it in an old one; a minor version reads its own.

    Raises:
        WrongFormat: another minor version of the engine wrote the folder.
    """
    path, installed = folder / "engine.json", installed_version(ENGINE)
    written = read_json(path)
    if written is None:
        write_json(path, {"engine": ENGINE, "version": installed})
    elif written.get("engine") != ENGINE or _minor(str(written.get("version"))) != _minor(installed):
        raise WrongFormat(
            f"The index in {folder} was written by {written.get('engine')} {written.get('version')}, and "
            f"{ENGINE} {installed} is installed, which may read it wrongly. Install that version, or delete "
            f"the folder and run `recto rebuild`: everything in it can be made again."
        )


def check_space(folder: Path, needed: int, reserve: int = FREE_BYTES) -> None:
    """Refuse to write `needed` bytes to a disk that is nearly full.

    Raises:
        Unavailable: too little is free.
    """
    free = shutil.disk_usage(folder).free
    if free < reserve + needed:
        raise Unavailable(
            f"Only {free // 2**20} MiB are free on the disk of {folder}; the index needs {reserve // 2**20} "
            f"MiB and what it writes. Free some space and try again."
        )


def finish_interrupted(folder: Path) -> None:
    """Remove collections that were being made and finish drops that had begun when a process died."""
    for path in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(path)
    for trash in folder.glob(f"{DROPPED}*"):
        remove_collections(folder, trash.name.removeprefix(DROPPED))


def remove_collections(folder: Path, recipe_id: str) -> None:
    """Remove both collections of a recipe. Once the trash folder exists they are gone, whatever follows."""
    trash = folder / f"{DROPPED}{recipe_id}"
    trash.mkdir(exist_ok=True)
    sync(folder)
    for path in list(folder.glob(f"recto_*__{recipe_id}")):
        path.rename(trash / path.name)
    sync(folder)
    shutil.rmtree(trash)


def collection_folders(folder: Path) -> Iterator[Path]:
    """Folders of finished collections."""
    return (path for path in sorted(folder.glob("recto_*__*")) if path.is_dir())


def read_json(path: Path) -> dict[str, Any] | None:
    """Content of a small file; None when it does not exist.

    Raises:
        WrongFormat: it holds something else.
    """
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise WrongFormat(f"{path} is damaged: {error}. Delete the index and run `recto rebuild`.") from error
    if not isinstance(data, dict):
        raise WrongFormat(f"{path} is damaged: not an object. Delete the index and run `recto rebuild`.")
    return data


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Replace a small file durably: readers see the old or the new content."""
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("w") as file:
        json.dump(data, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Make the content of a file durable, or the renames inside a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_files(folder: Path) -> None:
    """Make the files of a folder durable; Python's interpreter lock is free meanwhile.

    Another thread may rename one of them between listing and opening: then all are listed and synced again.
    """
    while True:
        try:
            for path in folder.iterdir():
                sync(path)
            break
        except FileNotFoundError:
            if not folder.exists():
                raise
    sync(folder)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
