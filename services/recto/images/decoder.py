"""One decoding child process as its parent sees it: started when needed, killed at a deadline, replaced."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from recto.errors import RectoError, Refused, Unavailable
from recto.files import too_many_bytes
from recto.images import refusals, wire
from recto.images.barcodes import Barcode, barcodes_of
from recto.images.decode import RASTER_FIELDS, Limits, Raster
from recto.python import module_command

Reply = TypeVar("Reply")
_START_SECONDS = 60.0
"""Time that a child may take to start: 0.1 s on an idle machine, much more on one that swaps."""
_START_ATTEMPTS = 3
"""Whoever kills a child may hit the next one while it starts; one that never starts is not worth more."""
_PIPE_ERRORS = (EOFError, OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class DecoderOptions:
    """What every decoder of a pool is given: limits of an image, deadline in seconds, memory in bytes."""

    limits: Limits
    seconds: float
    memory: int


class Decoder:
    """Owner of one child process. Use it from one thread, the one that starts the child.

    Linux kills a child with `PR_SET_PDEATHSIG` when the thread that started it ends, not only the process.
    """

    def __init__(self, options: DecoderOptions) -> None:
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Process id of the child, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def decode(self, item: bytes | Path, max_side: int) -> Raster:
        """Decode one item in the child.

        Raises:
            Refused: the item cannot be decoded, took too long, or killed the child.
            Unavailable: the child cannot be started, or the pool was closed meanwhile.
        """
        request = {"task": wire.PIXELS, "max_side": max_side}
        return self._carry_out(item, request, 3 * max_side * max_side, _raster)

    def read_barcodes(self, item: bytes | Path, *, turned: bool) -> list[Barcode]:
        """Read the barcodes of one item in the child; `turned`: at any angle.

        Raises:
            Refused, Unavailable: as `decode`.
        """
        request = {"task": wire.BARCODES, "turned": turned}
        return self._carry_out(item, request, 0, lambda header, _: barcodes_of(header))

    def _carry_out(
        self,
        item: bytes | Path,
        request: dict[str, Any],
        largest: int,
        reply_of: Callable[[dict[str, Any], bytearray], Reply],
    ) -> Reply:
        """Ask the child and read its reply, of at most `largest` bytes beside its header."""
        limits = self._options.limits
        if isinstance(item, bytes) and len(item) > limits.max_bytes:
            raise too_many_bytes(limits.max_bytes, len(item))
        process = self._running()
        deadline = _Deadline(process, self._options.seconds)
        try:
            with deadline:
                _ask(process, item, limits, request)
                return reply_of(*_reply(process, largest))
        except Refused:
            raise  # an answer like any other: the child is well
        except BaseException as error:
            self._stop()  # its answer, should one still come, must not be taken for that of the next item
            raise self._verdict(deadline) if isinstance(error, _PIPE_ERRORS) else error from None
        finally:
            if deadline.passed:
                self._stop()

    def close(self) -> None:
        """Kill the child. May be called from any thread, also while `decode` runs in another."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def release(self) -> None:
        """Give back the child's pipes; after `close`, when `decode` runs no more."""
        self._stop()

    def _verdict(self, deadline: _Deadline) -> RectoError:
        """Why the pipe to the child broke."""
        if self._closed:
            return closed()
        return refusals.timeout(self._options.seconds) if deadline.passed else refusals.crashed()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self.pid is not None:
            return self._process
        for _ in range(_START_ATTEMPTS):
            self._stop()
            with self._lock:
                if self._closed:
                    raise closed()
                process = self._process = _start(self._options.memory)
            if _gets_ready(process):
                return process
        raise Unavailable(f"The image decoder does not start (its process ended with code {process.wait()}).")

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for stream in (process.stdin, process.stdout):
                _close_quietly(stream)
            process.wait()


def closed() -> Unavailable:
    """The pool was closed before or while it was asked; nothing is known about the image."""
    return Unavailable("The image decoder was closed; try again when it runs.")


class _Deadline:
    """Kills the process when the block takes longer; `passed` says so."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process = process
        self._timer = threading.Timer(seconds, self._kill)
        self._timer.daemon = True
        self.passed = False

    def _kill(self) -> None:
        self.passed = True
        self._process.kill()

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()


def _start(memory: int) -> subprocess.Popen[bytes]:
    arguments = (str(os.getpid()), str(memory))
    command = module_command("recto.images.child", *arguments, options=("-W", "ignore"))
    try:
        # Its own group: Ctrl-C in a terminal is for the parent.
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)
    except OSError as error:
        raise Unavailable(f"The image decoder cannot be started: {error.strerror}.") from error


def _gets_ready(process: subprocess.Popen[bytes]) -> bool:
    assert process.stdout is not None
    try:
        with _Deadline(process, _START_SECONDS):
            wire.receive(process.stdout, 0)
    except _PIPE_ERRORS:
        process.kill()
        return False
    return True


def _ask(
    process: subprocess.Popen[bytes], item: bytes | Path, limits: Limits, request: dict[str, Any]
) -> None:
    assert process.stdin is not None
    header = {
        "is_path": isinstance(item, Path),
        "max_bytes": limits.max_bytes,
        "max_pixels": limits.max_pixels,
        **request,
    }
    wire.send(process.stdin, header, os.fsencode(item.absolute()) if isinstance(item, Path) else item)


def _reply(process: subprocess.Popen[bytes], largest: int) -> tuple[dict[str, Any], bytearray]:
    assert process.stdout is not None
    header, payload = wire.receive(process.stdout, largest)
    if "refused" in header:
        raise Refused(str(header["refused"]), str(header["sentence"]))
    return header, payload


def _raster(header: dict[str, Any], payload: bytearray) -> Raster:
    sizes = [int(header[name]) for name in RASTER_FIELDS[1:]]
    if sizes[0] * sizes[1] * 3 != len(payload):
        raise ValueError("the child sent another number of pixels than it says")
    return Raster(payload, str(header["format"]), *sizes)


def _close_quietly(stream: IO[bytes] | None) -> None:
    """Close a pipe; what is left in the buffer of a dead child's pipe cannot be written, and need not be."""
    if stream is not None:
        with contextlib.suppress(OSError):
            stream.close()
