"""Numbers, times and ISBNs as people read them."""

from __future__ import annotations

import pytest

from recto_web.forms import isbn
from recto_web.presenters import words


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (1.0, "> 99.9 %"),
        (0.9999, "> 99.9 %"),
        (0.994, "99.4 %"),
        (0.97, "97 %"),
        (0.5, "50 %"),
        (0.012, "1 %"),
        (0.0, "< 1 %"),
    ],
)
def test_a_probability_claims_neither_certainty_nor_impossibility(probability: float, said: str) -> None:
    assert words.percent(probability) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (3 * 86400, "3 days"),
    ],
)
def test_a_span_of_time_has_two_units_at_most(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("speed", "said"), [(120.4, "120 a second"), (3.24, "3.2 a second"), (0.05, "3 a minute")]
)
def test_a_speed_has_a_unit_that_fits(speed: float, said: str) -> None:
    assert words.rate(speed) == said


@pytest.mark.parametrize(("value", "said"), [(0.42, "0.4 ms"), (38.2, "38 ms"), (1240, "1.24 s")])
def test_a_stage_takes_milliseconds_or_seconds(value: float, said: str) -> None:
    assert words.milliseconds(value) == said


@pytest.mark.parametrize(
    ("names", "said"), [([], ""), (["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")]
)
def test_names_are_listed_with_an_and(names: list[str], said: str) -> None:
    assert words.listed(names) == said


def test_a_number_has_its_noun() -> None:
    assert words.count(1, "cover") == "1 cover"
    assert words.count(1204, "cover") == "1,204 covers"


@pytest.mark.parametrize("good", ["", "9783161484100", "0306406152", "080442957X"])
def test_a_right_isbn_gives_no_warning(good: str) -> None:
    assert isbn.warning(good) == ""


@pytest.mark.parametrize("bad", ["9783161484101", "0306406153", "9773161484103", "123", "abc"])
def test_a_wrong_isbn_gives_one(bad: str) -> None:
    assert isbn.warning(bad)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("978-3-16-148410-0", "9783161484100"),
        (" 0-8044-2957-x ", "080442957X"),
        ("978 3 16 148410 0", "9783161484100"),
        ("B-12", "B-12"),
    ],
)
def test_an_isbn_is_kept_without_hyphens(typed: str, kept: str) -> None:
    assert isbn.compact(typed) == kept


def test_a_sentence_shows_commands_as_code_and_nothing_else_as_markup() -> None:
    assert (
        words.prose("Start `recto up` <b>again</b>.")
        == "Start <code>recto up</code> &lt;b&gt;again&lt;/b&gt;."
    )
