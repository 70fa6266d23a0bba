"""Searches in which a barcode has a say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.ingest.conftest import Shelf
from tests.search.barcodes.conftest import back, isbn_of, jpeg, label, on_table
from tests.search.test_search import ask

from recto.records import Book, Side, Where
from recto.runtime import Engine
from recto.settings import Settings
from recto_lab.synthetic import draw_covers
from recto_lab.synthetic.marks import barcode

UNKNOWN = "9783161484100"


def front(index: int, height: int = 900) -> Image.Image:
    return draw_covers(index, seed=21, height=height, side="front")


def with_label(cover: Image.Image, number: str) -> Image.Image:
    """A cover with a label over its own barcode, or where one might be."""
    labelled = cover.copy()
    piece = barcode(number, 351, 150)
    labelled.paste(piece, (cover.width - piece.width - 10, cover.height - piece.height - 10))
    return labelled


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Books 0 to 3; the records say of book 0 its ISBN-13, of 1 an ISBN-10, of 2 nothing. 4 has a record alone."""
    engine = Engine.open(
        Settings(data_dir=tmp_path_factory.mktemp("barcodes"), torch_threads=1), with_index=True
    )
    shelf = Shelf(engine)
    ten = isbn_of(1)[3:12]
    check = -sum(int(digit) * (10 - place) for place, digit in enumerate(ten)) % 11
    isbns = [isbn_of(0), f"{ten}{'X' if check == 10 else check}", "", isbn_of(3)]
    for index, isbn in enumerate(isbns):
        book = Book(f"book-{index}", f"Title {index}", isbn=isbn, year=1990 + index)
        shelf.add(book, Side.FRONT, jpeg(front(index, 600)))
        if index in (2, 3):
            shelf.add(book, Side.BACK, jpeg(back(index, 720)))
    engine.ledger.put_book(Book(isbn_of(4), "A record alone"))
    assert shelf.work() == 6
    yield shelf
    engine.close()


def photo(index: int, degrees: float = 5) -> bytes:
    return jpeg(on_table(back(index), degrees))


def only(result: dict[str, Any]) -> dict[str, Any]:
    (entry,) = result["barcodes"]
    assert isinstance(entry, dict)
    return entry


@pytest.mark.parametrize("index", [0, 1])
def test_a_book_without_a_back_in_the_catalogue_is_found_by_its_barcode(stocked: Shelf, index: int) -> None:
    result = ask(stocked, (None, photo(index)))
    best, entry = result["books"][0], only(result)
    assert result["verdict"] == "found"
    assert (best["book_id"], best["barcode"], best["inliers"]) == (f"book-{index}", True, 0)
    assert 0.95 < best["probability"] < 0.995
    assert best["outline"] == entry["outline"]
    assert entry["text"] == entry["isbn"] == isbn_of(index)
    assert (entry["books"], entry["agrees"], entry["photo"]) == ([f"book-{index}"], None, 0)
    assert result["answers"][0]["books"] == [f"book-{index}"]


def test_a_book_with_a_record_alone_is_found_by_its_id(stocked: Shelf) -> None:
    result = ask(stocked, (None, photo(4)))
    assert (result["verdict"], result["books"][0]["book_id"]) == ("found", isbn_of(4))
    assert result["books"][0]["cover_id"] == ""


def test_cover_and_barcode_that_agree_add_up(stocked: Shelf) -> None:
    result = ask(stocked, (None, photo(3)))
    best = result["books"][0]
    assert (best["book_id"], best["barcode"], best["side"]) == ("book-3", True, "back")
    assert best["inliers"] > 20
    assert best["probability"] > 0.995
    assert np.ptp(np.array(best["outline"])[:, 1]) > 700, "the outline is that of the cover"
    assert only(result)["agrees"] is True


def test_the_barcode_of_a_stored_cover_counts_where_the_record_has_no_isbn(stocked: Shelf) -> None:
    entry = only(ask(stocked, (None, jpeg(label(isbn_of(2))))))
    assert entry["books"] == ["book-2"]


def test_a_barcode_of_another_book_than_the_cover_is_told(stocked: Shelf) -> None:
    result = ask(stocked, (None, jpeg(on_table(with_label(back(3), isbn_of(0))))))
    assert result["verdict"] == "found"
    assert [book["book_id"] for book in result["books"][:2]] == ["book-3", "book-0"]
    assert (only(result)["books"], only(result)["agrees"]) == (["book-0"], False)


def test_a_barcode_beside_the_book_contradicts_nothing(stocked: Shelf) -> None:
    scene = on_table(front(3), size=(1600, 1200))
    scene.paste(barcode(isbn_of(0), 351, 150), (10, 10))
    assert only(ask(stocked, (None, jpeg(scene))))["agrees"] is None


def test_the_barcode_of_the_other_photo_is_that_of_the_same_book(stocked: Shelf) -> None:
    result = ask(stocked, (Side.FRONT, jpeg(on_table(front(0)))), (Side.BACK, photo(0)))
    best = result["books"][0]
    assert (best["book_id"], best["barcode"], best["photo"]) == ("book-0", True, 0)
    assert (only(result)["photo"], only(result)["agrees"]) == (1, True)
    result = ask(stocked, (Side.FRONT, jpeg(on_table(front(3)))), (Side.BACK, photo(0)))
    assert only(result)["agrees"] is False


def test_an_isbn_that_no_book_has_is_told(stocked: Shelf) -> None:
    result = ask(stocked, (None, jpeg(label(UNKNOWN))))
    assert result["verdict"] == "not_found"
    entry = only(result)
    assert (entry["isbn"], entry["books"], entry["agrees"]) == (UNKNOWN, [], None)


def test_an_unknown_isbn_on_a_cover_whose_record_has_another_contradicts(stocked: Shelf) -> None:
    result = ask(stocked, (None, jpeg(on_table(with_label(back(3), UNKNOWN)))))
    assert result["books"][0]["book_id"] == "book-3"
    assert (only(result)["books"], only(result)["agrees"]) == ([], False)


def test_a_number_that_is_no_isbn_is_reported_without_one(stocked: Shelf) -> None:
    entry = only(ask(stocked, (None, jpeg(label("4006381333931")))))
    assert (entry["text"], entry["isbn"]) == ("4006381333931", "")


@pytest.mark.parametrize(
    "where", [Where(year_from=1991), Where(tag="sea"), Where(publisher="P"), Where(language="de")]
)
def test_a_filter_holds_for_barcodes_too(stocked: Shelf, where: Where) -> None:
    result = ask(stocked, (None, photo(0)), where=where)
    assert "book-0" not in [book["book_id"] for book in result["books"]]
    assert only(result)["books"] == ["book-0"]  # it is known, and left out


def test_a_book_that_is_left_out_has_no_barcode_either(stocked: Shelf) -> None:
    result = ask(stocked, (None, photo(0)), where=Where(without=("book-0",)))
    assert result["verdict"] == "not_found"
    assert only(result)["books"] == []


def test_a_search_goes_on_without_its_reader(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.add(Book("book-3", isbn=isbn_of(3)), Side.BACK, jpeg(back(3, 720)))
    shelf.work()
    shelf.engine.reader.close()
    result = ask(shelf, (None, photo(3)))
    assert (result["verdict"], result["barcodes"]) == ("found", [])
    assert result["books"][0]["barcode"] is False
