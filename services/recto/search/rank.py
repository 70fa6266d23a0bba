"""Ranking: the evidence of all photos, sides and witnesses becomes one calibrated answer per book."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from recto.calibration import DEFAULT, Calibration, support
from recto.calibration import FOUND as FOUND
from recto.features.verify import shared_part
from recto.records import Side, Verdict
from recto.vectors import Floats

LOOK_ALIKE = 0.85
"""Inliers over those of the best book, from which two books in one place are called look-alikes. Of 61 simulated photos
of covers with a twin in `near_duplicates.csv` the twin came first once, with 1.05 times the inliers; .85 calls 8 % of
them ambiguous, .7 20 %."""
CLEARLY = 1.5
"""Inliers of the book that a photo shows over those of the answer, from which they contradict each other. A choice:
backs of one publisher share their layout, and a slightly better match must not outvote a weak one of the right book."""
BARCODE = 0.98
"""Probability of a book of which nothing but its barcode is seen. A choice: the digits check themselves, so what may be
wrong is the record of the book, or the photo is meant to show another one. It weighs as much as some 30 inliers."""
SAME_PLACE = 0.5
"""Share of the smaller of two outlines that lies within the other, from which they mark one place of the photo."""


@dataclass(frozen=True)
class Evidence:
    """What one photo says about one cover. `outline` (4, 2) in the photo, None when it was not verified."""

    cover_id: str
    book_id: str
    side: Side
    photo_index: int
    inliers: int
    outline: Floats | None
    embedding_score: float = 0.0
    local_score: float = 0.0
    barcode: bool = False  # the photo shows the barcode of the book


@dataclass(frozen=True)
class BookAnswer:
    """A book with its probability and its strongest evidence; without inliers it is `barcode` alone."""

    book_id: str
    probability: float
    side: Side
    cover_id: str
    inliers: int
    outline: Floats | None
    photo_index: int
    barcode: bool = False


@dataclass(frozen=True)
class Shown:
    """The book that one photo shows by itself."""

    photo_index: int
    book_id: str


@dataclass(frozen=True)
class Answer:
    """The conclusion: books best first, also those below the threshold.

    `contradiction`: what each photo shows, where the photos of a search show different books; empty otherwise.
    """

    verdict: Verdict
    books: list[BookAnswer]
    contradiction: tuple[Shown, ...] = ()


def rank(evidence: Sequence[Evidence], *, limit: int, calibration: Calibration = DEFAULT) -> Answer:
    """One answer per book. Each photo counts once for a book, with the cover that it fits best; photos add up."""
    by_book: dict[str, list[Evidence]] = defaultdict(list)
    for item in evidence:
        by_book[item.book_id].append(item)
    likeness = _likeness(evidence)
    scored = [
        (_best_of_each_photo(items, calibration), likeness[book_id]) for book_id, items in by_book.items()
    ]
    scored.sort(key=lambda entry: (-_support(entry[0], calibration), -entry[1], entry[0][0].book_id))
    books = [_book_answer(items, calibration) for items, _ in scored]
    contradiction = _contradiction(evidence, books, calibration)
    verdict = Verdict.AMBIGUOUS if contradiction else _verdict(books)
    return Answer(verdict, books[:limit], contradiction)


def regions(answer: Answer) -> list[dict[str, Any]]:
    """The found books grouped by where they lie: one entry per place in a photo, the surest first.

    Each as `{"photo", "outline", "verdict", "books"}`: look-alikes of one place stand in one entry, best first.
    """
    places: list[list[BookAnswer]] = []
    for book in answer.books:
        if book.probability < FOUND or book.outline is None:
            continue
        place = next((place for place in places if _same_place(place[0], book)), None)
        if place is None:
            places.append([book])
        else:
            place.append(book)
    return [_region(place) for place in places]


def probability(inliers: Sequence[int], calibration: Calibration = DEFAULT) -> float:
    """Probability that a book is right whose covers fit the photos with so many inliers, one number per photo."""
    return calibration.probability(support(inliers))


def _contradiction(
    evidence: Sequence[Evidence], books: Sequence[BookAnswer], calibration: Calibration
) -> tuple[Shown, ...]:
    """What each photo shows, unless the best book explains all photos that show anything."""
    by_photo: dict[int, list[Evidence]] = defaultdict(list)
    for item in sorted(evidence, key=lambda item: (-item.inliers, item.book_id != books[0].book_id)):
        by_photo[item.photo_index].append(item)
    shown = []
    for photo_index, items in sorted(by_photo.items()):
        best, own = items[0], next((item for item in items if item.book_id == books[0].book_id), None)
        if probability([best.inliers], calibration) >= FOUND:
            explained = own is not None and _explains(own, best, calibration)
            shown.append(Shown(photo_index, books[0].book_id if explained else best.book_id))
    return tuple(shown) if len({each.book_id for each in shown}) > 1 else ()


def _explains(own: Evidence, best: Evidence, calibration: Calibration) -> bool:
    """Whether a photo may show the book of `own`, although another fits best: nearly as well, or in another place."""
    if best.inliers < CLEARLY * own.inliers:
        return True
    return probability([own.inliers], calibration) >= FOUND and not _same_place(own, best)


def _best_of_each_photo(items: Sequence[Evidence], calibration: Calibration) -> list[Evidence]:
    """The cover that fits best in each photo; a photo shows one side, so the other side adds nothing."""
    best: dict[int, Evidence] = {}
    for item in sorted(items, key=lambda item: (-item.inliers, item.cover_id)):
        best.setdefault(item.photo_index, item)
    for item in items:
        if item.barcode:  # where no cover fits, its bars are what was seen of the book
            fitting = best[item.photo_index]
            fits = probability([fitting.inliers], calibration) >= FOUND
            best[item.photo_index] = replace(fitting, barcode=True) if fits else item
    return sorted(best.values(), key=lambda item: (-item.inliers, item.photo_index))


def _support(items: Sequence[Evidence], calibration: Calibration) -> float:
    inliers = [item.inliers for item in items]
    return _summed(items, calibration) + sum(inliers) / 1e6


def _summed(items: Sequence[Evidence], calibration: Calibration) -> float:
    """Support by all photos and, once, by the barcode: so much that it gives `BARCODE` alone."""
    barcode = calibration.support_of(BARCODE) if any(item.barcode for item in items) else 0.0
    return support([item.inliers for item in items]) + barcode


def _book_answer(items: Sequence[Evidence], calibration: Calibration) -> BookAnswer:
    strongest = items[0]
    return BookAnswer(
        strongest.book_id,
        calibration.probability(_summed(items, calibration)),
        strongest.side,
        strongest.cover_id,
        strongest.inliers,
        strongest.outline,
        strongest.photo_index,
        any(item.barcode for item in items),
    )


def _likeness(evidence: Sequence[Evidence]) -> dict[str, float]:
    """Sum of both witnesses' scores, each over the best of all: orders the books that geometry says nothing about."""
    highest = [
        max((item.embedding_score for item in evidence), default=0.0),
        max((item.local_score for item in evidence), default=0.0),
    ]
    likeness: dict[str, float] = defaultdict(float)
    for item in evidence:
        scores = (item.embedding_score, item.local_score)
        total = sum(score / most for score, most in zip(scores, highest, strict=True) if most > 0)
        likeness[item.book_id] = max(likeness[item.book_id], total)
    return likeness


