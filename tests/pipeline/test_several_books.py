"""Several books in one photo, and several photos that should be of one book."""

from __future__ import annotations

import numpy as np
import pytest
from tests.pipeline.conftest import HEIGHT, SEED, Shelf, jpeg
from tests.pipeline.test_search import ask, shoot

from recto.records import Side
from recto.shelf import EASY, draw_book, photograph_table

ON_THE_TABLE = range(2, 8)


def test_a_table_of_six_books_gives_six_answers(stocked: Shelf) -> None:
    books = [draw_book(index, seed=SEED, height=HEIGHT) for index in ON_THE_TABLE]
    photo = photograph_table(
        [book.front for book in books], np.random.default_rng(3), options=EASY, size=(1600, 1200)
    )
    result = ask(stocked, (None, jpeg(photo.image)))
    answered = {answer["books"][0]: answer["outline"] for answer in result["answers"]}
    assert set(answered) == {book.book_id for book in books}
    for book, truth in zip(books, photo.outlines, strict=True):
        assert np.abs(np.array(answered[book.book_id]) - truth).max() < 40  # of a photo 1600 pixels wide


@pytest.mark.parametrize("shown", [Side.FRONT, None])
def test_a_front_with_the_back_of_another_book_is_told(stocked: Shelf, shown: Side | None) -> None:
    front, _ = shoot(7, Side.FRONT, easy=True)
    back, _ = shoot(5, Side.BACK, easy=True)
    result = ask(stocked, (shown, front), (Side.BACK if shown else None, back))
    assert result["verdict"] == "ambiguous"
    ids = [draw_book(index, seed=SEED, height=HEIGHT).book_id for index in (7, 5)]
    assert result["contradiction"] == [{"photo": photo, "book_id": id_} for photo, id_ in enumerate(ids)]


def test_both_sides_of_a_book_contradict_nothing(stocked: Shelf) -> None:
    front, _ = shoot(7, Side.FRONT, easy=True)
    back, _ = shoot(7, Side.BACK, easy=True)
    assert ask(stocked, (None, front), (None, back))["contradiction"] == []
