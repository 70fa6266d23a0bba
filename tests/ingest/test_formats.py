"""Covers and photos as phones and scanners send them, from their bytes to the answer."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from tests.images.heif_writer import FILES, coded, single
from tests.ingest.conftest import Shelf
from tests.search.test_search import ask

from recto.records import Book, CoverState, Side


def large(name: str) -> bytes:
    """The cover at a size at which it is recognised well."""
    with Image.open(FILES / name) as image:
        buffer = io.BytesIO()
        image.convert("RGB").resize((568, 800), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def test_a_photo_in_any_format_finds_the_cover(shelf: Shelf) -> None:
    shelf.add(Book("drawn"), Side.FRONT, large("cover.png"))
    shelf.add_drawn(1)
    assert shelf.work() == 3
    photos = {name: (FILES / name).read_bytes() for name in ("cover.heic", "lying.avif", "pages.tiff")}
    photos["turned.heic"] = single(coded("cover.heic"), turns=1)
    found = {name: ask(shelf, (None, data)) for name, data in photos.items()}
    assert {name: result["books"][0]["book_id"] for name, result in found.items()} == dict.fromkeys(
        photos, "drawn"
    )
    assert (found["turned.heic"]["photos"][0]["width"], found["turned.heic"]["photos"][0]["height"]) == (
        200,
        142,
    )


@pytest.mark.parametrize("name", ["cover.heic", "cover.avif", "pages.tiff"])
def test_a_cover_in_any_format_is_indexed_and_has_a_thumbnail(shelf: Shelf, name: str) -> None:
    cover_id = shelf.add(Book("drawn"), Side.FRONT, (FILES / name).read_bytes())
    assert shelf.work() == 1
    cover = shelf.engine.ledger.cover(cover_id)
    assert cover is not None
    assert cover.state is CoverState.INDEXED
    small = shelf.engine.blobs.read_thumbnail(cover.sha256)
    assert small is not None
    with Image.open(io.BytesIO(small)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("JPEG", (142, 200))
