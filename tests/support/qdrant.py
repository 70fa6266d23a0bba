"""A Qdrant server for tests: the one that RECTO_TEST_QDRANT_URL names, else a bridge to the in-memory engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import pytest
from tests.support.certificates import Certificates

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SERVER_URL = os.environ.get("RECTO_TEST_QDRANT_URL", "")
API_KEY = os.environ.get("RECTO_TEST_QDRANT_API_KEY", "")
GRPC_PORT = os.environ.get("RECTO_TEST_QDRANT_GRPC_PORT", "")
"""gRPC port of that server; without it the tests speak HTTP. The bridge has none."""


class Bridge:
    """A bridge process. Leave the context to end it; with a folder, another one finds what this one stored."""

    def __init__(
        self,
        *,
        api_key: str = "",
        version: str = "1.18.0",
        port: int = 0,
        folder: Path | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        command = [sys.executable, "-m", "tests.support.qdrant_rest", "--leashed", "--port", str(port)]
        command += ["--api-key", api_key, "--version", version]
        command += ["--folder", str(folder)] if folder else []
        if certificates:
            command += ["--certificate", str(certificates.certificate), "--key", str(certificates.key)]
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            self.process.kill()
            raise RuntimeError("The bridge to Qdrant's in-memory engine did not start; its error is above.")

    @property
    def port(self) -> int:
        """Its port, to start another one in its place."""
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Bridge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture(scope="session")
def shared_qdrant() -> Iterator[str]:
    """Address of the server that all tests of a run share."""
    if SERVER_URL:
        yield SERVER_URL
        return
    with Bridge() as bridge:
        yield bridge.url


@pytest.fixture
def qdrant_url(shared_qdrant: str) -> Iterator[str]:
    """Address of a Qdrant server without any collection of Recto."""
    remove_collections(shared_qdrant)
    yield shared_qdrant
    remove_collections(shared_qdrant)


@pytest.fixture
def qdrant_settings(qdrant_url: str) -> dict[str, Any]:
    """The settings that lead to that server: `dataclasses.replace(settings, **qdrant_settings)`."""
    return settings_of(qdrant_url)


def settings_of(url: str) -> dict[str, Any]:
    """The settings that lead to a server."""
    return {
        "qdrant_url": url,
        "qdrant_api_key": API_KEY,
        "qdrant_grpc": bool(GRPC_PORT),
        "qdrant_grpc_port": int(GRPC_PORT or 6334),
        "qdrant_shards": int(os.environ.get("RECTO_TEST_QDRANT_SHARDS", "0")),
        "qdrant_replicas": int(os.environ.get("RECTO_TEST_QDRANT_REPLICAS", "1")),
    }


def remove_collections(url: str) -> None:
    """Remove every collection of Recto from a server."""
    headers = {"api-key": API_KEY} if API_KEY else {}
    with httpx.Client(base_url=url.split(",")[0], headers=headers, timeout=60) as client:
        for found in client.get("/collections").raise_for_status().json()["result"]["collections"]:
            if found["name"].startswith(("recto_front__", "recto_back__")):
                client.delete(f"/collections/{found['name']}").raise_for_status()
