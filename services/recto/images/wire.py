"""Messages between a process and its decoding children: a JSON header and bytes.

Never pickle: a child may be in the hands of the image that it decodes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

PIXELS, BARCODES = "pixels", "barcodes"
"""What a request may ask for, its field `task`."""
_LENGTHS = struct.Struct("!IQ")
_MAX_HEADER = 64 * 1024


def send(stream: IO[bytes], header: Mapping[str, Any], payload: bytes | bytearray = b"") -> None:
    """Write one message and flush it."""
    text = json.dumps(header).encode()
    stream.write(_LENGTHS.pack(len(text), len(payload)) + text)
    stream.write(payload)
    stream.flush()


def receive(stream: IO[bytes], max_payload: int) -> tuple[dict[str, Any], bytearray]:
    """Read one message.

    Raises:
        EOFError: the other side closed its end, or died.
        ValueError: what came is no message.
    """
    header_length, payload_length = _LENGTHS.unpack(_read_exactly(stream, _LENGTHS.size))
    if header_length > _MAX_HEADER or payload_length > max_payload:
        raise ValueError("a message is longer than it may be")
    header = json.loads(_read_exactly(stream, header_length))
    if not isinstance(header, dict):
        raise ValueError("the header of a message is not an object")
    return header, _read_exactly(stream, payload_length)


def _read_exactly(stream: IO[bytes], length: int) -> bytearray:
    buffer = bytearray(length)
    view = memoryview(buffer)
    while view:
        count = stream.readinto(view)  # type: ignore[attr-defined]  # BinaryIO lacks it, every binary file has it
        if not count:
            raise EOFError("the other side closed the pipe")
        view = view[count:]
    return buffer
