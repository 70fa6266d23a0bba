"""A PostgreSQL for tests: the one that RECTO_TEST_POSTGRES_URL names, else one of their own where it is installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from tests.support.s3 import free_port

SERVER_URL = os.environ.get("RECTO_TEST_POSTGRES_URL", "")
START_SECONDS = 60.0
USER, PASSWORD = "recto", "tests"
IS_ROOT, NOBODY = os.getuid() == 0, ("nobody", "nogroup")
"""PostgreSQL refuses to run as root."""


class PostgresServer:
    """A running server on an empty data folder, on a loopback port, with a password."""

    def __init__(self, folder: Path) -> None:
        programs = programs_of_postgres()
        assert programs is not None, "callers look first"
        self._programs, self._folder = programs, folder
        self.port = free_port()
        self._as_somebody = (
            {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
        )
        if self._as_somebody:  # it refuses to run as root
            shutil.chown(folder, "nobody", "nogroup")
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        options = ["--no-sync", "--locale=C", "--encoding=UTF8", "--auth=scram-sha-256", f"--username={USER}"]
        self._run("initdb", *options, f"--pwfile={folder / 'password'}", str(folder / "data"))
        self.process = self._start()

    @property
    def url(self) -> str:
        """Its address, with user and password."""
        return f"postgresql+psycopg://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def kill(self) -> None:
        """End it at once; its children notice."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as an administrator does: clients are cut off, everything is written."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def restart(self) -> None:
        """Start it again on the same data and port."""
        self.process = self._start()

    def __enter__(self) -> PostgresServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> subprocess.Popen[bytes]:
        log = self._folder / "postgres.log"
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",  # the machine does not lose power within a test
            "max_connections": 200,
        }
        arguments = [text for name, value in options.items() for text in ("-c", f"{name}={value}")]
        with log.open("ab") as output:
            process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                user=NOBODY[0] if IS_ROOT else None,
                group=NOBODY[1] if IS_ROOT else None,
                extra_groups=[] if IS_ROOT else None,
            )
        _wait(self.url, process, log)
        return process

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            capture_output=True,
            text=True,
            cwd=self._folder,
            check=False,
            user=NOBODY[0] if IS_ROOT else None,
            group=NOBODY[1] if IS_ROOT else None,
            extra_groups=[] if IS_ROOT else None,
        )
        assert done.returncode == 0, done.stderr


def programs_of_postgres() -> Path | None:
    """Folder of the server's programs; the newest of several, as Debian keeps them apart. None where there are none."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return kept[-1].parent if kept else None


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """Address of an empty database of its own, dropped afterwards."""
    url = make_url(server_url).set(drivername="postgresql+psycopg")
    name = f"recto_test_{uuid.uuid4().hex}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    yield url.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of the server that all tests of a run share."""
    if SERVER_URL:
        yield SERVER_URL
        return
    if programs_of_postgres() is None:
        pytest.skip("no PostgreSQL is installed (Debian: postgresql), and RECTO_TEST_POSTGRES_URL names none")
    with TemporaryDirectory(prefix="recto-postgres-") as folder, PostgresServer(Path(folder)) as server:
        yield server.url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Address of an empty database."""
    with database(postgres_server) as url:
        yield url


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    engine = create_engine(url)
    deadline = time.monotonic() + START_SECONDS
    try:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with engine.connect():
                    return
            except OperationalError:
                time.sleep(0.05)
    finally:
        engine.dispose()
    process.kill()
    raise AssertionError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-3000:]}")
