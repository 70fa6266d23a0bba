"""A dry run: every image is read and decoded as it would be, and nothing is kept but the report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from recto.errors import Refused
from recto.files import open_plain
from recto.intake.manifest import BadRow, ManifestRow
from recto.intake.sources import keep_image
from recto.ledger import Entry, EntryItem
from recto.records import Side
from recto.settings import Settings

if TYPE_CHECKING:
    from recto.images.decoder import Decoder
    from recto.storage.blobs import Blobs
    from recto.storage.s3 import Place

DECODED_SIDE = 64
"""Longest side, in pixels, to which a dry run reduces pictures: it decodes them only to see whether that works."""


class DryRun:
    """Checks rows. The decoding child starts with the first image; use it from one thread, and close it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._decoder: Decoder | None = None

    def entries_of(self, rows: Sequence[ManifestRow | BadRow]) -> list[Entry]:
        """What rows say, as `recto.intake.take_in.entries_of` gives it, with what decoding would refuse."""
        return [self._entry(row) for row in rows]

    def item(self, side: Side, place: Place) -> EntryItem:
        """One image."""
        taken = _Taken()
        try:
            sha256 = keep_image(self._settings, cast("Blobs", taken), place)
        except Refused as refused:
            return EntryItem(side, str(place), "", "read", str(refused))
        try:
            self._open_decoder().decode(taken.data, DECODED_SIDE)
        except Refused as refused:
            return EntryItem(side, str(place), "", "decode", str(refused))
        return EntryItem(side, str(place), sha256)

    def close(self) -> None:
        """End the decoding child."""
        if self._decoder is not None:
            self._decoder.close()
            self._decoder.release()

    def _entry(self, row: ManifestRow | BadRow) -> Entry:
        if isinstance(row, BadRow):
            return Entry(None, (EntryItem(None, f"line {row.line}", "", "manifest", row.reason),))
        fronts = [self.item(Side.FRONT, place) for place in row.fronts]
        backs = [self.item(Side.BACK, place) for place in row.backs]
        return Entry(row.book, (*fronts, *backs), row.clear)

    def _open_decoder(self) -> Decoder:
        if self._decoder is None:
            from recto.images.decode import Limits  # Pillow is loaded by those who need it
            from recto.images.decoder import Decoder, DecoderOptions

            settings = self._settings
            options = DecoderOptions(Limits.of(settings), settings.decode_seconds, settings.decode_memory)
            self._decoder = Decoder(options)
        return self._decoder


class _Taken:
    """Stands in for the image store: takes one image and keeps it in memory."""

    data = b""

    def put_file(self, path: Path, max_bytes: int | None = None) -> str:
        """Read a file."""
        with open_plain(path, max_bytes) as file:
            return self.put_pieces([file.read()])

    def put_pieces(self, pieces: Iterable[bytes]) -> str:
        """Join the pieces."""
        self.data = b"".join(pieces)
        return hashlib.sha256(self.data).hexdigest()
