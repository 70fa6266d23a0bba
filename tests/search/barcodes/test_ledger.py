"""Numbers of books in the ledger."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from tests.ledger.conftest import empty_file as empty_file
from tests.ledger.conftest import ledger as ledger
from tests.ledger.conftest import settings as settings

from recto.ledger import Ledger, Picture, url_of
from recto.ledger.database import Database
from recto.ledger.upgrade import UPGRADES, prepare
from recto.records import Book, Side
from recto.settings import Settings

ISBN, TEN = "9783161484100", "3-16-148410-X"
OTHER = "9780306406157"
MUSIC = "9790230671187"


def put(ledger: Ledger, book: Book, sha256: str, *barcodes: str) -> str:
    ledger.put_book(book)
    cover, _ = ledger.add_cover(book.book_id, Side.BACK, sha256)
    ledger.put_pictures([Picture(sha256, "0" * 16, barcodes, 100, 150)])
    return cover.cover_id


@pytest.mark.parametrize("isbn", [ISBN, TEN, "978-3-16-148410-0", " 316148410x"])
def test_a_book_is_found_by_every_form_of_its_isbn(ledger: Ledger, isbn: str) -> None:
    ledger.put_book(Book("a", isbn=isbn))
    assert ledger.books_by_isbn([ISBN, TEN, OTHER, "x"]) == {ISBN: ("a",), TEN: ("a",)}


def test_a_book_is_found_by_an_id_that_is_its_number(ledger: Ledger) -> None:
    for book_id in (TEN, ISBN, "4006381333931"):
        ledger.put_book(Book(book_id))
    assert ledger.books_by_isbn([ISBN]) == {ISBN: (TEN, ISBN)}
    assert ledger.books_by_isbn(["4006381333931"]) == {"4006381333931": ("4006381333931",)}


def test_a_changed_isbn_is_looked_up_without_describing_the_covers_again(ledger: Ledger) -> None:
    put(ledger, Book("a", isbn=ISBN, year=1990), "a" * 64)
    ids = [cover.cover_id for cover in ledger.claim("worker", 9, 60)]
    ledger.stage(ids, "staged")
    ledger.mark_indexed(ids, "recipe")
    ledger.put_book(Book("a", isbn=OTHER, year=1990))
    assert ledger.books_by_isbn([ISBN, OTHER]) == {OTHER: ("a",)}
    assert ledger.claim("worker", 9, 60) == []
    ledger.delete_book("a")
    assert ledger.books_by_isbn([OTHER]) == {}


def test_barcodes_of_covers_count_where_the_record_names_no_number(ledger: Ledger) -> None:
    put(ledger, Book("a"), "a" * 64, ISBN)
    put(ledger, Book("b", isbn=OTHER), "b" * 64, ISBN)
    assert ledger.books_by_isbn([ISBN]) == {ISBN: ("a",)}
    ledger.put_pictures([Picture("a" * 64, "0" * 16, (), 100, 150)])
    assert ledger.books_by_isbn([ISBN]) == {}


def test_a_cover_with_the_barcode_of_another_book_is_in_conflict(ledger: Ledger) -> None:
    put(ledger, Book("fits", isbn=TEN), "a" * 64, ISBN)
    put(ledger, Book("two", isbn=ISBN), "b" * 64, OTHER, ISBN)
    put(ledger, Book("silent", isbn=ISBN), "c" * 64)
    put(ledger, Book("no-isbn"), "d" * 64, OTHER)
    put(ledger, Book("music", isbn=ISBN), "f" * 64, MUSIC, "4006381333931")
    wrong = put(ledger, Book("wrong", isbn=ISBN), "e" * 64, OTHER)
    (conflict,) = ledger.barcode_conflicts().items
    assert (conflict.cover.cover_id, conflict.barcodes, conflict.isbns) == (wrong, (OTHER,), (ISBN,))
    assert ledger.barcode_conflicts(book_id="wrong").total == 1
    assert ledger.barcode_conflicts(book_id="fits").total == 0
    ledger.put_book(Book("wrong", isbn=OTHER))  # the record was wrong
    assert ledger.barcode_conflicts().total == 0


def test_what_is_known_of_an_image_goes_with_its_barcodes(ledger: Ledger, settings: Settings) -> None:
    put(ledger, Book("a"), "a" * 64, ISBN)
    ledger.delete_book("a")
    ledger.purge_deleted("a")
    database = _open(settings)
    with database.read() as connection:
        assert connection.execute(text("select count(*) from picture_barcode")).scalar_one() == 0
    database.close()


def test_books_of_an_older_ledger_are_found_by_their_isbn_after_the_upgrade(settings: Settings) -> None:
    opened = Ledger.open(settings)
    for book in (Book("a", isbn=TEN), Book(OTHER), Book("c", isbn="none")):
        opened.put_book(book)
    opened.close()
    database = _open(settings)
    with database.write() as connection:  # as format 2 left it
        for table in (
            "picture_barcode",
            "picture",
            "duplicate",
            "decision",
            "calibration",
            "evidence",
            "job_change",
        ):
            connection.execute(text(f"drop table {table}"))
        connection.execute(text("drop index cover_to_compare"))
        connection.execute(text("alter table cover drop column compared"))
        connection.execute(text("delete from book_term where kind = 'isbn'"))
        connection.execute(text("update meta set value = '2' where key = 'format'"))
    prepare(database, 3, UPGRADES)
    database.close()
    opened = Ledger.open(settings)
    assert opened.books_by_isbn([ISBN, OTHER]) == {ISBN: ("a",), OTHER: (OTHER,)}
    put(opened, Book("d"), "a" * 64, "9790060115615")
    assert opened.books_by_isbn(["9790060115615"]) == {"9790060115615": ("d",)}
    opened.close()


def _open(settings: Settings) -> Database:
    return Database(url_of(settings))