def _verdict(books: Sequence[BookAnswer]) -> Verdict:
    if not books or books[0].probability < FOUND:
        return Verdict.NOT_FOUND
    twins = (book for book in books[1:] if _same_place(books[0], book) and _looks_alike(books[0], book))
    return Verdict.AMBIGUOUS if any(twins) else Verdict.FOUND


def _looks_alike(best: BookAnswer, other: BookAnswer) -> bool:
    """Not where a barcode names the best one and not the other."""
    undecided = other.barcode or not best.barcode
    return undecided and other.probability >= FOUND and other.inliers >= LOOK_ALIKE * best.inliers


def _same_place(first: BookAnswer | Evidence, second: BookAnswer | Evidence) -> bool:
    if first.outline is None or second.outline is None or first.photo_index != second.photo_index:
        return False
    return shared_part(first.outline, second.outline) >= SAME_PLACE


def _region(place: Sequence[BookAnswer]) -> dict[str, Any]:
    best = place[0]
    assert best.outline is not None
    return {
        "photo": best.photo_index,
        "outline": [[round(float(x), 1), round(float(y), 1)] for x, y in best.outline],
        "verdict": (
            Verdict.AMBIGUOUS if any(_looks_alike(best, book) for book in place[1:]) else Verdict.FOUND
        ).value,
        "books": [book.book_id for book in place],
    }
