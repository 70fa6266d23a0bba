"""What a source holds before anything of it is decoded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recto.errors import BadInput
from recto.files import open_plain, pieces_of
from recto.image_types import SUFFIXES
from recto_lab.training.sources.images import LeftOut

if TYPE_CHECKING:
    from recto.storage.blobs import Content


@dataclass(frozen=True)
class Item:
    """A picture of a source: `name` for people, `place` for its reader.

    `group`: the class or identity that it belongs to; empty: an identity of its own.
    """

    name: str
    place: str
    group: str = ""


@dataclass(frozen=True)
class Listing:
    """The pictures of a source in the order in which they are prepared.

    `fingerprint` changes with any of them. `read` gives the SHA-256 and the content of one, or raises `Refused`.
    """

    kind: str
    items: tuple[Item, ...]
    fingerprint: str
    read: Callable[[Item], tuple[str, Content]]
    left_out: tuple[LeftOut, ...] = ()


def list_folder(kind: str, folder: Path, max_bytes: int, group: Callable[[str], str | None]) -> Listing:
    """The image files under a folder, told by their endings, in the order of their names; hidden ones are no pictures.

    `group` gives the group of a file by its path in the folder; None leaves it out. Links to folders are not followed.

    Raises:
        BadInput: there is no such folder, or it cannot be read.
    """
    root = folder.resolve()
    if not root.is_dir():
        raise BadInput(f"{folder} is no folder; name one that holds pictures.")
    left_out: list[LeftOut] = []
    places = sorted(_places(root, left_out))
    grouped = [(place, group(place)) for place in places]
    left_out += [
        LeftOut(shown(place), "It lies in no class folder.") for place, own in grouped if own is None
    ]
    items = tuple(Item(shown(place), place, own) for place, own in grouped if own is not None)
    facts = (_facts(root, item) for item in items)

    def read(item: Item) -> tuple[str, Content]:
        with open_plain(root / item.place, max_bytes) as file:
            data = b"".join(pieces_of(file, item.name, max_bytes))
        return hashlib.sha256(data).hexdigest(), data

    return Listing(kind, items, fingerprint_of([str(root), *facts]), read, tuple(left_out))


def fingerprint_of(facts: Iterable[str]) -> str:
    """Digits that change with any of the facts."""
    digest = hashlib.sha256()
    for fact in facts:
        digest.update(fact.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def shown(place: str) -> str:
    """A path as it can be printed and kept: bytes that are no UTF-8 are replaced."""
    return place.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _places(root: Path, left_out: list[LeftOut]) -> Iterator[str]:
    """Paths of image files in the folder; of folders that cannot be gone through it is noted why."""

    def note(error: OSError) -> None:
        if Path(error.filename) == root:
            raise BadInput(f"The folder {root} cannot be read: {error.strerror}.") from error
        name = shown(os.path.relpath(error.filename, root))
        left_out.append(LeftOut(f"{name}/", f"The folder cannot be read: {error.strerror}."))

    for parent, folders, files in os.walk(root, onerror=note):
        inside = Path(parent).relative_to(root)
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders:
            if (root / inside / name).is_symlink():
                place = shown(str(inside / name))
                left_out.append(LeftOut(f"{place}/", "It is a link to a folder, and those are not followed."))
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield str(inside / name)


def _facts(root: Path, item: Item) -> str:
    """What changes when a file does; its rights too, because a file that could not be read may be readable now."""
    try:
        status = (root / item.place).stat()
    except OSError as error:
        return f"{item.place}\0{item.group}\0{error.errno}"
    return f"{item.place}\0{item.group}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_mode}"
