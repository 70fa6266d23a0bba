"""From answers to measures, on photos whose answers are written down."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recto.errors import BadInput
from recto.intake.labelled.sets import LabelledPhoto, LabelledSet, Reference
from recto_lab.evaluation.baseline import losses, not_compared
from recto_lab.evaluation.document import read_document, to_document
from recto_lab.evaluation.outcomes import Answer, Hit, Trial, measure
from recto_lab.evaluation.run import Run


def photo(name: str, *truths: str, also: frozenset[str] = frozenset()) -> LabelledPhoto:
    return LabelledPhoto(name, Path(f"{name}.jpg"), truths, "", also)


def answer(*hits: tuple[str, float], found: tuple[str, ...] = ()) -> Answer:
    return Answer(
        tuple(Hit(book, probability, probability) for book, probability in hits), found, {"total": 10.0}
    )


PHOTOS = (photo("one", "a"), photo("two", "b"), photo("three", "c", also=frozenset({"d"})), photo("none"))
LABELLED = LabelledSet("hand", tuple(Reference(book, Path(f"{book}.jpg")) for book in "abcde"), PHOTOS)
TRIALS = (
    Trial(PHOTOS[0], answer(("a", 0.9), ("b", 0.1), found=("a",)), answer(("b", 0.1))),
    Trial(PHOTOS[1], answer(("a", 0.4), ("b", 0.2)), answer(("a", 0.8), found=("a",))),
    Trial(PHOTOS[2], answer(("d", 0.9), ("c", 0.8), found=("d", "c")), answer(("d", 0.9), found=("d",))),
    Trial(PHOTOS[3], answer(("e", 0.7), found=("e",))),
)


def document(*trials: Trial) -> dict[str, Any]:
    run = Run("hand", trials or TRIALS, 1.0, 5, ())
    return json.loads(json.dumps(to_document(LABELLED, {"every": 1}, [run])))  # type: ignore[no-any-return]


def test_measures_follow_from_the_answers() -> None:
    measured = measure(LABELLED, TRIALS)["all"]
    assert measured.recall_at is not None
    assert measured.recall_at[1].value == pytest.approx(1 / 3)
    assert measured.recall_at[5].value == 1.0
    assert measured.mean_average_precision == pytest.approx((1 + 0.5 + 0.5) / 3)
    # Asserted: a, c (right), e (wrong), d (really in the photo: counts neither way); b is missed.
    assert measured.precision == pytest.approx(2 / 3)
    assert measured.recall == pytest.approx(2 / 3)
    assert measured.f1 == pytest.approx(2 / 3)


def test_the_no_is_measured() -> None:
    measured = measure(LABELLED, TRIALS)["all"]
    assert measured.false_found is not None
    assert measured.missed is not None
    assert measured.left_out_found is not None
    assert (measured.false_found.count, measured.false_found.total) == (1, 1)
    assert (measured.missed.count, measured.missed.total) == (1, 3)
    assert (measured.left_out_found.count, measured.left_out_found.total) == (1, 3)  # d is excused, a is not


def test_calibration_is_that_of_the_first_books() -> None:
    calibration = measure(LABELLED, TRIALS)["all"].calibration
    assert calibration is not None
    assert sum(entry.right.total for entry in calibration.bins) == 3  # d, excused, is neither right nor wrong
    assert calibration.expected_error == pytest.approx((0.1 + 0.4 + 0.7) / 3)


def test_photos_without_any_match_have_no_recall() -> None:
    measured = measure(LABELLED, TRIALS[3:])["all"]
    assert measured.recall_at is None
    assert measured.f1 is None
    assert measured.left_out_found is None


def test_a_loss_against_the_baseline_is_told_and_a_gain_is_not() -> None:
    worse = replace(TRIALS[0], answer=answer(("e", 0.9), ("a", 0.1), found=("e",)))
    before, now = document(), document(worse, *TRIALS[1:])
    assert losses(before, before, 0.0) == []
    assert losses(before, now) == []  # better than before
    lost = {loss.measure: loss for loss in losses(now, before)}
    assert {"recall@1", "precision", "f1", "mean_average_precision"} <= set(lost)
    assert str(lost["recall@1"]) == "hand, all: recall@1 was 0.333 and is 0.000"
    assert losses(now, before, tolerance=1.0) == []


def test_results_of_other_photos_are_not_compared() -> None:
    before = document()
    with pytest.raises(BadInput, match="other photos"):
        losses({**before, "set": {}}, before)
    with pytest.raises(BadInput, match="none of these methods"):
        losses({**before, "methods": {"other": {}}}, before)
    assert not_compared({**before, "methods": {}}, before) == ["hand"]


def test_a_file_that_is_no_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(BadInput, match="was not written by"):
        read_document(tmp_path / "x.json")
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        read_document(tmp_path / "x.json")
