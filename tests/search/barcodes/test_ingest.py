"""Barcodes of covers that are taken in."""

from __future__ import annotations

from tests.ingest.conftest import Shelf
from tests.search.barcodes.conftest import back, isbn_of, jpeg

from recto.records import Book, CoverState, Side


def test_a_cover_whose_barcode_contradicts_the_record_is_indexed_and_reported(shelf: Shelf) -> None:
    right = shelf.add(Book("right", isbn=isbn_of(0)), Side.BACK, jpeg(back(0, 720)))
    wrong = shelf.add(Book("wrong", isbn=isbn_of(4)), Side.BACK, jpeg(back(1, 720)))
    plain = shelf.add(Book("plain"), Side.BACK, jpeg(back(3, 720)))
    assert shelf.work() == 3
    ledger = shelf.engine.ledger
    covers = ledger.covers_by_id([right, wrong, plain])
    read = ledger.pictures([cover.sha256 for cover in covers.values()])
    assert [read[covers[id_].sha256].barcodes for id_ in (right, wrong, plain)] == [
        (isbn_of(0),), (isbn_of(1),), (isbn_of(3),)
    ]  # fmt: skip
    (conflict,) = ledger.barcode_conflicts().items
    assert (conflict.cover.cover_id, conflict.cover.state) == (wrong, CoverState.INDEXED)
    assert (conflict.barcodes, conflict.isbns) == ((isbn_of(1),), (isbn_of(4),))
    assert ledger.books_by_isbn([isbn_of(3)]) == {isbn_of(3): ("plain",)}


def test_covers_are_indexed_when_barcodes_cannot_be_read(shelf: Shelf) -> None:
    cover_id = shelf.add(Book("a", isbn=isbn_of(4)), Side.BACK, jpeg(back(0, 720)))
    shelf.engine.reader.close()
    assert shelf.work() == 1
    cover = shelf.engine.ledger.cover(cover_id)
    assert cover is not None
    assert shelf.engine.ledger.pictures([cover.sha256])[cover.sha256].barcodes == ()
