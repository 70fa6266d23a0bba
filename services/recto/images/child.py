"""The decoding child process: `python -m recto.images.child PARENT_PID MEMORY_BYTES`, requests on stdin."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import IO, Any

from recto.errors import Refused
from recto.files import open_plain
from recto.images import barcodes, refusals, wire
from recto.images.decode import RASTER_FIELDS, Limits, decode_raster

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Answer requests until the parent closes the pipe."""
    parent, memory = int(arguments[0]), int(arguments[1])
    _die_with(parent)
    _set_limits(memory)
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    _protect_pipe()
    wire.send(replies, {"ready": True})
    while True:
        try:
            request, payload = wire.receive(requests, sys.maxsize)
        except EOFError:
            return 0
        _answer(replies, request, payload)


def _answer(replies: IO[bytes], request: dict[str, Any], payload: bytearray) -> None:
    try:
        header, pixels = _carry_out(request, bytes(payload))
    except Refused as refused:
        header, pixels = {"refused": refused.reason, "sentence": str(refused)}, bytearray()
    wire.send(replies, header, pixels)


def _carry_out(request: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytearray]:
    """The reply to a request: header and pixels, of which barcodes have none."""
    limits = Limits(request["max_bytes"], request["max_pixels"])
    try:
        data = _read_file(Path(os.fsdecode(payload)), limits) if request["is_path"] else payload
        if request["task"] == wire.BARCODES:
            return {"barcodes": barcodes.read(data, limits, turned=request["turned"])}, bytearray()
        raster = decode_raster(data, limits, request["max_side"])
    except MemoryError:
        raise refusals.memory() from None
    return {name: getattr(raster, name) for name in RASTER_FIELDS}, raster.data


def _read_file(path: Path, limits: Limits) -> bytes:
    with open_plain(path, limits.max_bytes) as file:
        return file.read(limits.max_bytes + 1)


def _die_with(parent: int) -> None:
    """Be killed when the parent dies, however it dies; leave Ctrl-C and a stop of the whole service to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        os._exit(0)


def _set_limits(memory: int) -> None:
    """Bound the address space; write no files and no core dumps."""
    for limit, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(limit)[1]
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (ceiling, ceiling))


def _protect_pipe() -> None:
    """Nothing that a library prints gets between the messages or into the log; only Python's tracebacks do."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
