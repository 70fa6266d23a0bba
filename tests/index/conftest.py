"""Engines that the contract suite runs over, and covers to fill them with."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.index.shelves import DIMENSION, SPARSE, make_version
from tests.support.qdrant import SERVER_URL

from recto.index import Index, open_index
from recto.settings import Settings
from recto.versions import Version

SERVER = "server" if SERVER_URL else "bridge"
"""A real server where RECTO_TEST_QDRANT_URL names one, else the bridge: the same HTTP, another engine behind it."""
IGNORED_BY_BRIDGE = {
    "quantization": "the bridge's engine in memory ignores quantization and search parameters",
}


@dataclass(frozen=True)
class Opened:
    """An engine under test: `index` is open, `reopen` closes it and opens it again."""

    name: str
    index: Index
    reopen: Callable[[], Index]

    @property
    def sharded(self) -> bool:
        """True where the engine divides a collection, and each part knows the frequencies of its own words only."""
        return self.name == "server" and os.environ.get("RECTO_TEST_QDRANT_SHARDS", "0") != "0"

    def needs(self, option: str) -> None:
        """Skip, by name, what this engine ignores."""
        if self.name == "bridge":
            pytest.skip(IGNORED_BY_BRIDGE[option])


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is room: on a busy disk the syncs of a few hundred writes take minutes.

    What survives the death of a process is the same on both, as the kernel holds the pages.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**31
    with tempfile.TemporaryDirectory(prefix="recto-", dir=memory if roomy else None) as folder:
        yield Path(folder)


@pytest.fixture(params=["embedded", SERVER])
def opened(request: pytest.FixtureRequest, quick_folder: Path) -> Iterator[Opened]:
    """Every engine behind the interface, empty."""
    settings = Settings(data_dir=quick_folder)
    if request.param == SERVER:
        settings = replace(settings, **request.getfixturevalue("qdrant_settings"))
    held: list[Index] = []

    def open_again() -> Index:
        if held:
            held.pop().close()
        held.append(open_index(settings))
        return held[0]

    yield Opened(request.param, open_again(), open_again)
    held[0].close()


@pytest.fixture
def index(opened: Opened) -> Index:
    """The engine alone, for tests that need no more."""
    return opened.index


@pytest.fixture
def version(index: Index) -> Version:
    """A version with both collections made."""
    made = make_version()
    index.ensure(made, DIMENSION, SPARSE)
    return made
