"""Real Qdrant servers and clusters on loopback, for the tests that RECTO_TEST_QDRANT_BINARY makes possible.

    python -m tests.support.qdrant_server FOLDER [--nodes 3] [--api-key KEY]

starts one server, or a cluster, with its files in FOLDER and prints the variables that make the tests use it.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

import httpx
import pytest

BINARY = os.environ.get("RECTO_TEST_QDRANT_BINARY", "")
needs_binary = pytest.mark.skipif(not BINARY, reason="RECTO_TEST_QDRANT_BINARY names no Qdrant server")
PATIENCE_SECONDS = 60.0


class QdrantServer:
    """One server process with a folder and ports of its own. Kill it and start it again as often as wanted."""

    def __init__(
        self,
        folder: Path,
        *,
        api_key: str = "",
        certificate: tuple[Path, Path] | None = None,
        host: str = "127.0.0.1",
        ports: tuple[int, int, int] | None = None,
        bootstrap: str = "",
        in_cluster: bool = False,
    ) -> None:
        self.folder = folder
        self.host = host
        self.http_port, self.grpc_port, self.p2p_port = ports or free_ports(host)
        self.url = f"{'https' if certificate else 'http'}://{host}:{self.http_port}"
        self.uri = f"http://{host}:{self.p2p_port}"
        self._key, self._certificate = api_key, certificate
        self._arguments = ["--uri", self.uri, *(["--bootstrap", bootstrap] if bootstrap else [])]
        self._in_cluster = in_cluster or bool(bootstrap)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> QdrantServer:
        """Start the process and wait until it is ready."""
        self.launch()
        self.wait_until_ready()
        return self

    def launch(self) -> None:
        """Start the process and wait for nothing: the nodes of a cluster may need each other to become ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, *(self._arguments if self._in_cluster else [])],
                cwd=self.folder,
                env={**os.environ, **self._environment()},
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        """Wait until it answers; a server that ends meanwhile fails with its log."""
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Qdrant did not start:\n{(self.folder / 'log').read_text()[-3000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """`kill -9`."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it as an operator does."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Let it answer nothing, as an overloaded machine does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End a pause."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self) -> QdrantServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _end(self, by: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(by)
            self.process.wait()
            self.process = None

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", verify=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def _environment(self) -> dict[str, str]:
        settings = {
            "SERVICE__HOST": self.host,
            "SERVICE__HTTP_PORT": self.http_port,
            "SERVICE__GRPC_PORT": self.grpc_port,
            "SERVICE__API_KEY": self._key,
            "STORAGE__STORAGE_PATH": self.folder / "storage",
            "STORAGE__SNAPSHOTS_PATH": self.folder / "snapshots",
            "CLUSTER__ENABLED": str(self._in_cluster).lower(),
            "CLUSTER__P2P__PORT": self.p2p_port,
            "TELEMETRY_DISABLED": "true",
            "LOG_LEVEL": "INFO",
        }
        if self._certificate:
            certificate, key = self._certificate
            settings |= {"SERVICE__ENABLE_TLS": "true", "TLS__CERT": certificate, "TLS__KEY": key}
        return {f"QDRANT__{name}": str(value) for name, value in settings.items() if str(value)}


class QdrantCluster:
    """Nodes on 127.0.0.1, 127.0.0.2 and so on, so that all have the same ports, as nodes on several machines have."""

    def __init__(self, folder: Path, nodes: int = 3, api_key: str = "") -> None:
        hosts = [f"127.0.0.{number}" for number in range(1, nodes + 1)]
        ports = free_ports("0.0.0.0")
        first = f"http://{hosts[0]}:{ports[2]}"
        self.nodes = [
            QdrantServer(
                folder / f"node{number}",
                api_key=api_key,
                host=host,
                ports=ports,
                bootstrap=first if number else "",
                in_cluster=True,
            )
            for number, host in enumerate(hosts)
        ]

    @property
    def urls(self) -> str:
        """All addresses, as the setting `qdrant_url` takes them."""
        return ",".join(node.url for node in self.nodes)

    @property
    def grpc_port(self) -> int:
        """The gRPC port of every node."""
        return self.nodes[0].grpc_port

    def __enter__(self) -> QdrantCluster:
        for node in self.nodes:
            node.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self.nodes:
            node.kill()


def free_ports(host: str) -> tuple[int, int, int]:
    """Three ports that nobody listens on at the moment."""
    sockets = [socket.create_server((host, 0)) for _ in range(3)]
    first, second, third = (held.getsockname()[1] for held in sockets)
    for held in sockets:
        held.close()
    return first, second, third


def main() -> None:
    """Start servers, say how to reach them, and stop them on Ctrl-C."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--api-key", default="")
    asked = parser.parse_args()
    folder = asked.folder.absolute()
    if asked.nodes == 1:
        with QdrantServer(folder, api_key=asked.api_key) as server:
            _serve(server.url, server.grpc_port, asked.api_key)
    else:
        with QdrantCluster(folder, asked.nodes, asked.api_key) as cluster:
            _serve(cluster.urls, cluster.grpc_port, asked.api_key)


def _serve(urls: str, grpc_port: int, api_key: str) -> None:
    key = f" RECTO_TEST_QDRANT_API_KEY={api_key}" if api_key else ""
    print(f"RECTO_TEST_QDRANT_URL={urls} RECTO_TEST_QDRANT_GRPC_PORT={grpc_port}{key}", flush=True)
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    try:
        signal.pause()
    except KeyboardInterrupt:
        print("stopping", flush=True)


if __name__ == "__main__":
    main()
