from __future__ import annotations

import math

import numpy as np
import pytest
from tests.calibration.entries import many, searched

from recto.calibration import DEFAULT, FLOOR, Calibration, support
from recto.calibration.logistic import fit
from recto.calibration.searches import calibrate, is_fitted_on, measure
from recto.errors import BadInput


def test_it_recovers_the_logistic_that_made_the_labels() -> None:
    random = np.random.default_rng(3)
    supports = random.uniform(0, 5, 20_000)
    labels = random.random(20_000) < 1 / (1 + np.exp(-(-3.0 + 1.5 * supports)))
    assert fit(list(supports), list(labels)) == pytest.approx((-3.0, 1.5), abs=0.1)


def test_labels_that_a_threshold_separates_give_a_finite_slope() -> None:
    supports = [0.0] * 500 + [3.0] * 500
    intercept, slope = fit(supports, [False] * 500 + [True] * 500)
    assert 0 < slope < 10
    assert 0.5 < -intercept / slope < 2.5


def test_a_few_searches_hardly_move_the_prior() -> None:
    intercept, slope = fit([0.0, 4.0], [False, True])
    assert (intercept, slope) == pytest.approx((DEFAULT.intercept, DEFAULT.slope), abs=0.5)


def test_the_order_of_searches_changes_nothing() -> None:
    supports, labels = [0.1, 0.9, 1.4, 2.2, 3.0], [False, True, False, True, True]
    assert fit(supports, labels) == pytest.approx(fit(supports[::-1], labels[::-1]))


def test_labels_of_one_kind_are_refused() -> None:
    with pytest.raises(BadInput, match="only one kind"):
        fit([1.0, 2.0], [True, True])


def test_support_that_speaks_against_an_answer_is_refused() -> None:
    with pytest.raises(BadInput, match="names as the truth"):
        fit([0.0] * 200 + [4.0] * 200, [True] * 200 + [False] * 200)


def test_support_counts_doublings_beyond_chance_and_adds_photos_up() -> None:
    assert support([int(FLOOR)]) == support([0]) == 0
    assert support([16]) == 2
    assert support([16, 8, 1]) == 3


def test_the_least_number_of_inliers_is_where_the_probability_is_one_half() -> None:
    assert DEFAULT.probability(math.log2(DEFAULT.found_from / FLOOR)) == pytest.approx(0.5)


def test_a_photo_never_changes_its_half() -> None:
    known = [is_fitted_on(name) for name in ("q_book001", "q_book002", "q_book003", "q_book004")]
    assert known == [True, True, False, False]
    share = sum(is_fitted_on(str(photo)) for photo in range(2000)) / 2000
    assert 0.45 < share < 0.55


def test_both_searches_of_a_photo_are_in_one_half() -> None:
    made = calibrate(many(), "recipe", "set")
    fitted = sum(is_fitted_on(f"photo {photo}") for photo in range(200))
    assert made.fitted == 2 * fitted
    assert made.measures is not None
    assert made.measures.items == 2 * (200 - fitted)
    assert made.measures.false_accept.trials == made.measures.false_reject.trials == 200 - fitted


def test_what_is_separable_is_measured_as_good() -> None:
    measures = calibrate(many(), "recipe", "set").measures
    assert measures is not None
    assert measures.error < 0.05
    assert measures.false_accept.events == measures.false_reject.events == measures.wrong.events == 0


def test_look_alikes_are_neither_fitted_nor_counted() -> None:
    twins = [searched(photo, 60, right=False, absent=True, twin=True) for photo in range(100)]
    plain, with_twins = calibrate(many(), "recipe", "set"), calibrate(many() + twins, "recipe", "set")
    assert (with_twins.intercept, with_twins.slope) == (plain.intercept, plain.slope)
    assert with_twins.measures == plain.measures


def test_false_answers_and_missed_ones_are_told_apart() -> None:
    searches = [
        searched(1, 40, right=False, absent=True),  # accepted, though its book is not there
        searched(2, 40, right=False),  # another book found
        searched(3, 5, right=True),  # missed
        searched(4, 40, right=True),
    ]
    measures = measure(DEFAULT, searches)
    assert (measures.false_accept.events, measures.false_accept.trials) == (1, 1)
    assert (measures.false_reject.events, measures.false_reject.trials) == (2, 3)
    assert (measures.wrong.events, measures.wrong.trials) == (1, 3)


def test_too_few_searches_are_refused_with_the_way_out() -> None:
    with pytest.raises(BadInput, match=r"29 right and 29 wrong answers; a calibration needs at least 30"):
        calibrate(many(29), "recipe", "set")
    assert calibrate(many(29), "recipe", "set", at_least=29).fitted > 0


def test_the_probability_of_any_support_lies_between_nothing_and_certainty() -> None:
    steep = Calibration("", -500.0, 400.0, 0, None, 0.0, "")
    assert [steep.probability(value) for value in (0.0, 1.25, 100.0)] == [0.0, 0.5, 1.0]
