"""A manifest wherever it lies: its name for messages, and its bytes as often as they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Protocol


class Document(Protocol):
    """What the readers of manifests need of a file."""

    @property
    def name(self) -> str:
        """The file's name, as people know it."""
        ...

    def open(self) -> IO[bytes]:
        """The bytes, from the beginning."""
        ...


class LocalDocument:
    """A file of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name

    def open(self) -> IO[bytes]:
        """The bytes, from the beginning."""
        return self._path.open("rb")
