"""Making collections on a server while other processes do the same."""

from __future__ import annotations

import logging

from qdrant_client import QdrantClient, models

from recto.errors import NotFound, Unavailable
from recto.index.base import Layout
from recto.index.checks import require_layout
from recto.index.server_connection import Connection
from recto.index.server_errors import AlreadyThere
from recto.index.server_layouts import Layouts, describe
from recto.index.server_options import PAYLOAD_INDEXES, Options

LOG = logging.getLogger(__name__)


def make_collection(
    connection: Connection, layouts: Layouts, name: str, layout: Layout, options: Options
) -> None:
    """Make a collection where it is missing. It has all its payload indexes when this returns, whoever made it:
    nobody writes a point before, as the server builds its graph with the indexes that it finds.
    """
    found = _existing(connection, name)
    if found is None:
        _create(connection, name, layout, options)
        found = _created(connection, name)
    require_layout(layouts.remember(name, found), layout, name)
    for field in PAYLOAD_INDEXES.keys() - found.payload_schema.keys():
        _create_index(connection, name, field)


def _create_index(connection: Connection, name: str, field: str) -> None:
    kind = PAYLOAD_INDEXES[field]
    connection.call(lambda client: client.create_payload_index(name, field, kind, wait=True))


def _create(connection: Connection, name: str, layout: Layout, options: Options) -> None:
    if options.replicas > (nodes := count_nodes(connection)):
        LOG.warning(
            "RECTO_QDRANT_REPLICAS=%d, but the Qdrant server has %d node(s): %s is kept on so many only, until more "
            "join and its shards are replicated by hand.",
            options.replicas,
            nodes,
            name,
        )

    def create(client: QdrantClient) -> None:
        client.create_collection(name, **options.collection(layout))

    try:
        # Without a time-out of its own the server waits ten seconds for a node that is away, and goes on without it.
        connection.call(create)
    except AlreadyThere:  # made by another process, or by our own first try, whose answer was lost
        LOG.info("%s was made by another process meanwhile.", name)
    except Unavailable:
        if _existing(connection, name) is None:
            raise


def _created(connection: Connection, name: str) -> models.CollectionInfo:
    """The description of a collection that exists; the node that is asked may not have heard of it yet."""

    def ask(client: QdrantClient) -> models.CollectionInfo:
        if not client.collection_exists(name):
            raise Unavailable(
                f"The collection {name} was made, but not every node of the server knows it yet."
            )
        return client.get_collection(name)

    return connection.call(ask)


def _existing(connection: Connection, name: str) -> models.CollectionInfo | None:
    try:
        return describe(connection, name)
    except NotFound:
        return None


def count_nodes(connection: Connection) -> int:
    """Nodes of the cluster; 1 for a server that is none."""
    status = connection.call(lambda client: client.cluster_status(), http=True)
    return len(status.peers) if isinstance(status, models.ClusterStatusOneOf1) else 1
