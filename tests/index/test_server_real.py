"""Connections that only a real server has: gRPC with keys and TLS, and another server's port.

RECTO_TEST_QDRANT_BINARY names its program.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from tests.index.shelves import DIMENSION, SPARSE, make_points, make_version
from tests.support.certificates import make_certificates
from tests.support.qdrant_server import QdrantServer, needs_binary

from recto.errors import BadSetting, Unavailable
from recto.index import Index, open_index
from recto.records import Side
from recto.settings import Settings

pytestmark = needs_binary
FRONT = Side.FRONT


def settings_of(server: QdrantServer, **changed: object) -> Settings:
    settings = Settings(qdrant_url=server.url, qdrant_grpc_port=server.grpc_port)
    return replace(settings, **changed)  # type: ignore[arg-type]


def use(index: Index) -> None:
    """Write and find."""
    version, points = make_version(), make_points(20)
    index.ensure(version, DIMENSION, SPARSE)
    index.upsert(version, FRONT, points)
    found = index.nearest(version, FRONT, points[3].embedding[None], points[3].local, 1)
    assert found.embedding[0].cover_id == found.local[0].cover_id == points[3].cover_id
    assert len(index.features(version, FRONT, [point.cover_id for point in points])) == 20
    index.drop(version)


@pytest.mark.parametrize("grpc", [True, False], ids=["grpc", "http"])
def test_a_key_over_tls_with_an_authority_of_our_own(
    quick_folder: Path, grpc: bool, caplog: pytest.LogCaptureFixture
) -> None:
    files = make_certificates(quick_folder)
    with QdrantServer(
        quick_folder / "server", api_key="right", certificate=(files.certificate, files.key)
    ) as server:
        settings = settings_of(
            server, qdrant_grpc=grpc, qdrant_api_key="right", qdrant_ca_file=str(files.authority)
        )
        index = open_index(settings)
        use(index)
        index.close()
        assert "over HTTP" not in caplog.text
        for key in ("", "wrong"):
            with pytest.raises(BadSetting, match="RECTO_QDRANT_API_KEY"):
                open_index(replace(settings, qdrant_api_key=key))
        with pytest.raises(BadSetting, match="RECTO_QDRANT_CA_FILE"):
            open_index(replace(settings, qdrant_ca_file=""))


def test_the_grpc_port_of_something_else_is_not_used(
    quick_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with QdrantServer(quick_folder / "server") as server, caplog.at_level(logging.WARNING):
        index = open_index(settings_of(server, qdrant_grpc_port=server.http_port))
        use(index)
        index.close()
        assert "is used over HTTP" in caplog.text


def test_a_server_that_hangs_is_an_error_that_passes(quick_folder: Path) -> None:
    with QdrantServer(quick_folder / "server") as server:
        index, version = open_index(settings_of(server)), make_version()
        index.ensure(version, DIMENSION, SPARSE)
        hurried = open_index(settings_of(server, qdrant_seconds=3.0))
        assert hurried.versions() == [version]
        server.pause()
        with pytest.raises(Unavailable):
            hurried.upsert(version, FRONT, make_points(20))
        server.go_on()
        index.upsert(version, FRONT, make_points(20))
        assert index.count(version, FRONT) == 20
        hurried.close()
        index.close()
