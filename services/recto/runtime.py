"""What a worker process holds: ledger, blobs, decode pool, barcode reader, models; in the index process the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from recto import features as local
from recto.calibration import Calibrations
from recto.encoders import load_encoder
from recto.encoders.registry import Lane, Lanes
from recto.errors import RectoError
from recto.images import MAX_SIDE, Decoded, DecodePool, encode_jpeg
from recto.images.barcode_reader import BarcodeReader
from recto.index import Index, open_index
from recto.index.engine_calls import timed
from recto.ledger import Ledger
from recto.records import Side
from recto.settings import Settings
from recto.storage.blobs import Blobs, open_blobs
from recto.versions import Version


@dataclass(frozen=True)
class Engine:
    """Everything that a worker needs, opened once per process. Close it with `close()`."""

    settings: Settings
    ledger: Ledger
    blobs: Blobs
    pool: DecodePool
    reader: BarcodeReader
    lanes: Lanes
    opened_index: Index | None
    calibrations: Calibrations
    owed: set[str] = field(default_factory=set)
    """Names of workers whose covers could not be given back when the ledger did not answer."""

    @classmethod
    def open(cls, settings: Settings, *, with_index: bool) -> Engine:
        """Open all parts; an empty ledger gets the encoder of the settings as its live version.

        Raises:
            RecipeMismatch: the catalogue was indexed with other weights, codebook or code than this process has.
            InUse: another process holds the index.
            BadSetting: the image store refuses what the settings say.
        """
        blobs = open_blobs(settings)
        blobs.check()
        ledger, lanes = Ledger.open(settings), Lanes(settings)
        live = ledger.live_version()
        if live is None:
            live = lanes.add(load_encoder(settings.encoder, settings)).version
            ledger.set_live_version(live)
        lane = lanes.get(live)
        index = timed(open_index(settings)) if with_index else None
        if index is not None:
            index.ensure(live, lane.encoder.card.dimension, local.LOCAL)
            index.publish(live)
        pool, reader = DecodePool(settings), BarcodeReader(settings)
        return cls(settings, ledger, blobs, pool, reader, lanes, index, Calibrations(ledger))

    def warm_up(self) -> None:
        """Start the decoding child and run the models once, so that the first search is as fast as the next."""
        blank = np.full((64, 64, 3), 255, np.uint8)
        decoded = self.pool.decode_many([encode_jpeg(blank, 64)], MAX_SIDE)[0]
        assert isinstance(decoded, Decoded)
        self.reader.start(encode_jpeg(blank, 64), turned=True).barcodes()
        self.live()
        local.words(local.describe(decoded.pixels, photo=True), photo=True)

    @property
    def index(self) -> Index:
        """The index; only the index process has it."""
        assert self.opened_index is not None, "this process was opened without the index"
        return self.opened_index

    def live(self) -> Lane:
        """The live version with its encoder, as it is at this moment.

        Raises:
            RecipeMismatch: this program makes other vectors.
            RectoError: the encoder cannot be loaded.
        """
        version = self.ledger.live_version()
        assert version is not None, "an engine is opened with a live version"
        return self.lanes.get(version)

    @property
    def version(self) -> Version:
        """The live version, as it is at this moment."""
        return self.live().version

    @property
    def is_live(self) -> bool:
        """False when this process must end and start again: it cannot serve the live version, or its device broke."""
        if self.lanes.is_broken:
            return False
        try:
            self.live()
        except RectoError as error:
            return not error.permanent
        return True

    def close(self) -> None:
        """Release everything; the index last."""
        self.pool.close()
        self.reader.close()
        self.ledger.close()
        if self.opened_index is not None:
            self.opened_index.close()


def delete_surplus(engine: Engine, version: Version, side: Side, cover_ids: Sequence[str]) -> int:
    """Delete those of the points whose covers are gone or failed; returns how many.

    Other processes write meanwhile. A cover that was entered again, and perhaps written before its point was deleted
    here, is indexed once more: that costs a little work and never a point.
    """
    unwanted = engine.ledger.unwanted(cover_ids, version.recipe_id)
    if unwanted:
        engine.index.delete_covers(version, side, unwanted)
        engine.ledger.index_again(unwanted, version.recipe_id)
    return len(unwanted)
