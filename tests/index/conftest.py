"""Engines that the contract suite runs over, and covers to fill them with."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.index.shelves import DIMENSION, SPARSE, made_versions, make_version

from recto.index import Index
from recto.index.embedded import EmbeddedIndex
from recto.recipe import Version

SERVER_URL = os.environ.get("RECTO_TEST_QDRANT_URL", "")
ENGINES = ["embedded", "memory", *(["server"] if SERVER_URL else [])]
IGNORED_BY_MEMORY = {
    "reopen": "qdrant-client's `:memory:` keeps nothing when it is closed",
    "threads": "qdrant-client's `:memory:` is not made for several threads",
    "quantization": "qdrant-client's `:memory:` ignores quantization and search parameters",
}


@dataclass(frozen=True)
class Opened:
    """An engine under test: `index` is open, `reopen` closes it and opens it again."""

    name: str
    index: Index
    reopen: Callable[[], Index]

    def needs(self, option: str) -> None:
        """Skip, by name, what this engine ignores."""
        if self.name == "memory":
            pytest.skip(IGNORED_BY_MEMORY[option])


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is room: on a busy disk the syncs of a few hundred writes take minutes.

    What survives the death of a process is the same on both, as the kernel holds the pages.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**31
    with tempfile.TemporaryDirectory(prefix="recto-", dir=memory if roomy else None) as folder:
        yield Path(folder)


@pytest.fixture(params=ENGINES)
def opened(request: pytest.FixtureRequest, quick_folder: Path) -> Iterator[Opened]:
    """Every engine behind the interface, empty; a server joins with RECTO_TEST_QDRANT_URL."""
    open_one = {
        "embedded": lambda: EmbeddedIndex(quick_folder / "index"),
        "memory": _memory,
        "server": _server,
    }
    held: list[Index] = []

    def open_again() -> Index:
        if held:
            held.pop().close()
        held.append(open_one[request.param]())
        return held[0]

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Payload indexes have no effect", category=UserWarning)
        warnings.filterwarnings("ignore", message="Local mode performs exact", category=UserWarning)
        index = open_again()
        yield Opened(request.param, index, open_again)
        for version in made_versions():
            held[0].drop(version)
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


def _memory() -> Index:
    from qdrant_client import QdrantClient

    from recto.index.server import ServerIndex

    return ServerIndex(QdrantClient(":memory:"))


def _server() -> Index:
    from qdrant_client import QdrantClient

    from recto.index.server import ServerIndex

    return ServerIndex(QdrantClient(SERVER_URL))
