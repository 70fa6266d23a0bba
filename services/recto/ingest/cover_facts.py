"""What is read from the image of a cover, and what of it is kept whatever the recipe: hash, barcodes, size."""

from __future__ import annotations

from recto.errors import Refused
from recto.images import MAX_SIDE, Decoded
from recto.images.phash import phash
from recto.ledger import Picture
from recto.records import Cover
from recto.runtime import Engine
from recto.storage.blobs import Content


def read_cover(engine: Engine, original: Content) -> tuple[Decoded | Refused, tuple[str, ...]]:
    """Pixels and barcodes of a cover; scans lie straight, so barcodes are not looked for at every angle."""
    reading = engine.reader.start(original, turned=False)
    outcome = engine.pool.decode_many([original], MAX_SIDE)[0]
    return outcome, tuple(barcode.text for barcode in reading.barcodes())


def picture_of(cover: Cover, decoded: Decoded, barcodes: tuple[str, ...]) -> Picture:
    """The facts of an image."""
    return Picture(cover.sha256, phash(decoded.pixels), barcodes, decoded.full_width, decoded.full_height)
