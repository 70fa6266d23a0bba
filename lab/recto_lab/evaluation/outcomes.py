"""What a method says about photos, and the measures that follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from recto.intake.labelled.sets import LabelledPhoto, LabelledSet
from recto_lab.evaluation import metrics

DEPTHS = (1, 5, 10, 100)
"""Depths of recall."""
LONGEST = max(DEPTHS)
"""Books that a ranking holds at most; average precision is of so many."""
EVERYTHING = "all"
"""Name of the measures of all photos together."""


@dataclass(frozen=True)
class Hit:
    """A book of a ranking. Scores of one method compare with each other only; more is more alike."""

    book_id: str
    score: float
    probability: float | None = None


@dataclass(frozen=True)
class Answer:
    """A ranking, best first and one entry a book; the books that the method asserts; milliseconds by stage."""

    hits: tuple[Hit, ...] = ()
    found: tuple[str, ...] = ()
    times_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def ranking(self) -> list[str]:
        """Ids of the books, best first."""
        return [hit.book_id for hit in self.hits]


@dataclass(frozen=True)
class Trial:
    """A photo and the answer to it; `left_out`: that without its true books; `error`: why there is no answer."""

    photo: LabelledPhoto
    answer: Answer
    left_out: Answer | None = None
    error: str = ""


@dataclass
class Stopwatch:
    """Milliseconds by stage."""

    times_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start = perf_counter()
        try:
            yield
        finally:
            self.times_ms[name] = self.times_ms.get(name, 0.0) + (perf_counter() - start) * 1000

    def report(self) -> dict[str, float]:
        """Milliseconds by stage, and their sum."""
        return {**self.times_ms, "total": sum(self.times_ms.values())}


@dataclass(frozen=True)
class Calibration:
    """How far probabilities can be believed."""

    bins: list[metrics.Bin]
    expected_error: float
    brier: float


@dataclass(frozen=True)
class Measures:
    """Measures of one method on one part of the photos; what does not apply is None. docs/evaluate.md defines each."""

    photos: int
    recall_at: (
        dict[int, metrics.Share] | None
    )  # None, as the next six: no photo shows a book of the catalogue
    mean_average_precision: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    best_f1: float | None
    best_threshold: float | None
    false_found: metrics.Share | None  # None: every photo shows one
    missed: metrics.Share | None
    left_out_found: metrics.Share | None  # None: not tried
    calibration: Calibration | None  # None: the method gives no probabilities
    times_ms: dict[str, tuple[float, float]]  # 50th and 95th percentile by stage


_OF_KNOWN = ("recall_at", "mean_average_precision", "precision", "recall", "f1", "best_f1", "best_threshold")


def measure(labelled: LabelledSet, trials: Sequence[Trial]) -> dict[str, Measures]:
    """Measures of all photos, and of each part where there are several."""
    parts = labelled.subsets if len(labelled.subsets) > 1 else ()
    groups = {part: [trial for trial in trials if trial.photo.subset == part] for part in parts}
    return {
        name: _measures(labelled, group)
        for name, group in {EVERYTHING: list(trials), **groups}.items()
        if group
    }


def _measures(labelled: LabelledSet, trials: Sequence[Trial]) -> Measures:
    known = [trial for trial in trials if trial.photo.truths]
    unknown = [trial for trial in trials if not trial.photo.truths]
    return Measures(
        photos=len(trials),
        **(_retrieval(labelled, trials, known) if known else dict.fromkeys(_OF_KNOWN)),
        false_found=_found_wrongly(labelled, unknown),
        missed=metrics.share(sum(not trial.answer.found for trial in known), len(known)) if known else None,
        left_out_found=_left_out_found(labelled, known),
        calibration=_calibration(labelled, trials),
        times_ms=_times(trials),
    )


def _retrieval(labelled: LabelledSet, trials: Sequence[Trial], known: Sequence[Trial]) -> dict[str, Any]:
    """What can be said where some photos show books of the catalogue."""
    ranks = [metrics.first_rank(trial.answer.ranking, trial.photo.truths) for trial in known]
    precisions = [metrics.average_precision(trial.answer.ranking, trial.photo.truths) for trial in known]
    decisions = _decisions(labelled, trials)
    best, threshold = _best_f1(labelled, trials)
    return {
        "recall_at": {depth: metrics.recall_at(ranks, depth) for depth in DEPTHS},
        "mean_average_precision": metrics.mean(precisions),
        "precision": decisions.precision,
        "recall": decisions.recall,
        "f1": decisions.f1,
        "best_f1": best,
        "best_threshold": threshold,
    }


def _decisions(labelled: LabelledSet, trials: Sequence[Trial]) -> metrics.Decisions:
    """Books asserted against true ones; what is excused counts neither way."""
    right = wrong = missed = 0
    for trial in trials:
        truths, found = set(trial.photo.truths), set(trial.answer.found)
        right += len(found & truths)
        wrong += len(found - truths - labelled.excused(trial.photo))
        missed += len(truths - found)
    return metrics.Decisions(right, wrong, missed)


def _best_f1(labelled: LabelledSet, trials: Sequence[Trial]) -> tuple[float, float]:
    judged = _first_hits(labelled, trials)
    books = sum(len(trial.photo.truths) for trial in trials)
    return metrics.best_f1([hit.score for hit, _ in judged], [right for _, right in judged], books)


def _first_hits(labelled: LabelledSet, trials: Sequence[Trial]) -> list[tuple[Hit, bool]]:
    """The first book of each ranking and whether it is right; excused ones, which are neither, are left out."""
    first = [(trial, trial.answer.hits[0]) for trial in trials if trial.answer.hits]
    return [
        (hit, hit.book_id in trial.photo.truths)
        for trial, hit in first
        if hit.book_id not in labelled.excused(trial.photo)
    ]


def _found_wrongly(labelled: LabelledSet, trials: Sequence[Trial]) -> metrics.Share | None:
    if not trials:
        return None
    wrong = [set(trial.answer.found) - labelled.excused(trial.photo) for trial in trials]
    return metrics.share(sum(bool(books) for books in wrong), len(trials))


def _left_out_found(labelled: LabelledSet, known: Sequence[Trial]) -> metrics.Share | None:
    tried = [(trial.photo, trial.left_out) for trial in known if trial.left_out is not None]
    if not tried:
        return None
    wrong = [set(answer.found) - labelled.excused(photo) for photo, answer in tried]
    return metrics.share(sum(bool(books) for books in wrong), len(tried))


def _calibration(labelled: LabelledSet, trials: Sequence[Trial]) -> Calibration | None:
    judged = [
        (hit.probability, right)
        for hit, right in _first_hits(labelled, trials)
        if hit.probability is not None
    ]
    if not judged:
        return None
    probabilities, right = [entry[0] for entry in judged], [entry[1] for entry in judged]
    bins = metrics.reliability(probabilities, right)
    return Calibration(
        bins, metrics.expected_calibration_error(bins), metrics.brier_score(probabilities, right)
    )


def _times(trials: Sequence[Trial]) -> dict[str, tuple[float, float]]:
    stages = dict.fromkeys(stage for trial in trials for stage in trial.answer.times_ms)
    values = {
        stage: [trial.answer.times_ms.get(stage, 0.0) for trial in trials if trial.answer.times_ms]
        for stage in stages
    }
    return {
        stage: (metrics.percentile(spent, 50), metrics.percentile(spent, 95))
        for stage, spent in values.items()
    }
