"""Where the processes of one machine leave what they count, so that one address shows the sum.

Each part of `recto up` has a folder of its own in `run/metrics`, named by the variable of the Prometheus client, and
always writes the same files there. So a part that died and was started again goes on counting where it stopped, and
nothing piles up however often that happens. `recto up` empties the folder when it starts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from recto.observe import FOLDER_VARIABLE


def use_folder_of_part() -> None:
    """Let this process count into the folder that the variable names, if it names one."""
    if FOLDER_VARIABLE in os.environ:
        Path(os.environ[FOLDER_VARIABLE]).mkdir(parents=True, exist_ok=True)
        values.ValueClass = values.MultiProcessValue(lambda: "part")  # type: ignore[no-untyped-call]


def folder_of_parts() -> Path | None:
    """The folder with those of all parts; None where this process counts for itself alone."""
    return Path(os.environ[FOLDER_VARIABLE]).parent if FOLDER_VARIABLE in os.environ else None


class AllParts(Collector):
    """The sum over all parts of a machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """Read what all of them counted, also those that died."""
        files = sorted(str(path) for path in self._folder.glob("*/*.db"))
        yield from MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
