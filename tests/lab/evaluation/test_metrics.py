"""Measures against rankings worked out by hand, and against scikit-learn where it is installed."""

from __future__ import annotations

import random

import pytest

from recto_lab.evaluation import metrics


def test_the_first_right_book_gives_the_rank() -> None:
    assert metrics.first_rank(["a", "b", "c"], {"c", "b"}) == 2
    assert metrics.first_rank(["a", "b"], {"z"}) == 0


def test_recall_counts_ranks_within_the_depth() -> None:
    ranks = [1, 1, 3, 7, 0]
    assert metrics.recall_at(ranks, 1).value == pytest.approx(2 / 5)
    assert metrics.recall_at(ranks, 5).value == pytest.approx(3 / 5)
    assert metrics.recall_at(ranks, 10).value == pytest.approx(4 / 5)


def test_average_precision_of_two_right_books() -> None:
    # Right at places 1 and 3: (1/1 + 2/3) / 2.
    assert metrics.average_precision(["a", "x", "b", "y"], {"a", "b"}) == pytest.approx(5 / 6)
    # One of two right books is not ranked at all: (1/2 + 0) / 2.
    assert metrics.average_precision(["x", "a"], {"a", "b"}) == pytest.approx(1 / 4)


def test_the_interval_is_that_of_wilson() -> None:
    share = metrics.share(8, 10)  # Wilson's interval of 8 in 10, as statistics packages give it
    assert [share.low, share.high] == pytest.approx([0.4902, 0.9433], abs=1e-4)
    assert metrics.share(0, 25).low == 0.0
    assert metrics.share(0, 25).high == pytest.approx(0.1332, abs=1e-4)
    assert metrics.share(25, 25).high == 1.0
    assert (metrics.share(0, 0).low, metrics.share(0, 0).high) == (0.0, 1.0)


def test_precision_recall_and_f1_follow_from_counts() -> None:
    decisions = metrics.Decisions(right=6, wrong=2, missed=4)
    assert decisions.precision == pytest.approx(0.75)
    assert decisions.recall == pytest.approx(0.6)
    assert decisions.f1 == pytest.approx(2 / 3)
    assert metrics.Decisions(0, 0, 0).f1 == 1.0  # nothing to find, nothing asserted
    assert metrics.Decisions(0, 3, 0).precision == 0.0


def test_the_best_threshold_is_found() -> None:
    # Answering from .8 on: 2 right of 2 answers, 3 books: F1 = 4/5. One lower: 4/6; all four: 6/7.
    value, threshold = metrics.best_f1([0.9, 0.8, 0.5, 0.4], [True, True, False, True], 3)
    assert [value, threshold] == pytest.approx([6 / 7, 0.4])
    assert metrics.best_f1([0.9, 0.8, 0.5], [True, True, False], 3)[1] == 0.8


def test_a_threshold_does_not_part_equal_scores() -> None:
    assert metrics.best_f1([0.5, 0.5], [True, False], 1)[0] == pytest.approx(2 / 3)


def test_bins_and_calibration_error() -> None:
    probabilities, right = [0.92, 0.98, 1.0, 0.15, 0.15], [True, True, False, False, False]
    bins = metrics.reliability(probabilities, right)
    assert [(entry.low, entry.right.count, entry.right.total) for entry in bins] == [
        (0.1, 0, 2),
        (0.9, 2, 3),
    ]
    # 2 of 5 answers are off by .15, 3 of 5 by .9667 - .6667.
    assert metrics.expected_calibration_error(bins) == pytest.approx(0.4 * 0.15 + 0.6 * 0.3)
    assert metrics.brier_score([1.0, 0.5], [True, False]) == pytest.approx(0.125)


def test_percentiles_are_interpolated() -> None:
    assert metrics.percentile([4.0, 1.0, 2.0, 3.0], 50) == 2.5
    assert metrics.percentile([1.0, 2.0, 3.0, 4.0], 95) == pytest.approx(3.85)
    assert metrics.percentile([], 50) == 0.0


def test_they_agree_with_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    generator = random.Random(5)
    for _ in range(20):
        books = [str(number) for number in range(30)]
        generator.shuffle(books)
        right = set(generator.sample(books, 3))
        expected = sklearn.average_precision_score([book in right for book in books], range(30, 0, -1))
        assert metrics.average_precision(books, right) == pytest.approx(expected)
        truth = [generator.random() < 0.5 for _ in range(40)]
        said = [generator.random() < 0.5 for _ in range(40)]
        pairs = list(zip(truth, said, strict=True))
        counts = metrics.Decisions(
            pairs.count((True, True)), pairs.count((False, True)), pairs.count((True, False))
        )
        assert counts.f1 == pytest.approx(sklearn.f1_score(truth, said))
        assert counts.precision == pytest.approx(sklearn.precision_score(truth, said))
        scores = [generator.random() for _ in range(40)]
        assert metrics.brier_score(scores, truth) == pytest.approx(sklearn.brier_score_loss(truth, scores))
        best = max(sklearn.f1_score(truth, [score >= threshold for score in scores]) for threshold in scores)
        assert metrics.best_f1(scores, truth, sum(truth))[0] == pytest.approx(best)
