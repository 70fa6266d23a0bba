"""From a photo of a search and a cover of its answer to evidence in the ledger: decode, compare, draw, store."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from recto.comparison.photo_cover.compare import Comparison, compare
from recto.comparison.photo_cover.document import document
from recto.comparison.photo_cover.pictures import pictures
from recto.errors import NotFound, RectoError, Refused
from recto.images import MAX_SIDE, Decoded
from recto.ledger import SearchRow
from recto.records import Cover
from recto.runtime import Engine
from recto.storage.blobs import Content
from recto.vectors import Floats

_log = logging.getLogger(__name__)
_NO_COVER = "The cover was deleted from the catalogue meanwhile, so there is nothing to compare with."
_NO_PHOTO = "The photo was cleared away; search with it again, then compare."


def run_evidence(engine: Engine, search_id: str, photo: int, cover_id: str) -> None:
    """Make the evidence that somebody waits for and write it into the ledger, or the sentence why there is none."""
    row = engine.ledger.evidence(search_id, photo, cover_id)
    search = engine.ledger.search(search_id)
    if row is None or row.state != "pending" or search is None or search.result is None:
        return
    key = (search_id, photo, cover_id)
    try:
        result, files = make_evidence(engine, search, photo, cover_id)
        result["pictures"] = {name: engine.blobs.put_incoming(data) for name, data in files.items()}
        if not engine.ledger.finish_evidence(*key, result):
            for name in result["pictures"].values():
                engine.blobs.delete_incoming(name)
        _log.info("The evidence is made: %s", result["sentence"])
    except NotFound as error:
        engine.ledger.fail_evidence(*key, str(error), state="gone")
    except RectoError as error:
        engine.ledger.fail_evidence(*key, str(error), state="failed" if error.permanent else "expired")
    except Exception:  # whoever waits for it is told; the worker's log gets the rest
        engine.ledger.fail_evidence(*key, "The comparison failed inside Recto; its log says why.")
        raise


def make_evidence(
    engine: Engine, search: SearchRow, number: int, cover_id: str
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Compare a photo of a search with a cover: the result as plain data, and its pictures by name.

    Raises:
        NotFound: the photo was cleared away, or the cover was deleted.
        Refused: one of them cannot be decoded.
    """
    start = time.perf_counter()
    assert search.result is not None
    shown = search.result["photos"][number]
    cover = engine.ledger.cover(cover_id)
    if cover is None:
        raise NotFound(_NO_COVER)
    photo, original = _decode(engine, [_photo(engine, search, number), _original(engine, cover)])
    decoded = time.perf_counter()
    outline = _outline(search.result, number, cover_id, photo)
    found: Comparison | None = compare(photo.pixels, original.pixels, outline)
    compared = time.perf_counter()
    files = pictures(photo.pixels, original.pixels, found)
    times = {"decode": decoded - start, "compare": compared - decoded, "draw": time.perf_counter() - compared}
    result = document(found, photo, original, (int(shown["width"]), int(shown["height"])))
    return result | {"timings_ms": {name: round(value * 1000, 1) for name, value in times.items()}}, files


def _photo(engine: Engine, search: SearchRow, number: int) -> Content:
    """The upload, so that the same points are found as in the search; else the copy that pages show."""
    assert search.result is not None
    names = [search.photos[number].name] if number < len(search.photos) else []
    for name in [*names, search.result["photos"][number]["name"]]:
        try:
            return engine.blobs.incoming(name)
        except NotFound:
            continue
    raise NotFound(_NO_PHOTO)


def _original(engine: Engine, cover: Cover) -> Content:
    """The original of the cover, else its thumbnail."""
    try:
        return engine.blobs.source(cover.sha256)
    except NotFound:
        thumbnail = engine.blobs.read_thumbnail(cover.sha256)
        if thumbnail is None:
            raise NotFound(_NO_COVER) from None
        return thumbnail


def _decode(engine: Engine, contents: list[Content]) -> list[Decoded]:
    decoded = []
    for outcome in engine.pool.decode_many(contents, MAX_SIDE):
        if isinstance(outcome, Refused):
            raise outcome
        decoded.append(outcome)
    return decoded


def _outline(result: Mapping[str, Any], number: int, cover_id: str, photo: Decoded) -> Floats | None:
    """Where the search saw the cover, in pixels of the decoded photo."""
    for book in result["books"]:
        if book["cover_id"] == cover_id and book["photo"] == number and book["outline"]:
            scale = photo.pixels.shape[1] / photo.full_width
            return np.asarray(book["outline"], np.float32) * np.float32(scale)
    return None
