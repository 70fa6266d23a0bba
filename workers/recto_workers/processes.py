"""Child processes: started tied to their parent with the environment they need, watched, stopped politely."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recto_workers import tether

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
STARTS_PER_MINUTE = 8
"""A child that dies again and again is started at most so often, so that it neither fills the disk with its
log nor takes the processor from the others (a start of the index process costs about 4 s of one core)."""

PERMANENT_EXITS = (os.EX_CONFIG, os.EX_DATAERR)
"""Exit codes of a worker that will not start before somebody does something; see `recto_workers.run`."""
PERMANENT_PAUSE_SECONDS = 30.0
"""Pause after these: whoever installs what was missing need not start the rest again."""

KEPT_LOGS = 3
LONGEST_LOG = 50_000_000
"""Bytes; about half a million log lines."""


@dataclass(frozen=True)
class Part:
    """What to start: name, command line, environment, log file and how to end it."""

    name: str
    program: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    death_signal: signal.Signals = signal.SIGKILL  # sent by the kernel when the supervisor dies
    pass_fds: tuple[int, ...] = ()


def spawn(part: Part) -> subprocess.Popen[bytes]:
    """Start a part tied to this process, its output added to its log, out of reach of Ctrl-C."""
    leave_lost_folder(part.log.parent)
    with part.log.open("ab") as log:
        return subprocess.Popen(
            tether.command(part.death_signal, part.program),
            env={**os.environ, **part.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=part.pass_fds,
        )


def leave_lost_folder(other: Path) -> None:
    """Go to another folder where the working folder was deleted: gunicorn and others do not start without one."""
    try:
        os.getcwd()  # noqa: PTH109 - Path.cwd() is the same call
    except FileNotFoundError:
        os.chdir(other)


@dataclass
class Child:
    """A part with its process."""

    part: Part
    process: subprocess.Popen[bytes] | None = None
    exit_code: int | None = None  # of the last process that ended
    deaths: int = 0  # since the supervisor last set it to 0
    starts: deque[float] = field(default_factory=lambda: deque(maxlen=STARTS_PER_MINUTE))

    def start(self) -> None:
        """Start the process."""
        self.starts.append(time.monotonic())
        self.exit_code = None
        try:
            self.process = spawn(self.part)
        except OSError:  # no memory, no file handles
            self.process, self.deaths = None, self.deaths + 1
            raise

    def has_died(self) -> bool:
        """True when the process ended, or could not be started; `exit_code` says how it ended."""
        if self.process is None:
            return bool(self.starts)
        if self.process.poll() is None:
            return False
        if self.exit_code is None:
            self.exit_code = self.process.returncode
            self.deaths += 1
        return True

    @property
    def is_gone(self) -> bool:
        """True when no process runs."""
        return self.process is None or self.process.poll() is not None

    @property
    def pause(self) -> float:
        """Seconds to wait before the next start: none at first, longer the more often it died lately."""
        now = time.monotonic()
        recent = [start for start in self.starts if now - start < 60.0]
        if not recent:
            return 0.0
        if len(recent) == STARTS_PER_MINUTE:
            return recent[0] + 60.0 - now
        doubled = min(FIRST_PAUSE_SECONDS * 2.0 ** (len(recent) - 1), LONGEST_PAUSE_SECONDS)
        if self.exit_code in PERMANENT_EXITS:
            doubled = PERMANENT_PAUSE_SECONDS
        return max(0.0, recent[-1] + doubled - now)

    def terminate(self) -> None:
        """Ask the process to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, seconds: float) -> bool:
        """Wait for the end; after `seconds` the process is killed. False when it had to be."""
        if self.process is None:
            return True
        try:
            self.process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        return True


def log_tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for the message that says why a start failed."""
    text = log.read_bytes()[-20_000:].decode(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


def rotate(log: Path) -> None:
    """Move `x.log` to `x.log.1` and so on, keeping `KEPT_LOGS` old ones; done at each start."""
    for number in range(KEPT_LOGS, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        newer = log if number == 1 else log.with_name(f"{log.name}.{number - 1}")
        if newer.exists():
            newer.replace(older)


def shorten(log: Path) -> None:
    """Begin a log anew when it has grown too long; its process, which only appends, goes on writing into it."""
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)


def set_threads(wanted: int, sharing: int) -> None:
    """Set the threads of the numeric libraries before they are loaded; 0: cores divided by `sharing`.

    Waiting passively makes ResNet50 5.7 times faster beside a second busy process (2 cores, one image
    per batch), and costs nothing when idle. OpenBLAS, which waits busily and multiplies small matrices only, gets one
    thread: verifying 100 candidates beside busy processes then takes 50 ms instead of 50 to 255.
    """
    threads = wanted or max(1, (os.cpu_count() or 1) // sharing)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, str(threads))
