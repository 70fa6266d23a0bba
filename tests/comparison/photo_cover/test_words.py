"""What a comparison says."""

from __future__ import annotations

import pytest

from recto.comparison.photo_cover.regions import Region, place_words
from recto.comparison.photo_cover.words import sentence_of


def region(share: float, place: str) -> Region:
    return Region((0.1, 0.1, 0.2, 0.2), share, 0.9, place)


def test_a_sentence_counts_the_regions_and_says_where_they_are() -> None:
    regions = [region(0.04, "top left"), region(0.02, "at the bottom")]
    assert (
        sentence_of(regions, 0.98)
        == "Alike but for 2 regions (6 % of the cover): top left and at the bottom."
    )


def test_a_place_is_named_once() -> None:
    assert sentence_of([region(0.02, "top left")] * 2, 0.9).endswith(": top left.")


def test_no_region_is_no_difference_in_what_was_compared() -> None:
    assert sentence_of([], 0.99) == "No difference: photo and cover are alike in every part."
    assert "(60 %)" in sentence_of([], 0.6)


def test_much_that_differs_is_another_book() -> None:
    said = sentence_of([region(0.3, "in the middle"), region(0.15, "at the top")], 1.0)
    assert (
        said
        == "Much differs (45 % of the cover): in the middle and at the top. Another volume, edition or book."
    )


def test_nothing_is_concluded_from_a_corner_of_the_cover() -> None:
    assert sentence_of([], 0.2).startswith("Too little of the cover")


def test_what_cannot_be_aligned_is_said() -> None:
    assert "too few points in common" in sentence_of([], 0.0, aligned=False)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (0.1, 0.1, "top left"),
        (0.5, 0.9, "at the bottom"),
        (0.9, 0.5, "on the right"),
        (0.5, 0.5, "in the middle"),
    ],
)
def test_places_are_said_in_words(x: float, y: float, words: str) -> None:
    assert place_words(x, y) == words
