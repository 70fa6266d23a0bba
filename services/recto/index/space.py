"""How much disk the embedded index takes, for those who decide whether a second version fits beside it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from recto.index.folder import FREE_BYTES
from recto.records import Side
from recto.settings import Settings
from recto.versions import Version


@dataclass(frozen=True)
class Space:
    """Bytes that a version takes, that are free on its disk, and that must stay free."""

    folder: Path
    used: int
    free: int
    reserve: int = FREE_BYTES


def space_of(settings: Settings, version: Version) -> Space | None:
    """The space of a version; None with a server, whose disks Recto does not see."""
    if settings.qdrant_url:
        return None
    folder = settings.data_dir / "index"
    used = sum(_size(folder / version.collection(side)) for side in Side)
    return Space(folder, used, shutil.disk_usage(folder).free)


def _size(folder: Path) -> int:
    """Bytes on the disk, which are fewer than the files are long: the engine reserves room in them."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
