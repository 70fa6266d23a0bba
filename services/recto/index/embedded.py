"""The embedded index: the Qdrant engine inside the one process that owns the folder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from recto.errors import NotFound, Unavailable
from recto.index.base import EVERYTHING, CoverPoint, Layout, Shortlist, StoredCover
from recto.index.checks import (
    check_ids,
    check_page,
    check_points,
    check_query,
    check_spec,
    lost_collection,
    require_encoder,
    require_layout,
)
from recto.index.collection import Collection
from recto.index.folder import (
    UNFINISHED,
    FolderLock,
    check_engine,
    check_space,
    collection_folders,
    finish_interrupted,
    read_json,
    remove_collections,
    sync,
    write_json,
)
from recto.records import Side, Where
from recto.vectors import Floats, LocalSpec, LocalVector
from recto.versions import Version


class EmbeddedIndex:
    """`Index` over one folder with a subfolder per collection. Open it after forking, in one process.

    Raises:
        InUse: another process holds the folder.
        WrongFormat: another version of the engine wrote it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()  # over the table of collections, not over calls of the engine
        self._changing = threading.Lock()  # over making and dropping: both take long, and searches go on
        self._held: FolderLock | None = FolderLock(folder)
        try:
            check_engine(folder)
            finish_interrupted(folder)
            self._collections = {path.name: _known(path) for path in collection_folders(folder)}
        except BaseException:
            self._held.release()
            raise

    def ensure(self, version: Version, embedding_dim: int, local: LocalSpec) -> None:
        """Make both collections of a version where they are missing."""
        check_spec(embedding_dim, local)
        layout = Layout(version.encoder, embedding_dim, local)
        with self._changing:
            for side in Side:
                name = version.collection(side)
                with self._lock:
                    self._check_open()
                    existing = self._collections.get(name)
                if existing is not None:
                    require_layout(existing.layout, layout, name)
                    continue
                check_space(self._folder, 0)
                made = Collection.create(self._folder / f"{UNFINISHED}{name}", self._folder / name, layout)
                with self._lock:
                    self._collections[name] = made

    def upsert(self, version: Version, side: Side, points: Sequence[CoverPoint]) -> None:
        """Add or replace covers, durably."""
        collection = self._collection(version, side)
        check_points(points, collection.layout)
        if points:
            collection.upsert(points)

    def nearest(
        self,
        version: Version,
        side: Side,
        embeddings: Floats,
        local: LocalVector | None,
        limit: int,
        where: Where = EVERYTHING,
    ) -> Shortlist:
        """At most `limit` covers per witness, each with its best view."""
        collection = self._collection(version, side)
        check_query(embeddings, local, limit, collection.layout)
        if where.side not in (None, side):
            return Shortlist([], [])
        return collection.nearest(embeddings, local, limit, where)

    def features(self, version: Version, side: Side, cover_ids: Sequence[str]) -> dict[str, bytes]:
        """Packed local features of many covers in one read."""
        return self._collection(version, side).features(cover_ids)

    def get(self, version: Version, side: Side, cover_ids: Sequence[str]) -> list[StoredCover]:
        """The covers that exist, with vectors."""
        check_ids(cover_ids)
        return self._collection(version, side).get(cover_ids)

    def scroll(
        self, version: Version, side: Side, limit: int, after: str | None = None
    ) -> tuple[list[StoredCover], str | None]:
        """One page of covers without vectors, ordered by id."""
        check_page(limit, after)
        return self._collection(version, side).scroll(limit, after)

    def count(self, version: Version, side: Side, where: Where = EVERYTHING) -> int:
        """Number of covers that match."""
        collection = self._collection(version, side)
        return collection.count(where) if where.side in (None, side) else 0

    def delete_covers(self, version: Version, side: Side, cover_ids: Sequence[str]) -> None:
        """Remove covers, durably."""
        check_ids(cover_ids)
        self._collection(version, side).delete(cover_ids)

    def delete_book(self, book_id: str) -> None:
        """Remove a book from both sides of every version, durably."""
        with self._lock:
            self._check_open()
            collections = list(self._collections.values())
        for collection in collections:
            for cover_ids in collection.covers_of_book(book_id):
                collection.delete(cover_ids)

    def versions(self) -> list[Version]:
        """Versions with both collections."""
        with self._lock:
            self._check_open()
            found = set()
            for name, collection in self._collections.items():
                version = Version(name.rpartition("__")[2], collection.layout.encoder)
                if all(version.collection(side) in self._collections for side in Side):
                    found.add(version)
        return sorted(found, key=lambda version: version.recipe_id)

    def publish(self, version: Version) -> None:
        """Write `published.json`: the live pair, for tools outside Recto."""
        with self._lock:
            names = {f"recto_{side.value}": version.collection(side) for side in Side}
            for side in Side:
                self._collection(version, side)
            facts = {"recipe_id": version.recipe_id, "encoder": version.encoder}
            write_json(self._folder / "published.json", facts | names)

    def published(self) -> Version | None:
        """The pair published last, unless it was dropped."""
        facts = read_json(self._folder / "published.json")
        return Version(facts["recipe_id"], facts["encoder"]) if facts else None

    def drop(self, version: Version) -> None:
        """Remove both collections: all at once for whoever looks, also after a crash in the middle."""
        with self._changing:
            with self._lock:
                self._check_open()
                if (live := self.published()) and live.recipe_id == version.recipe_id:
                    (self._folder / "published.json").unlink()
                    sync(self._folder)
                gone = [self._collections.pop(version.collection(side), None) for side in Side]
            for collection in gone:
                if collection is not None:
                    collection.close()
            remove_collections(self._folder, version.recipe_id)

    def close(self) -> None:
        """Let go of all files and of the folder; closing twice is no error."""
        with self._lock:
            for collection in self._collections.values():
                collection.close()
            if self._held is not None:
                self._held.release()
                self._held = None

    def _collection(self, version: Version, side: Side) -> Collection:
        with self._lock:
            self._check_open()
            name = version.collection(side)
            if name not in self._collections:
                raise lost_collection(name)
            require_encoder(self._collections[name].layout, version, name)
            return self._collections[name]

    def _check_open(self) -> None:
        if self._held is None:
            raise Unavailable("The index was closed; this process is stopping.")


def _known(path: Path) -> Collection:
    """A collection found in the folder; a folder without its description was not made by Recto."""
    facts = read_json(path / "collection.json")
    if facts is None:
        raise NotFound(f"{path} is not a collection of Recto: `collection.json` is missing. Move it away.")
    return Collection(path, Layout.from_json(facts))
