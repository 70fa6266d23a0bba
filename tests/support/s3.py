"""An S3-compatible store for tests: moto's server in a process of its own, and ways to make it fail."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import pytest

from recto.python import module_command

START_SECONDS = 120.0
SERVER_URL = os.environ.get("RECTO_TEST_S3_URL", "")
"""A store of your own, as http://KEY:SECRET@HOST:PORT; some tests stop their store, and always start one."""
ACCESS_KEY, SECRET_KEY = "tests", "tests-secret"


class S3Store:
    """A running store, wherever it is."""

    def __init__(self, url: str, access_key: str, secret_key: str) -> None:
        self.url, self.access_key, self.secret_key = url, access_key, secret_key

    def client(self) -> Any:
        """A client of another make, to look into the store from outside."""
        import boto3  # type: ignore[import-untyped]  # slow to import, and few tests need it

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
        )

    def make_bucket(self) -> str:
        """An empty bucket of its own for a test."""
        name = f"test-{uuid.uuid4().hex[:16]}"
        self.client().create_bucket(Bucket=name)
        return name

    def settings(self, bucket: str, prefix: str = "recto") -> dict[str, Any]:
        """Settings that lead to a bucket: `dataclasses.replace(settings, **store.settings(bucket))`."""
        return {
            "images_url": f"s3://{bucket}/{prefix}".rstrip("/"),
            "s3_endpoint": self.url,
            "s3_access_key": self.access_key,
            "s3_secret_key": self.secret_key,
        }

    def requests(self) -> list[str]:
        """What it was asked so far, one line a request."""
        pytest.skip("the store that RECTO_TEST_S3_URL names does not tell what it was asked")


class S3Server(S3Store):
    """One that may be killed and started again on the same port; it then has forgotten everything."""

    def __init__(self, log: Path, *, port: int = 0, strict: bool = False) -> None:
        """`strict`: it refuses keys that it does not know, which are all."""
        self.port = port or free_port()
        super().__init__(f"http://127.0.0.1:{self.port}", ACCESS_KEY, SECRET_KEY)
        self.log = log
        self._strict = strict
        self.process = self._start()

    def requests(self) -> list[str]:
        """What it was asked so far, one line a request."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if "HTTP/1" in line]

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """Start it again, empty, on the same port."""
        self.process = self._start()

    def __enter__(self) -> S3Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **({"INITIAL_NO_AUTH_ACTION_COUNT": "0"} if self._strict else {})}
        program = module_command("moto.server", "-H", "127.0.0.1", "-p", str(self.port))
        with self.log.open("ab") as output:
            process = subprocess.Popen(program, env=environment, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/moto-api/", timeout=2):
                    return process
            except OSError:
                time.sleep(0.05)
        process.kill()
        raise AssertionError(f"the S3 store did not start:\n{self.log.read_text(errors='replace')[-3000:]}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Store]:
    """The store that all tests of a run share; each test makes a bucket of its own."""
    if SERVER_URL:
        parts = urlsplit(SERVER_URL)
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        yield S3Store(url, parts.username or "", parts.password or "")
        return
    with TemporaryDirectory(prefix="recto-s3-") as folder, S3Server(Path(folder) / "s3.log") as server:
        yield server


@pytest.fixture
def s3_bucket(s3_server: S3Store) -> str:
    """An empty bucket of that store."""
    return s3_server.make_bucket()


@pytest.fixture
def s3_settings(s3_server: S3Store, s3_bucket: str) -> dict[str, Any]:
    """Settings that lead to it."""
    return s3_server.settings(s3_bucket)
