"""What a worker process holds: ledger, blobs, decode pool, models and, in the index process, the index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recto import local
from recto.blobs import Blobs, open_blobs
from recto.encoders import Encoder, load_encoder
from recto.errors import RecipeMismatch
from recto.images import MAX_SIDE, Decoded, DecodePool, encode_jpeg
from recto.index import Index, open_index
from recto.ledger import Ledger
from recto.recipe import PAYLOAD_SCHEMA, Recipe, Version
from recto.settings import Settings
from recto.views import views


@dataclass(frozen=True)
class Engine:
    """Everything that a worker needs, opened once per process. Close it with `close()`."""

    settings: Settings
    ledger: Ledger
    blobs: Blobs
    pool: DecodePool
    encoder: Encoder
    version: Version
    """The version that this process serves; it ends itself when another one becomes live."""
    opened_index: Index | None

    @classmethod
    def open(cls, settings: Settings, *, with_index: bool) -> Engine:
        """Open all parts; an empty ledger gets the encoder of the settings as its live version.

        Raises:
            RecipeMismatch: the catalogue was indexed with other weights, codebook or code than this process has.
            InUse: another process holds the index.
        """
        ledger = Ledger.open(settings)
        live = ledger.live_version()
        encoder = load_encoder(live.encoder if live else settings.encoder, settings)
        version = version_of(encoder)
        if live is None:
            ledger.set_live_version(version)
        elif live != version:
            raise RecipeMismatch(
                f"The catalogue is indexed with recipe {live.recipe_id}, this program makes {version.recipe_id} "
                f"(another network, codebook or format of features). Run `recto rebuild` to index it anew."
            )
        index = open_index(settings) if with_index else None
        if index is not None:
            index.ensure(version, encoder.card.dimension, local.LOCAL)
            index.publish(version)
        return cls(settings, ledger, open_blobs(settings), DecodePool(settings), encoder, version, index)

    def warm_up(self) -> None:
        """Start the decoding child and run the models once, so that the first search is as fast as the next."""
        blank = np.full((64, 64, 3), 255, np.uint8)
        decoded = self.pool.decode_many([encode_jpeg(blank, 64)], MAX_SIDE)[0]
        assert isinstance(decoded, Decoded)
        self.encoder.embed(views(decoded.pixels))
        local.words(local.describe(decoded.pixels, photo=True), photo=True)

    @property
    def index(self) -> Index:
        """The index; only the index process has it."""
        assert self.opened_index is not None, "this process was opened without the index"
        return self.opened_index

    @property
    def is_live(self) -> bool:
        """False once another version became live: this process must be started again."""
        return self.ledger.live_version() == self.version

    def close(self) -> None:
        """Release everything; the index last."""
        self.pool.close()
        self.ledger.close()
        if self.opened_index is not None:
            self.opened_index.close()


def version_of(encoder: Encoder) -> Version:
    """The version that covers described by this process belong to."""
    parts = {
        **{f"encoder.{name}": value for name, value in encoder.fingerprint().items()},
        **{f"local.{name}": value for name, value in local.fingerprint().items()},
        "payload": str(PAYLOAD_SCHEMA),
    }
    return Version(Recipe(encoder.card.name, parts).recipe_id, encoder.card.name)
