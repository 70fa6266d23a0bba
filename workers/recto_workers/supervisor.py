"""`recto up`: starts Redis, the workers and the web server, restarts what dies, stops all of it cleanly."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import time
from collections.abc import Callable, Sequence

from recto.errors import Unavailable
from recto.settings import Settings
from recto_workers import heartbeat
from recto_workers.app import connect
from recto_workers.instance import TEMPORARY_LOG, Instance, announce, held, run_dir
from recto_workers.parts import (
    check_keys,
    counted,
    listen,
    reachable_address,
    web_part,
    web_url,
    worker_parts,
)
from recto_workers.processes import LONGEST_PAUSE_SECONDS, Child, log_tail, rotate, shorten
from recto_workers.redis_server import RedisServer

POLL_SECONDS = 0.1
DEATHS_AT_START = 3
"""A part that ends so often before it was ever ready cannot start; the start is given up."""

WEB_STOP_SECONDS = 6.0
WORKER_STOP_SECONDS = 10.0
"""Longest wait for workers at the end; they give back unfinished covers after `process.STOP_SECONDS`."""

REDIS_PAUSE_SECONDS = 2.0
"""Shortest time between two restarts of Redis."""

PERMANENT_EXITS = (os.EX_CONFIG, os.EX_DATAERR)
"""Exit codes of a worker that will not start however often it is tried; see `recto_workers.run`."""


def up(settings: Settings, *, web: bool = True, say: Callable[[str], None] = print) -> None:
    """Run Recto on the data folder until SIGINT, SIGTERM or SIGHUP. Call it in the main thread.

    Raises:
        InUse: another `recto up` holds the folder.
        Unavailable: a part cannot start; the message says which and ends with its log.
        BadSetting: others could reach the web server, but no key exists that they could be asked for.
    """
    if web:
        check_keys(settings)
    with held(settings):
        Supervisor(settings, web=web, say=say).run()


class Supervisor:
    """The running parts. `up` is the way to use it."""

    def __init__(self, settings: Settings, *, web: bool, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        folder = run_dir(settings)
        logs = folder / "logs"
        for log in logs.glob("*.log"):
            if log.name != TEMPORARY_LOG:  # a temporary instance is writing into it
                rotate(log)
        self._redis = None if settings.redis_url else RedisServer(folder, logs / "redis.log")
        self._redis_url = self._redis.url if self._redis else settings.redis_url
        self._socket = listen(settings.host, settings.port) if web else None
        self._web_url = web_url(self._socket) if self._socket else ""
        counts = folder / "metrics"
        shutil.rmtree(counts, ignore_errors=True)  # what the parts of a former start counted
        workers = worker_parts(settings, self._redis_url, logs)
        self._workers = [Child(counted(part, counts)) for part in workers]
        self._web: Child | None = None
        if self._socket:
            self._web = Child(counted(web_part(settings, self._redis_url, self._socket, logs), counts))
        self._announced_pauses: set[str] = set()
        self._next_redis_start = 0.0
        self._stop_signals = 0

    def run(self) -> None:
        """Start everything, watch it, stop it."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # as nohup left it
                signal.signal(number, self._on_stop_signal)
        try:
            self._start()
            while not self._stop_signals:
                self._watch()
                time.sleep(POLL_SECONDS)
        finally:
            self._stop()

    def _start(self) -> None:
        self._say(f"Starting Recto on {self._settings.data_dir} ...")
        if self._socket and self._settings.port != self._socket.getsockname()[1]:
            self._say(f"Port {self._settings.port} is taken; using {self._socket.getsockname()[1]}.")
        if self._redis:
            self._redis.start()
        for child in self._children():
            child.start()
        self._say("Loading the models ...")
        while not self._stop_signals and not self._is_ready():
            for child in self._children():
                self._check_start(child)
            self._watch()
            time.sleep(POLL_SECONDS)
        if not self._stop_signals:
            announce(self._settings, Instance(os.getpid(), self._redis_url, self._web_url, time.time()))
            self._say(f"Recto is ready{' at ' + self._web_url if self._web_url else ''}. Ctrl-C stops it.")

    def _check_start(self, child: Child) -> None:
        """Give up when a part cannot start."""
        if child.has_died() and (child.exit_code in PERMANENT_EXITS or len(child.starts) >= DEATHS_AT_START):
            part = child.part
            raise Unavailable(f"'{part.name}' cannot start. The end of {part.log}:\n{log_tail(part.log)}")

    def _is_ready(self) -> bool:
        return self._workers_are_ready() and (self._web is None or self._web_answers())

    def _workers_are_ready(self) -> bool:
        try:
            with connect(self._redis_url) as client:
                ready = {beat.pid for beat in heartbeat.alive(client)}
        except Unavailable:
            return False
        return all(child.process is not None and child.process.pid in ready for child in self._workers)

    def _web_answers(self) -> bool:
        assert self._socket is not None
        host, port = reachable_address(self._socket)
        connection = http.client.HTTPConnection(host, port, timeout=1.0)
        try:
            connection.request("GET", "/health")
            connection.getresponse()  # any answer will do: the page itself says what is wrong
            return True
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _watch(self) -> None:
        """Start again what has died."""
        if self._redis and self._redis.has_died():
            self._restart_redis(self._redis)
        for child in self._children():
            if child.has_died():
                self._restart(child)
            shorten(child.part.log)

    def _restart_redis(self, redis: RedisServer) -> None:
        if time.monotonic() < self._next_redis_start:
            return
        self._next_redis_start = time.monotonic() + REDIS_PAUSE_SECONDS
        self._say("Redis died; starting it again.")
        try:
            redis.start()
        except Unavailable as error:
            self._say(f"{error}\nIt is tried again; until then nothing new is begun.")

    def _restart(self, child: Child) -> None:
        name = child.part.name
        pause = child.pause
        if pause > 0:
            if pause > LONGEST_PAUSE_SECONDS and name not in self._announced_pauses:
                self._announced_pauses.add(name)
                self._say(f"'{name}' keeps dying; next try in {pause:.0f} s. Its log: {child.part.log}")
            return
        self._announced_pauses.discard(name)
        self._say(f"'{name}' ended ({_describe_end(child)}); starting it again.")
        try:
            child.start()
        except OSError as error:  # no memory, no file handles: it counts as a death and is tried again
            self._say(f"'{name}' could not be started: {error}.")

    def _stop(self) -> None:
        """Web first, so that nobody waits in vain; then the workers, which finish their task; Redis last."""
        self._say("Stopping ...")
        if self._web:
            self._end([self._web], WEB_STOP_SECONDS)
        self._end(self._workers, WORKER_STOP_SECONDS)
        if self._redis:
            self._redis.stop()
        if self._socket:
            self._socket.close()
        self._say("Stopped.")

    def _end(self, children: Sequence[Child], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for child in children:
            child.terminate()
        while not all(child.is_gone for child in children):
            if time.monotonic() > deadline or self._stop_signals > 1:
                break
            time.sleep(POLL_SECONDS / 2)
        for child in children:
            if not child.wait(0):
                self._say(f"'{child.part.name}' did not stop in time and was killed.")

    def _on_stop_signal(self, number: int, frame: object) -> None:
        self._stop_signals += 1

    def _children(self) -> list[Child]:
        return [*self._workers, *([self._web] if self._web else [])]


def _describe_end(child: Child) -> str:
    """How a child ended, and what it said where it ended by itself with an error."""
    code = child.exit_code or 0
    if code < 0:
        return signal.Signals(-code).name
    said = log_tail(child.part.log, lines=1)
    return f"exit code {code}: {said}" if code and said else f"exit code {code}"
