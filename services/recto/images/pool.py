"""Decoding in child processes that can be killed: a hostile or broken image harms itself alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from recto.errors import Refused
from recto.images.barcodes import Barcode
from recto.images.decode import Decoded, Limits
from recto.images.decoder import Decoder, DecoderOptions, closed

if TYPE_CHECKING:
    from recto.settings import Settings


class DecodePool:
    """Decodes in `processes` children with a memory limit and a deadline per image; safe to share by threads.

    The children start with the first image and end with `close()`, or with this process, however it ends.
    """

    def __init__(self, settings: Settings, processes: int = 1) -> None:
        options = DecoderOptions(Limits.of(settings), settings.decode_seconds, settings.decode_memory)
        self._decoders = [Decoder(options) for _ in range(processes)]
        unowned: SimpleQueue[Decoder] = SimpleQueue()
        for decoder in self._decoders:
            unowned.put(decoder)
        self._own = threading.local()
        # One thread per child: a child dies with the thread that started it, so that must not be a caller's.
        self._threads = ThreadPoolExecutor(
            processes, "decode", lambda: setattr(self._own, "decoder", unowned.get_nowait())
        )

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of the children that run at present."""
        return [pid for decoder in self._decoders if (pid := decoder.pid) is not None]

    def decode_many(self, items: Sequence[bytes | Path], max_side: int) -> list[Decoded | Refused]:
        """Decode bytes, or files that the child reads itself; order is kept, a refusal stands in its place.

        Raises:
            Unavailable: the children cannot be started, or the pool was closed meanwhile.
        """
        try:
            outcomes = self._threads.map(lambda item: self._decode(item, max_side), items)
        except RuntimeError:  # what a ThreadPoolExecutor says once it is shut down
            raise closed() from None
        try:
            return list(outcomes)
        except CancelledError:
            raise closed() from None

    def start_barcodes(self, item: bytes | Path, *, turned: bool) -> Future[list[Barcode] | Refused]:
        """Begin to read the barcodes of an image, in its turn, and go on with other things meanwhile.

        `turned`: at any angle, as photos need. The future is cancelled, or raises `Unavailable`, when the pool closes.

        Raises:
            Unavailable: the pool was closed.
        """
        try:
            return self._threads.submit(self._read_barcodes, item, turned)
        except RuntimeError:
            raise closed() from None

    def close(self) -> None:
        """Kill the children; calls that still wait get `Unavailable`."""
        for decoder in self._decoders:
            decoder.close()
        self._threads.shutdown(cancel_futures=True)
        for decoder in self._decoders:
            decoder.release()

    def _decode(self, item: bytes | Path, max_side: int) -> Decoded | Refused:
        decoder: Decoder = self._own.decoder
        try:
            return decoder.decode(item, max_side).decoded()
        except Refused as refused:
            return refused

    def _read_barcodes(self, item: bytes | Path, turned: bool) -> list[Barcode] | Refused:
        decoder: Decoder = self._own.decoder
        try:
            return decoder.read_barcodes(item, turned=turned)
        except Refused as refused:
            return refused
