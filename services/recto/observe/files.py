"""Where the processes of one machine leave what they count, so that one address shows the sum.

Each part of `recto up` has a folder of its own in `run/metrics`, named by the variable of the Prometheus client, and
always writes the same files there. So a part that died and was started again goes on counting where it stopped, and
nothing piles up however often that happens. `recto up` empties the folder when it starts.
"""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from recto.observe import FOLDER_VARIABLE
from recto.settings import MIB

NAME = "part"
SIZES = {f"counter_{NAME}.db": MIB // 4, f"histogram_{NAME}.db": 2 * MIB}
"""Files and the bytes set aside for them. The files are mapped into memory, and the kernel kills whoever touches
a page that a full disk has no room for. A route with one status takes 4 KB, so 2 MiB hold five hundred."""

_DAMAGED = (OSError, RuntimeError, ValueError, struct.error)
"""What reading a damaged file raises."""
_log = logging.getLogger(__name__)


def use_folder_of_part() -> None:
    """Let this process count into the folder that the variable names, if it names one; else for itself.

    On a full disk it counts for itself too: its metrics are then missing from the sum, which harms less.
    """
    values.ValueClass = values.MutexValue  # the client itself has looked at the variable already
    if FOLDER_VARIABLE not in os.environ:
        return
    try:
        _set_aside(Path(os.environ[FOLDER_VARIABLE]))
    except OSError as error:
        _log.warning("This process counts for itself alone: %s", error)
    else:
        values.ValueClass = values.MultiProcessValue(lambda: NAME)  # type: ignore[no-untyped-call]


def folder_of_parts() -> Path | None:
    """The folder with those of all parts; None where this process counts for itself alone."""
    return Path(os.environ[FOLDER_VARIABLE]).parent if FOLDER_VARIABLE in os.environ else None


class AllParts(Collector):
    """The sum over all parts of a machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """Read what all of them counted, also those that died."""
        files = [str(path) for path in sorted(self._folder.glob("*/*.db")) if _is_whole(path)]
        yield from MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]


def _set_aside(folder: Path) -> None:
    """Make the files at their full size, or anew where a crash of the machine left them damaged."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in SIZES.items():
        path = folder / name
        if path.exists() and not _is_whole(path):
            path.unlink()
        with path.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, size)


def _is_whole(path: Path) -> bool:
    try:
        for _ in MmapedDict.read_all_values_from_file(str(path)):  # type: ignore[no-untyped-call]
            pass
    except _DAMAGED:
        return False
    return True
