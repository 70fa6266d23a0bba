from __future__ import annotations

import numpy as np
import pytest
import zxingcpp

from recto.isbn import check_digit
from recto_lab.synthetic import draw_book
from recto_lab.synthetic.isbn import isbn_of
from recto_lab.synthetic.marks import ean13_modules


@pytest.mark.parametrize(
    ("first_twelve", "digit"), [("978030640615", "7"), ("400638133393", "1"), ("978316148410", "0")]
)
def test_the_check_digit_is_that_of_known_numbers(first_twelve: str, digit: str) -> None:
    assert check_digit(first_twelve) == digit


def test_the_modules_are_those_of_the_standard() -> None:
    # 4006381333931: the example that GS1 and most textbooks use.
    expected = (
        "10100011010100111010111101111010001001011001101010100001010000101000010111010010000101100110101"
    )
    assert ean13_modules("4006381333931") == expected


def test_a_hundred_thousand_books_have_different_valid_isbns() -> None:
    languages = ("en", "de", "fr", "it", "es", "pt", "ru")
    numbers = [isbn_of(index, 0, languages[index % 7]) for index in range(100_000)]
    assert len(set(numbers)) == len(numbers)
    assert all(len(number) == 13 and number[-1] == check_digit(number[:-1]) for number in numbers)
    assert {number[:3] for number in numbers} == {"978"}


def test_a_barcode_reader_reads_the_isbn_from_the_back() -> None:
    read = []
    for index in range(30):
        book = draw_book(index, seed=8)
        found = zxingcpp.read_barcodes(np.asarray(book.back))
        read.append([code.text for code in found] == [book.isbn])
    assert all(read)


def test_the_book_id_is_the_isbn() -> None:
    book = draw_book(17, height=64)
    assert book.book_id == book.isbn
