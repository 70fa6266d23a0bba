"""Every option of a collection, read back from a real server: what the settings say is what the server does.

They need one at RECTO_TEST_QDRANT_URL; the bridge knows none of these options.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from qdrant_client import models
from tests.index.shelves import DIMENSION, SPARSE, make_points, make_version
from tests.support.qdrant import SERVER_URL

from recto.index import Layout, LocalSpec
from recto.index.server import ServerIndex
from recto.index.server_making import count_nodes
from recto.index.server_options import FEATURES, PAYLOAD_INDEXES
from recto.records import Side
from recto.settings import Settings

pytestmark = pytest.mark.skipif(
    not SERVER_URL, reason="the options of collections need RECTO_TEST_QDRANT_URL"
)
Describe = Callable[..., models.CollectionInfo]


@pytest.fixture
def opened(qdrant_settings: dict[str, Any]) -> Iterator[Callable[..., ServerIndex]]:
    """Opens an index with settings changed."""
    held: list[ServerIndex] = []

    def open_one(**changed: Any) -> ServerIndex:
        held.append(ServerIndex.open(replace(Settings(**qdrant_settings), **changed)))
        return held[-1]

    yield open_one
    for index in held:
        index.close()


@pytest.fixture
def described(opened: Callable[..., ServerIndex]) -> Describe:
    """Makes a version with settings changed, and gives what the server says of its front collection."""

    def describe(local: LocalSpec = SPARSE, **changed: Any) -> models.CollectionInfo:
        index, version = opened(**changed), make_version()
        index.ensure(version, DIMENSION, local)
        index.upsert(version, Side.FRONT, make_points(3) if local == SPARSE else [])
        return index._connection.call(lambda client: client.get_collection(version.collection(Side.FRONT)))

    return describe


def embedding_of(found: models.CollectionInfo) -> models.VectorParams:
    vectors = found.config.params.vectors
    assert isinstance(vectors, dict)
    return vectors["embedding"]


@pytest.mark.parametrize("shards", [1, 3])
def test_shards(described: Describe, shards: int) -> None:
    assert described(qdrant_shards=shards).config.params.shard_number == shards


def test_shards_of_the_servers_own_choice_are_as_many_as_nodes(
    described: Describe, opened: Callable[..., ServerIndex]
) -> None:
    nodes = count_nodes(opened()._connection)
    assert described(qdrant_shards=0).config.params.shard_number == nodes


def test_replicas_and_write_consistency(described: Describe) -> None:
    params = described(qdrant_replicas=2, qdrant_write_consistency=2).config.params
    assert (params.replication_factor, params.write_consistency_factor) == (2, 2)


@pytest.mark.parametrize("replicas", [1, 3])
def test_replicas_are_on_as_many_nodes_as_there_are(
    opened: Callable[..., ServerIndex], replicas: int
) -> None:
    index, version = opened(qdrant_replicas=replicas, qdrant_shards=1), make_version()
    nodes = count_nodes(index._connection)
    if nodes == 1:
        pytest.skip("a server without cluster has no replicas to count")
    index.ensure(version, DIMENSION, SPARSE)
    name = version.collection(Side.FRONT)
    state = index._connection.call(lambda client: client.collection_cluster_info(name))
    assert len(state.local_shards) + len(state.remote_shards) == min(replicas, nodes)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("none", type(None)),
        ("int8", models.ScalarQuantization),
        ("turbo4", models.TurboQuantization),
        ("binary", models.BinaryQuantization),
    ],
)
def test_quantisation(described: Describe, name: str, kind: type) -> None:
    found = embedding_of(described(qdrant_quantisation=name)).quantization_config
    assert isinstance(found, kind)
    if isinstance(found, models.TurboQuantization):
        assert found.turbo.bits == models.TurboQuantBitSize.BITS4
    if isinstance(found, models.ScalarQuantization):
        assert found.scalar.always_ram


@pytest.mark.parametrize("on_disk", [True, False])
def test_vectors_and_payload_on_disk(described: Describe, on_disk: bool) -> None:
    found = described(qdrant_vectors_on_disk=on_disk, qdrant_payload_on_disk=not on_disk)
    assert embedding_of(found).on_disk is on_disk
    assert found.config.params.on_disk_payload is not on_disk


def test_vectors_are_compared_by_cosine_and_words_weighed_by_the_server(described: Describe) -> None:
    found = described()
    assert embedding_of(found).distance == models.Distance.COSINE
    assert embedding_of(found).size == DIMENSION
    sparse = found.config.params.sparse_vectors
    assert sparse is not None
    assert sparse["local"].modifier == models.Modifier.IDF


def test_words_without_weights_are_not_weighed(described: Describe) -> None:
    sparse = described(LocalSpec("sparse")).config.params.sparse_vectors
    assert sparse is not None
    assert sparse["local"].modifier in (None, models.Modifier.NONE)


@pytest.mark.parametrize("datatype", ["float32", "float16", "uint8"])
def test_a_dense_local_vector_keeps_its_type(described: Describe, datatype: Any) -> None:
    vectors = described(LocalSpec("dense", 16, False, datatype)).config.params.vectors
    assert isinstance(vectors, dict)
    assert vectors["local"].datatype == models.Datatype(datatype)
    assert vectors["local"].distance == models.Distance.DOT
    assert vectors["local"].quantization_config is None


def test_what_a_collection_was_made_for_is_its_metadata(described: Describe) -> None:
    facts = described().config.metadata
    assert facts is not None
    assert Layout.from_json(facts) == Layout("small", DIMENSION, SPARSE)


def test_every_field_that_can_be_searched_by_is_indexed_and_the_features_are_not(described: Describe) -> None:
    schema = described().payload_schema
    assert schema.keys() == PAYLOAD_INDEXES.keys()
    assert FEATURES not in schema
    assert schema["book_id"].data_type == models.PayloadSchemaType.KEYWORD
    assert schema["year"].data_type == models.PayloadSchemaType.INTEGER
    assert isinstance(schema["year"].params, models.IntegerIndexParams)
    assert schema["year"].params.lookup is False


def test_indexes_that_a_killed_process_left_out_are_made_by_the_next(
    opened: Callable[..., ServerIndex],
) -> None:
    index, version = opened(), make_version()
    index.ensure(version, DIMENSION, SPARSE)
    name = version.collection(Side.BACK)
    index._connection.call(lambda client: client.delete_payload_index(name, "tags", wait=True))
    index.ensure(version, DIMENSION, SPARSE)
    found = index._connection.call(lambda client: client.get_collection(name))
    assert found.payload_schema.keys() == PAYLOAD_INDEXES.keys()
