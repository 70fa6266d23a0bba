"""What a method is to the evaluation, and the frame of those that compare a photo with every cover in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from recto.errors import Refused
from recto.files import open_plain
from recto.images import MAX_SIDE, Limits, decode
from recto.intake.labelled.sets import LabelledPhoto, Reference
from recto.settings import Settings
from recto.vectors import RGB, Floats
from recto_lab.evaluation.outcomes import LONGEST, Answer, Hit, Stopwatch

Progress = Callable[[int, int], None]
"""Told how many covers are done, and of how many."""
Bools = npt.NDArray[np.bool_]


class Method(Protocol):
    """A way to find the book of a photo."""

    name: str

    def index(self, references: Sequence[Reference], progress: Progress) -> list[str]:
        """Take in the covers; gives a sentence for each that could not be."""
        ...

    def search(self, photo: LabelledPhoto, without: Sequence[frozenset[str]]) -> list[Answer]:
        """The answer to a photo for each set of books to leave out; the times are of one search.

        Raises:
            Refused: the photo cannot be read.
        """
        ...


class Matcher(ABC):
    """How alike a photo and each cover are; covers are numbered in the order in which they are added."""

    library: ClassVar[str] = ""
    """Who computes the descriptor, for the report."""

    @abstractmethod
    def add(self, cover: RGB) -> None:
        """Describe a cover (H, W, 3) and keep it."""

    def finish(self) -> None:  # noqa: B027  few have anything left to do
        """Called once, when all covers are there."""

    @abstractmethod
    def compare(self, photo: RGB, clock: Stopwatch) -> Floats:
        """Scores (covers,), more is more alike; the stages are timed as `describe` and `search`."""


class Brute:
    """A matcher over all covers. It always asserts the book that it puts first: it has no way to say "none"."""

    def __init__(self, name: str, matcher: Matcher) -> None:
        self.name = name
        self.matcher = matcher
        self._books: list[str] = []
        self._book_of_cover = np.zeros(0, np.int64)
        self._limits = Limits.of(Settings())

    def index(self, references: Sequence[Reference], progress: Progress) -> list[str]:
        """Take in the covers; gives a sentence for each that could not be."""
        numbers: dict[str, int] = {}
        owners, failures = [], []
        for done, reference in enumerate(references):
            progress(done, len(references))
            try:
                cover = read_image(reference, self._limits)
            except Refused as error:
                failures.append(f"{reference.path}: {error}")
                continue
            self.add(cover)
            owners.append(numbers.setdefault(reference.book_id, len(numbers)))
        self.matcher.finish()
        self._books, self._book_of_cover = list(numbers), np.array(owners, np.int64)
        return failures

    def add(self, cover: RGB) -> None:
        """Take in a cover."""
        self.matcher.add(cover)

    def search(self, photo: LabelledPhoto, without: Sequence[frozenset[str]]) -> list[Answer]:
        """The answer to a photo for each set of books to leave out."""
        clock = Stopwatch()
        with clock.stage("decode"):
            pixels = read_image(photo, self._limits)
        scores = self.matcher.compare(pixels, clock)
        return self.answers(pixels, scores, without, clock)

    def answers(
        self, pixels: RGB, scores: Floats, without: Sequence[frozenset[str]], clock: Stopwatch
    ) -> list[Answer]:
        """The rankings by scores; the first book is asserted."""
        rankings = [self.ranked(scores, left_out) for left_out in without]
        return [
            Answer(tuple(hits), tuple(hit.book_id for hit in hits[:1]), clock.report()) for hits in rankings
        ]

    def ranked(self, scores: Floats, without: frozenset[str]) -> list[Hit]:
        """Books by the score of their best cover; equals in the order of the catalogue."""
        best = np.full(len(self._books), -np.inf, np.float32)
        np.maximum.at(best, self._book_of_cover, scores)
        best[[number for number, book in enumerate(self._books) if book in without]] = -np.inf
        order = np.argsort(-best, kind="stable")[:LONGEST]
        return [
            Hit(self._books[number], float(best[number])) for number in order if np.isfinite(best[number])
        ]

    def covers_in(self, scores: Floats, without: frozenset[str], count: int) -> list[int]:
        """Numbers of the best covers, without those of books left out."""
        allowed = np.array([book not in without for book in self._books], bool)[self._book_of_cover]
        order = np.argsort(-np.where(allowed, scores, -np.inf), kind="stable")[:count]
        return [int(cover) for cover in order if allowed[cover]]

    def book_of(self, cover: int) -> str:
        """The book of a cover."""
        return self._books[int(self._book_of_cover[cover])]


def read_image(item: Reference | LabelledPhoto, limits: Limits) -> RGB:
    """The upright pixels of a cover or photo, as the product reads them.

    Raises:
        Refused: the file cannot be read or decoded.
    """
    with open_plain(item.path, limits.max_bytes) as file:
        return decode(file.read(), limits, MAX_SIDE).pixels
