"""One method over one labelled set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from recto.errors import Refused
from recto.intake.labelled.sets import LabelledPhoto, LabelledSet
from recto_lab.evaluation.methods.base import Method
from recto_lab.evaluation.outcomes import Answer, Trial

Progress = Callable[[str, int, int], None]
"""Told what is going on ("covers" or "photos"), how many are done, and of how many."""


@dataclass(frozen=True)
class Run:
    """What a method said about every photo. `failures`: sentences about files that could not be used."""

    method: str
    trials: tuple[Trial, ...]
    index_seconds: float
    covers: int
    failures: tuple[str, ...]


def run(method: Method, labelled: LabelledSet, *, leave_out: bool, progress: Progress) -> Run:
    """Take in all references, then search every photo; with `leave_out` each once more without its true books.

    A photo that cannot be read counts as one to which nothing was found.
    """
    started = perf_counter()
    failures = method.index(labelled.references, lambda done, total: progress("covers", done, total))
    seconds = perf_counter() - started
    covers = len(labelled.references) - len(failures)
    trials = []
    for done, photo in enumerate(labelled.photos):
        progress("photos", done, len(labelled.photos))
        trials.append(_trial(method, photo, leave_out))
    failures += [f"{trial.photo.path}: {trial.error}" for trial in trials if trial.error]
    return Run(method.name, tuple(trials), seconds, covers, tuple(failures))


def _trial(method: Method, photo: LabelledPhoto, leave_out: bool) -> Trial:
    without: list[frozenset[str]] = [frozenset()]
    if leave_out and photo.truths:
        without.append(frozenset(photo.truths))
    try:
        answers = method.search(photo, without)
    except Refused as error:
        return Trial(photo, Answer(), error=str(error))
    return Trial(photo, answers[0], answers[1] if len(answers) > 1 else None)
