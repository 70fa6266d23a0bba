from __future__ import annotations

import numpy as np
import pytest

from recto.records import Side, Verdict
from recto.search.rank import FOUND, Evidence, probability, rank, regions


def seen(
    book: str,
    inliers: int,
    *,
    side: Side = Side.FRONT,
    photo: int = 0,
    at: float = 0.0,
    embedding: float = 0.0,
    local: float = 0.0,
) -> Evidence:
    """Evidence for a book whose outline is a square of 100 pixels that begins at x = `at`."""
    outline = np.array([[at, 0], [at + 100, 0], [at + 100, 100], [at, 100]], np.float32) if inliers else None
    return Evidence(f"{book}-{side}", book, side, photo, inliers, outline, embedding, local)


def test_without_evidence_nothing_is_found() -> None:
    answer = rank([], limit=10)
    assert answer.verdict is Verdict.NOT_FOUND
    assert answer.books == []
    assert regions(answer) == []


def test_each_book_answers_once_with_its_best_cover() -> None:
    answer = rank([seen("a", 12), seen("a", 40, side=Side.BACK), seen("b", 9)], limit=10)
    assert [book.book_id for book in answer.books] == ["a", "b"]
    assert answer.books[0].side is Side.BACK
    assert answer.books[0].inliers == 40


def test_many_inliers_are_found_and_few_are_not() -> None:
    assert rank([seen("a", 60)], limit=10).verdict is Verdict.FOUND
    few = rank([seen("a", 4)], limit=10)
    assert few.verdict is Verdict.NOT_FOUND
    assert few.books[0].book_id == "a"
    assert few.books[0].probability < 0.1


def test_probability_grows_with_inliers_and_photos() -> None:
    alone = [probability([inliers]) for inliers in range(100)]
    assert alone == sorted(alone)
    assert 0 < alone[0] < FOUND < alone[-1] < 1
    assert probability([8, 8]) > probability([8])
    assert probability([8, 0]) == probability([8])


def test_chance_matches_of_several_photos_do_not_add_up() -> None:
    assert probability([4, 4, 4, 4]) == probability([4])


def test_two_sides_beat_one() -> None:
    both = [seen("both", 14), seen("both", 14, side=Side.BACK, photo=1)]
    answer = rank([seen("one", 20), *both], limit=10)
    assert [book.book_id for book in answer.books] == ["both", "one"]


def test_two_covers_in_one_photo_count_once() -> None:
    twice = rank([seen("a", 7), seen("a", 7, side=Side.BACK)], limit=10)
    once = rank([seen("a", 7)], limit=10)
    assert twice.books[0].probability == once.books[0].probability


def test_look_alikes_in_one_place_are_ambiguous() -> None:
    answer = rank([seen("volume 1", 50), seen("volume 2", 47)], limit=10)
    assert answer.verdict is Verdict.AMBIGUOUS
    place = regions(answer)
    assert [entry["books"] for entry in place] == [["volume 1", "volume 2"]]
    assert place[0]["verdict"] == "ambiguous"


def test_a_sibling_with_far_fewer_inliers_leaves_the_answer_clear() -> None:
    answer = rank([seen("volume 1", 90), seen("volume 2", 60)], limit=10)
    assert answer.verdict is Verdict.FOUND
    assert regions(answer)[0]["verdict"] == "found"


def test_two_books_side_by_side_are_two_answers() -> None:
    answer = rank([seen("left", 50), seen("right", 48, at=150)], limit=10)
    assert answer.verdict is Verdict.FOUND
    assert [entry["books"] for entry in regions(answer)] == [["left"], ["right"]]


def test_books_of_two_photos_do_not_share_a_place() -> None:
    answer = rank([seen("a", 50), seen("b", 48, photo=1)], limit=10)
    assert [entry["photo"] for entry in regions(answer)] == [0, 1]


def test_books_without_geometry_are_ordered_by_both_witnesses() -> None:
    unseen = [
        seen("c", 0, embedding=0.3),
        seen("a", 0, embedding=0.9, local=2.0),
        seen("b", 0, embedding=0.9),
    ]
    assert [book.book_id for book in rank(unseen, limit=10).books] == ["a", "b", "c"]


def test_geometry_comes_before_likeness() -> None:
    answer = rank([seen("alike", 0, embedding=0.99, local=9.0), seen("fits", 20, embedding=0.1)], limit=10)
    assert answer.books[0].book_id == "fits"


def test_the_limit_holds_and_order_does_not_depend_on_the_input() -> None:
    evidence = [seen(f"book {number}", number) for number in range(30)]
    answer = rank(evidence, limit=5)
    assert [book.inliers for book in answer.books] == [29, 28, 27, 26, 25]
    assert rank(evidence[::-1], limit=5).books[0] == answer.books[0]


@pytest.mark.parametrize("limit", [1, 10])
def test_look_alikes_are_told_whatever_the_limit(limit: int) -> None:
    assert rank([seen("a", 50), seen("b", 49)], limit=limit).verdict is Verdict.AMBIGUOUS


def test_photos_of_two_books_contradict_each_other() -> None:
    answer = rank([seen("a", 60), seen("b", 50, side=Side.BACK, photo=1), seen("a", 5, photo=1)], limit=10)
    assert answer.verdict is Verdict.AMBIGUOUS
    assert [(each.photo_index, each.book_id) for each in answer.contradiction] == [(0, "a"), (1, "b")]


def test_a_back_that_fits_its_book_weakly_is_not_outvoted_by_a_look_alike() -> None:
    answer = rank([seen("a", 60), seen("a", 10, side=Side.BACK, photo=1), seen("b", 14, photo=1)], limit=10)
    assert (answer.verdict, answer.contradiction) == (Verdict.FOUND, ())


def test_a_second_book_in_a_photo_of_the_right_one_contradicts_nothing() -> None:
    evidence = [seen("a", 40), seen("c", 90, at=300), seen("a", 70, side=Side.BACK, photo=1)]
    assert rank(evidence, limit=10).contradiction == ()


def test_a_photo_that_shows_nothing_contradicts_nothing() -> None:
    assert rank([seen("a", 60), seen("b", 6, photo=1)], limit=10).contradiction == ()
