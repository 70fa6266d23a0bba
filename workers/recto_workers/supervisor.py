"""`recto up`: starts Redis, the workers and the web server, restarts what dies, stops all of it cleanly."""

from __future__ import annotations

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
    web_answers,
    web_part,
    web_url,
    worker_parts,
)
from recto_workers.processes import LONGEST_PAUSE_SECONDS, PERMANENT_EXITS, Child, log_tail, rotate, shorten
from recto_workers.redis_server import RedisServer

POLL_SECONDS = 0.1
DEATHS_AT_START = 3
"""A part that ends so often before it is ready counts as one that cannot start."""

LATE_SECONDS = 60.0
"""After this time the pages no longer wait for workers that are still loading."""

WEB_STOP_SECONDS = 6.0
WORKER_STOP_SECONDS = 10.0
"""Longest wait for workers at the end; they give back unfinished covers after `process.STOP_SECONDS`."""

REDIS_PAUSE_SECONDS = 2.0
"""Shortest time between two restarts of Redis."""


def up(settings: Settings, *, web: bool = True, say: Callable[[str], None] = print) -> None:
    """Run Recto on the data folder until SIGINT, SIGTERM or SIGHUP. Call it in the main thread.

    Raises:
        InUse: another `recto up` holds the folder.
        Unavailable: without the web server, a part cannot start; the message says which and ends with its log.
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
        self._awaited = {child.part.name for child in self._children()}
        self._troubles: dict[str, str] = {}  # parts that cannot start, with the reason
        self._announced: Instance | None = None
        self._is_whole = False  # every part was ready at once
        self._late = time.monotonic() + LATE_SECONDS
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
                self._look_for_troubles()
                self._watch()
                self._announce()
                time.sleep(POLL_SECONDS)
        finally:
            self._stop()

    def _start(self) -> None:
        self._say(f"Starting Recto on {self._settings.data_dir} ...")
        if self._socket and self._settings.port != self._socket.getsockname()[1]:
            self._say(f"Port {self._settings.port} is taken; using {self._socket.getsockname()[1]}.")
        if self._redis:
            self._start_redis(self._redis)
        for child in self._children():
            self._start_child(child)
        self._say("Loading the models ...")

    def _look_for_troubles(self) -> None:
        """Find out which parts became ready since they were started, and which cannot start."""
        ready = self._ready_workers() if self._awaited else set()
        for child in self._children():
            name = child.part.name
            if child.has_died():
                self._awaited.add(name)
                if child.exit_code in PERMANENT_EXITS or child.deaths >= DEATHS_AT_START:
                    log = child.part.log
                    words = f"The end of {log}:\n{log_tail(log)}"
                    self._note_trouble(name, words, log_tail(log, lines=1) or _describe_end(child))
            elif name in self._awaited and self._is_ready(child, ready):
                self._awaited.discard(name)
                child.deaths = 0
                if self._troubles.pop(name, None) is not None:
                    self._say(f"'{name}' has started.")

    def _note_trouble(self, name: str, words: str, reason: str) -> None:
        """Say once that a part cannot start. Pages stay up without it; without pages there is nothing to keep.

        Raises:
            Unavailable: there are no pages, and somebody waits for the part.
        """
        if not self._web and self._announced is None:
            raise Unavailable(f"'{name}' cannot start. {words}")
        self._is_whole = False
        if name not in self._troubles:
            self._say(f"'{name}' cannot start; it is tried again. {words}")
        self._troubles[name] = reason

    def _announce(self) -> None:
        """Write down what runs, as soon as all of it does or the pages do without the rest; say it once."""
        waiting = self._awaited - self._troubles.keys()
        serves_pages = self._web is not None and "web" not in waiting
        if waiting and not (serves_pages and (self._troubles or time.monotonic() > self._late)):
            return
        where = f" at {self._web_url}" if self._web_url else ""
        missing = sorted(self._awaited | self._troubles.keys())
        if not missing and not self._is_whole:
            self._is_whole = True
            self._say(f"Recto is ready{where}. Ctrl-C stops it.")
        elif missing and self._announced is None:
            self._say(f"The pages are{where}, still without {' and '.join(missing)}. Ctrl-C stops it.")
        started = self._announced.started if self._announced else time.time()
        instance = Instance(os.getpid(), self._redis_url, self._web_url, started, dict(self._troubles))
        if instance != self._announced:
            announce(self._settings, instance)
            self._announced = instance

    def _ready_workers(self) -> set[int]:
        """Process ids of the workers that have loaded their models."""
        try:
            with connect(self._redis_url) as client:
                return {beat.pid for beat in heartbeat.alive(client)}
        except Unavailable:
            return set()

    def _is_ready(self, child: Child, ready: set[int]) -> bool:
        if child is self._web:
            return self._socket is not None and web_answers(self._socket)
        return child.process is not None and child.process.pid in ready

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
        if "redis" not in self._troubles:
            self._say("Redis died; starting it again.")
        self._start_redis(redis)

    def _start_redis(self, redis: RedisServer) -> None:
        try:
            redis.start()
        except (Unavailable, OSError) as error:
            self._note_trouble("redis", str(error), str(error).splitlines()[0])
        else:
            if self._troubles.pop("redis", None) is not None:
                self._say("'redis' has started.")
        if redis.set_aside:
            self._say(
                f"Redis could not read its files; they are kept in {redis.set_aside}. Messages are sent again by "
                "themselves; documents of bulk jobs that nobody had taken yet are in there: drop them again."
            )
        self._next_redis_start = time.monotonic() + REDIS_PAUSE_SECONDS

    def _restart(self, child: Child) -> None:
        name = child.part.name
        pause = child.pause
        if pause > 0:
            known = self._announced_pauses | self._troubles.keys()
            if pause > LONGEST_PAUSE_SECONDS and name not in known:
                self._announced_pauses.add(name)
                self._say(f"'{name}' keeps dying; next try in {pause:.0f} s. Its log: {child.part.log}")
            return
        self._announced_pauses.discard(name)
        if name not in self._troubles:
            self._say(f"'{name}' ended ({_describe_end(child)}); starting it again.")
        self._start_child(child)

    def _start_child(self, child: Child) -> None:
        try:
            child.start()
        except OSError as error:  # no memory, no file handles: it counts as a death and is tried again
            self._say(f"'{child.part.name}' could not be started: {error}.")

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
