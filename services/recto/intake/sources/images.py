"""The image of a row, from its place into the image store."""

from __future__ import annotations

from pathlib import Path

from recto.settings import Settings
from recto.storage.blobs import Blobs
from recto.storage.s3 import Place, open_bucket


def keep_image(settings: Settings, blobs: Blobs, place: Place) -> str:
    """Keep a copy of the image in the store, piece by piece, and return its sha256.

    Raises:
        Refused: there is none, it cannot be read, or it has more than `max_image_bytes`.
        Unavailable: the store that it lies in, or the one that takes it, does not answer.
    """
    if isinstance(place, Path):
        return blobs.put_file(place, settings.max_image_bytes)
    bucket = open_bucket(settings, place.bucket)
    return blobs.put_pieces(bucket.pieces(place.key, settings.max_image_bytes))
