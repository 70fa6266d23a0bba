from __future__ import annotations

import pytest

from recto.calibration import Rate, wilson
from recto.calibration.measures import error_interval, expected_calibration_error, reliability


@pytest.mark.parametrize(
    ("events", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_the_interval_is_that_of_wilson(events: int, trials: int, low: float, high: float) -> None:
    assert wilson(events, trials) == pytest.approx((low, high), abs=5e-5)
    assert Rate(events, trials).interval == wilson(events, trials)


def test_without_trials_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert Rate(0, 0).share == 0.0


def test_bins_hold_mean_probability_and_share_of_right_answers() -> None:
    low, high = reliability([0.1, 0.3, 1.0], [False, True, True], bins=2)
    assert (low.low, low.high, low.right) == (0.0, 0.5, Rate(1, 2))
    assert low.probability == pytest.approx(0.2)
    assert (high.low, high.probability, high.right) == (0.5, 1.0, Rate(1, 1))


def test_the_calibration_error_is_that_worked_out_by_hand() -> None:
    # bins: {.2, .4} with one right of two, |.3 - .5| = .2; {.9, .7} with both right, |.8 - 1| = .2; {.6} wrong in the
    # same bin as the latter: (2.2 / 3 against 2 / 3) * 3 / 5 + .2 * 2 / 5
    probabilities, labels = [0.2, 0.4, 0.9, 0.7, 0.6], [True, False, True, True, False]
    expected = abs(2.2 / 3 - 2 / 3) * 3 / 5 + 0.2 * 2 / 5
    assert expected_calibration_error(probabilities, labels, bins=2) == pytest.approx(expected)


def test_probabilities_that_hold_have_no_error() -> None:
    assert expected_calibration_error([0.75] * 4, [True, True, True, False]) == 0
    assert expected_calibration_error([], []) == 0


def test_the_interval_of_the_error_holds_it_and_narrows_with_more_photos() -> None:
    def width(times: int) -> float:
        probabilities, labels = [0.8] * 10 * times, ([True] * 7 + [False] * 3) * times
        low, high = error_interval(probabilities, labels, [str(each) for each in range(10 * times)])
        assert low <= 0.1 <= high
        return high - low

    assert width(20) < width(2)


def test_both_searches_of_a_photo_are_drawn_together() -> None:
    probabilities, labels = [0.9] * 40, [True, False] * 20
    alone = error_interval(probabilities, labels, [str(each) for each in range(40)])
    paired = error_interval(probabilities, labels, [str(each // 2) for each in range(40)])
    assert paired == pytest.approx((0.4, 0.4))  # each photo has one of each label
    assert alone[0] < 0.35 < 0.45 < alone[1]
