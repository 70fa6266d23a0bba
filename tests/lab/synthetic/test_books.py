from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recto_lab.synthetic import DrawnBook, draw_book, draw_covers, draw_shelf, fonts, siblings

BOOKS = 300


def thumbnail(cover: Image.Image, size: tuple[int, int] = (24, 36)) -> NDArray[np.float64]:
    return np.asarray(cover.resize(size, Image.Resampling.BOX), np.float64).ravel()


def likeness(first: Image.Image, second: Image.Image) -> float:
    return float(np.corrcoef(thumbnail(first), thumbnail(second))[0, 1])


@pytest.fixture(scope="module")
def fronts() -> list[Image.Image]:
    return [draw_covers(index, seed=5, height=160, side="front") for index in range(BOOKS)]


def volumes(seed: int, count: int) -> list[tuple[int, ...]]:
    """The first `count` series of a seed, each as the indices of its volumes."""
    found = [(index, *siblings(index, seed)) for index in range(0, 400, 3) if siblings(index, seed)]
    assert len(found) >= count
    return found[:count]


@pytest.mark.parametrize("index", [0, 7, 123_456, 10_000_000])
def test_the_same_index_and_seed_give_the_same_bytes(index: int) -> None:
    first, again = draw_book(index, seed=3, height=240), draw_book(index, seed=3, height=240)
    assert first.front.tobytes() == again.front.tobytes()
    assert first.back.tobytes() == again.back.tobytes()
    assert (first.title, first.authors, first.isbn) == (again.title, again.authors, again.isbn)


def test_another_seed_gives_another_book() -> None:
    first, other = draw_book(4, seed=0, height=160), draw_book(4, seed=1, height=160)
    assert first.front.tobytes() != other.front.tobytes()
    assert first.isbn != other.isbn


@pytest.mark.parametrize("side", ["front", "back"])
def test_a_side_drawn_alone_is_that_of_the_book(side: str) -> None:
    book = draw_book(11, seed=2, height=240)
    assert draw_covers(11, seed=2, height=240, side=side).tobytes() == getattr(book, side).tobytes()


def test_a_shelf_holds_the_books_of_the_first_indices() -> None:
    shelf = list(draw_shelf(3, seed=9, height=120))
    assert [book.isbn for book in shelf] == [draw_book(index, seed=9, height=120).isbn for index in range(3)]


def test_covers_are_as_high_as_asked_and_shaped_like_books(fronts: list[Image.Image]) -> None:
    assert {front.height for front in fronts} == {160}
    ratios = [front.width / front.height for front in fronts]
    assert min(ratios) > 0.55
    assert max(ratios) < 1.3
    assert float(np.median(ratios)) < 0.8


def test_the_picture_is_the_same_at_any_resolution() -> None:
    likenesses = [
        likeness(draw_covers(index, seed=6, height=240), draw_covers(index, seed=6, height=480))
        for index in range(40)
    ]
    # Fine engravings and halftones change with the pixels; whatever is larger must not.
    assert float(np.median(likenesses)) > 0.97
    assert min(likenesses) > 0.4


def test_hundreds_of_books_look_different(fronts: list[Image.Image]) -> None:
    looks = np.stack([thumbnail(front) for front in fronts])
    distances = np.sqrt(((looks[:, None] - looks[None]) ** 2).mean(axis=-1))
    pairs = distances[np.triu_indices(BOOKS, 1)]
    # Root mean square difference in grey levels; two sheets of random plain greys differ by 100 on average.
    assert float(np.median(pairs)) > 60
    # Series and house styles may look alike, nothing else: fewer than two neighbours a book on average.
    assert int((pairs < 20).sum()) < 2 * BOOKS


def test_half_of_the_fronts_are_rich_in_texture(fronts: list[Image.Image]) -> None:
    grey = [np.asarray(front.convert("L"), np.float64) for front in fronts]
    contrast = [float(np.abs(np.diff(plane, axis=0)).mean()) for plane in grey]
    assert float(np.median(contrast)) > 5


def test_volumes_of_a_series_look_alike_but_differ() -> None:
    alike = []
    for series in volumes(seed=1, count=20):
        first, second = (draw_covers(index, seed=1, height=240) for index in series[:2])
        assert first.size == second.size
        assert first.tobytes() != second.tobytes()
        alike.append(likeness(first, second))
    strangers = [
        likeness(draw_covers(index, seed=1, height=240), draw_covers(index + 100, seed=1, height=240))
        for index in range(20)
    ]
    assert float(np.median(alike)) > 0.6
    assert float(np.median(strangers)) < 0.3


def test_volumes_of_a_series_share_series_author_and_publisher_but_not_the_isbn() -> None:
    for series in volumes(seed=1, count=5):
        books: list[DrawnBook] = [draw_book(index, seed=1, height=64) for index in series]
        assert books[0].series
        assert len({(book.series, book.authors, book.publisher, book.language) for book in books}) == 1
        assert len({book.isbn for book in books}) == 3


def test_siblings_know_each_other_and_single_books_have_none() -> None:
    for series in volumes(seed=1, count=5):
        for index in series:
            assert {index, *siblings(index, 1)} == set(series)
    singles = [index for index in range(60) if not siblings(index, 1)]
    assert singles
    assert all(draw_book(index, seed=1, height=64).series == "" for index in singles[:5])


def test_a_missing_font_package_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = fonts.Family("font_absent", "A.ttf", "A.ttf", "A.ttf", "A.ttf", "sans")
    monkeypatch.setitem(fonts.FAMILIES, "absent", absent)
    with pytest.raises(fonts.FontMissingError, match="pip install font-absent"):
        fonts.Face("absent").at(12)
