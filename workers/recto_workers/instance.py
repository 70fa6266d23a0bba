"""The instance that runs on a data folder: who holds it, how to reach it, how to have one for a while."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from recto.errors import InUse, Unavailable
from recto.python import module_command
from recto.settings import Settings
from recto_workers.app import connect, socket_url
from recto_workers.heartbeat import alive
from recto_workers.processes import Part, log_tail, rotate, spawn
from recto_workers.redis_server import socket_path

TEMPORARY_LOG = "temporary.log"
STOP_SECONDS = 30.0
"""Longest wait for a temporary instance to stop; it gives its own workers less."""


@dataclass(frozen=True)
class Instance:
    """A running `recto up`, as it describes itself in `run/supervisor.json` once it is ready.

    Without those parts that cannot start, it is ready when its pages are.
    """

    pid: int  # of the supervisor; 0: none here, the workers run elsewhere
    redis_url: str
    web_url: str  # empty when it runs without the web server
    started: float  # UTC epoch seconds
    troubles: Mapping[str, str] = field(
        default_factory=dict
    )  # parts that cannot start, each with its last words


def run_dir(settings: Settings) -> Path:
    """Folder of everything that belongs to the running processes; created when missing."""
    folder = settings.data_dir / "run"
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"{folder} cannot be written ({error.strerror}); name another with RECTO_DATA_DIR."
        ) from error
    return folder


def running(settings: Settings) -> Instance | None:
    """The instance that serves the data folder; None when none runs or it is still starting.

    Where a Redis is named and an index worker answers there, those workers serve it (process id 0).
    """
    if not _is_held(_lock_path(settings)):
        return _elsewhere(settings.redis_url) if settings.redis_url else None
    try:
        return Instance(**json.loads(_state_path(settings).read_text()))
    except (OSError, ValueError, TypeError):
        return None  # not written yet, or just removed


def redis_url_of(settings: Settings) -> str:
    """Where the Redis of this data folder is, running or not: the one named, else the child of `recto up`."""
    if settings.redis_url:
        return settings.redis_url
    instance = running(settings)
    return instance.redis_url if instance else socket_url(socket_path(settings.data_dir / "run"))


def announce(settings: Settings, instance: Instance) -> None:
    """Write `run/supervisor.json` in one step; only the holder of the folder does."""
    path = _state_path(settings)
    temporary_path = path.with_suffix(".part")
    temporary_path.write_text(json.dumps(asdict(instance)))
    temporary_path.replace(path)


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """Hold the data folder for a supervisor.

    Raises:
        InUse: another one holds it; the message says which.
    """
    run_dir(settings)
    with _lock_path(settings).open("a+") as lock:
        if not _acquire(lock.fileno()):
            lock.seek(0)
            raise InUse(_holder(settings, lock.read().strip()))
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        _state_path(settings).unlink(missing_ok=True)  # of a supervisor that was killed
        try:
            yield
        finally:
            _state_path(settings).unlink(missing_ok=True)


@contextmanager
def temporary(settings: Settings) -> Iterator[Instance]:
    """The running instance, else one without web server that is stopped at the end.

    Raises:
        Unavailable: its parts do not start; the message ends with what they said.
    """
    while _is_held(_lock_path(settings)):
        if instance := running(settings):
            yield instance
            return
        time.sleep(0.1)  # it is starting or stopping
    log = run_dir(settings) / "logs" / TEMPORARY_LOG
    rotate(log)
    program = module_command("recto_workers.run", "up", "--no-web")
    # Its own session: Ctrl-C ends the caller first, which then stops this one.
    process = spawn(Part("temporary", program, settings.environment(), log, death_signal=signal.SIGTERM))
    try:
        yield _wait(settings, process, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(settings: Settings, process: subprocess.Popen[bytes], log: Path) -> Instance:
    """Wait until an instance serves the folder: the one started, or one that was quicker."""
    while True:
        if instance := running(settings):
            return instance
        if process.poll() not in (None, os.EX_TEMPFAIL):
            raise Unavailable(f"Recto's parts did not start:\n{log_tail(log)}")
        if process.returncode is not None and not _is_held(_lock_path(settings)):
            raise Unavailable(f"Recto's parts did not start:\n{log_tail(log)}")
        time.sleep(0.1)


def _acquire(descriptor: int) -> bool:
    """Take the lock; tried for half a second, since `running` holds it for an instant when it looks."""
    for _ in range(10):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.05)
    return False


def _is_held(path: Path) -> bool:
    try:
        with path.open() as lock:
            fcntl.flock(lock.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _elsewhere(redis_url: str) -> Instance | None:
    try:
        with connect(redis_url) as client:
            since = [beat.since for beat in alive(client) if beat.role == "index"]
    except Unavailable:
        return None
    return Instance(0, redis_url, "", min(since)) if since else None


def _holder(settings: Settings, pid: str) -> str:
    instance = running(settings)
    where = f" at {instance.web_url}" if instance and instance.web_url else ""
    return f"Recto runs already on {settings.data_dir}{where} (process {pid}). Stop it first, or use it."


def _lock_path(settings: Settings) -> Path:
    return settings.data_dir / "run" / "lock"


def _state_path(settings: Settings) -> Path:
    return settings.data_dir / "run" / "supervisor.json"
