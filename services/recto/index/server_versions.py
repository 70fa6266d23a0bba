"""The versions on a server as wholes: which there are, which one is published, dropping one."""

from __future__ import annotations

from qdrant_client import models

from recto.errors import NotFound
from recto.index.checks import require_encoder
from recto.index.server_connection import Connection
from recto.index.server_layouts import Layouts
from recto.records import Side
from recto.versions import Version

PREFIXES = tuple(f"recto_{side.value}__" for side in Side)


class Versions:
    """Pairs of collections, found by their names; other processes make and drop some meanwhile."""

    def __init__(self, connection: Connection, layouts: Layouts) -> None:
        self._connection = connection
        self._layouts = layouts

    def names(self) -> list[str]:
        """Names of all collections of Recto, also where one of a pair is missing."""
        found = self._connection.call(lambda client: client.get_collections()).collections
        return [collection.name for collection in found if collection.name.startswith(PREFIXES)]

    def all(self) -> list[Version]:
        """Versions with both collections, ordered by recipe."""
        names = self.names()
        found = {version for name in names if (version := self._version(name))}
        complete = (version for version in found if {version.collection(side) for side in Side} <= set(names))
        return sorted(complete, key=lambda version: version.recipe_id)

    def publish(self, version: Version) -> None:
        """Point both aliases at the pair, in one operation."""
        wanted = {_alias(side): version.collection(side) for side in Side}
        for name in wanted.values():
            require_encoder(self._layouts.read(name), version, name)
        if wanted.items() <= self._aliases().items():
            return  # nothing for the nodes of a cluster to agree on
        changes: list[models.AliasOperations] = [
            models.CreateAliasOperation(  # replaces one of that name
                create_alias=models.CreateAlias(collection_name=name, alias_name=alias)
            )
            for alias, name in wanted.items()
        ]
        self._connection.call(lambda client: client.update_collection_aliases(changes))

    def published(self) -> Version | None:
        """The pair that both aliases name."""
        taken = self._aliases()
        front, back = (taken.get(_alias(side)) for side in Side)
        version = self._version(front) if front else None
        return version if version and version.collection(Side.BACK) == back else None

    def drop(self, version: Version) -> None:
        """Remove both collections. Not repeated when the server does not answer: the second try could remove what
        another process has made again.
        """
        for side in Side:
            self._layouts.forget(version.collection(side))
            self._drop(version.collection(side))

    def _drop(self, name: str) -> None:
        self._connection.call(lambda client: client.delete_collection(name), again=False)

    def _version(self, name: str) -> Version | None:
        """The version of a collection; None for one that was dropped meanwhile."""
        try:
            return Version(name.rpartition("__")[2], self._layouts.get(name).encoder)
        except NotFound:
            return None

    def _aliases(self) -> dict[str, str]:
        found = self._connection.call(lambda client: client.get_aliases()).aliases
        return {alias.alias_name: alias.collection_name for alias in found}


def _alias(side: Side) -> str:
    return f"recto_{side.value}"
