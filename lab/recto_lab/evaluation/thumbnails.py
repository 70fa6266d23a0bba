"""Small copies of the covers and photos that a report shows."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recto.errors import Refused
from recto.files import open_plain
from recto.images import Limits, decode, encode_jpeg
from recto.intake.labelled.sets import LabelledSet
from recto.settings import Settings

COVER_SIDE = 132
PHOTO_SIDE = 200
"""Longest sides in pixels; a report of 1,500 covers and 275 photos then has about 8 MB of them."""


@dataclass(frozen=True)
class Thumbnails:
    """Addresses (`data:image/jpeg;base64,...`) of covers by book and of photos by photo; "" where none can be made."""

    covers: Mapping[str, str]
    photos: Mapping[str, str]


def thumbnails(labelled: LabelledSet, document: Mapping[str, Any]) -> Thumbnails:
    """Of every photo of the set, and of one cover of each book that a ranking of the document or a truth names."""
    named: set[str] = set()
    for method in document["methods"].values():
        for photo in method["photos"]:
            answers = (photo, photo["left_out"] or {"hits": []})
            named.update(hit["book_id"] for answer in answers for hit in answer["hits"])
            named.update(photo["truths"])
    first = {reference.book_id: reference.path for reference in reversed(labelled.references)}
    covers = {book: _thumbnail(first[book], COVER_SIDE) for book in sorted(named)}
    return Thumbnails(
        covers, {photo.photo_id: _thumbnail(photo.path, PHOTO_SIDE) for photo in labelled.photos}
    )


def _thumbnail(path: Path, side: int) -> str:
    limits = Limits.of(Settings())
    try:
        with open_plain(path, limits.max_bytes) as file:
            pixels = decode(file.read(), limits, side).pixels
    except Refused:
        return ""
    return f"data:image/jpeg;base64,{b64encode(encode_jpeg(pixels, side)).decode()}"
