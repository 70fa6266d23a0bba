"""Several books in one photo, and several photos that should be of one book."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from tests.ingest.conftest import HEIGHT, SEED, Shelf, jpeg
from tests.search.test_search import ask, shoot

from recto.records import Book, Side
from recto.runtime import Engine
from recto.settings import Settings
from recto_lab.synthetic import EASY, draw_book, photograph_table

ON_THE_TABLE = range(2, 8)
VOLUMES = (0, 1, 2, 6, 7, 8)


def book_id(index: int) -> str:
    return draw_book(index, seed=SEED, height=HEIGHT).book_id


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


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Two series of three volumes: the books of each share publisher and layout, on both sides."""
    engine = Engine.open(
        Settings(data_dir=tmp_path_factory.mktemp("series"), torch_threads=1), with_index=True
    )
    shelf = Shelf(engine)
    for index in VOLUMES:
        shelf.add_drawn(index)
    assert shelf.work() == 2 * len(VOLUMES)
    yield shelf
    engine.close()


@pytest.mark.parametrize("index", VOLUMES)
def test_front_and_back_of_a_volume_find_it_among_its_siblings(series: Shelf, index: int) -> None:
    front, _ = shoot(index, Side.FRONT, seed=1)
    back, _ = shoot(index, Side.BACK, seed=2)
    result = ask(series, (Side.FRONT, front), (Side.BACK, back))
    assert result["books"][0]["book_id"] == book_id(index)
    assert result["verdict"] in ("found", "ambiguous")
    assert result["contradiction"] == []


@pytest.mark.parametrize("index", VOLUMES)
def test_the_back_of_a_volume_is_never_called_another_ones_alone(series: Shelf, index: int) -> None:
    back, _ = shoot(index, Side.BACK, seed=3)
    result = ask(series, (Side.BACK, back))
    assert result["verdict"] != "found" or result["books"][0]["book_id"] == book_id(index)


def test_two_photos_are_surer_than_either(series: Shelf) -> None:
    front, back = (shoot(VOLUMES[0], side, seed=4)[0] for side in (Side.FRONT, Side.BACK))
    alone = [ask(series, (side, photo)) for side, photo in ((Side.FRONT, front), (Side.BACK, back))]
    both = ask(series, (Side.FRONT, front), (Side.BACK, back))
    wanted = book_id(VOLUMES[0])
    sure = [
        next(book["probability"] for book in each["books"] if book["book_id"] == wanted) for each in alone
    ]
    assert both["books"][0]["book_id"] == wanted
    assert both["books"][0]["probability"] >= max(sure)


def test_any_of_several_pictures_of_a_side_is_enough(shelf: Shelf) -> None:
    """A book with two front covers, of two printings."""
    book = shelf.add_drawn(7)
    other = draw_book(9, seed=SEED, height=HEIGHT)
    second = shelf.add(Book(book.book_id, book.title), Side.FRONT, jpeg(other.front))
    assert shelf.work() >= 3
    photo, _ = shoot(9, Side.FRONT, easy=True)
    best = ask(shelf, (None, photo))["books"][0]
    assert (best["book_id"], best["cover_id"]) == (book.book_id, second)
