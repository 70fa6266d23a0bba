"""The third witness: a barcode in a photo names its book, whatever the covers look like.

reading -> numbers -> books of the ledger -> candidates in front of the shortlist -> evidence -> report
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np

from recto.calibration import Calibration
from recto.images import Barcode
from recto.images.barcode_reader import PATIENCE, Reading
from recto.isbn import is_isbn
from recto.ledger.text import numbers
from recto.observe import metrics
from recto.records import Book, Cover, CoverState, Side, Where
from recto.runtime import Engine
from recto.search.candidates import Candidate
from recto.search.rank import FOUND, Answer, BookAnswer, Evidence, probability
from recto.storage.blobs import Content
from recto.vectors import Floats

MOST_COVERS = 16
"""Covers of the books of one barcode that are verified: what a search verifies before it looks whether it may stop."""


@dataclass(frozen=True)
class BarcodeEvidence:
    """A barcode in photo `photo_index`: `books` that have its number, and covers of those that may be answered.

    `outline` (4, 2): corners of its bars in pixels of the upright full-size photo.
    """

    photo_index: int
    text: str
    outline: Floats
    books: tuple[str, ...]
    covers: dict[str, list[Cover]]


class BarcodeWitness:
    """The barcodes of one photo of a search: being read while other things are done, asked for when they are needed."""

    def __init__(self, engine: Engine, reading: Reading, photo_index: int, where: Where) -> None:
        self._engine = engine
        self._reading = reading
        self._photo_index = photo_index
        self._where = where

    @cached_property
    def evidence(self) -> list[BarcodeEvidence]:
        """The barcodes with their books; waits for the reading, but not for long."""
        barcodes = self._reading.barcodes(PATIENCE)
        by_text = self._engine.ledger.books_by_isbn([barcode.text for barcode in barcodes])
        return [self._identified(barcode, by_text.get(barcode.text, ())) for barcode in barcodes]

    def in_front(self, shortlist: Sequence[Candidate], sides: Sequence[Side]) -> list[Candidate]:
        """The shortlist with the covers of the named books before all others, whoever else named them."""
        known = {candidate.cover_id: candidate for candidate in shortlist}
        named = [
            known.get(cover.cover_id, Candidate(cover.cover_id, cover.book_id, cover.side))
            for entry in self.evidence
            for covers in entry.covers.values()
            for cover in covers
            if cover.side in sides and cover.state is not CoverState.FAILED
        ][:MOST_COVERS]
        first = {candidate.cover_id: candidate for candidate in named}
        return [*first.values(), *(each for each in shortlist if each.cover_id not in first)]

    def votes(self) -> list[Evidence]:
        """What the barcodes say of books, for the ranking: without inliers, outlined where the bars are."""
        return [
            Evidence(
                cover_id=covers[-1].cover_id if covers else "",  # a back, where there is one
                book_id=book_id,
                side=covers[-1].side if covers else Side.BACK,
                photo_index=entry.photo_index,
                inliers=0,
                outline=entry.outline,
                barcode=True,
            )
            for entry in self.evidence
            for book_id, covers in entry.covers.items()
        ]

    def _identified(self, barcode: Barcode, ids: Sequence[str]) -> BarcodeEvidence:
        """A book that the filter of the search excludes is named, but has no vote."""
        ledger, where = self._engine.ledger, self._where
        books = ledger.books_by_id([book_id for book_id in ids if book_id not in where.without])
        allowed = [book_id for book_id, book in sorted(books.items()) if passes(where, book)]
        covers = {book_id: ledger.covers_of(book_id) for book_id in allowed}
        outline = np.array(barcode.outline, np.float32)
        return BarcodeEvidence(self._photo_index, barcode.text, outline, tuple(sorted(books)), covers)


def listen(engine: Engine, photos: Sequence[Content], where: Where) -> list[BarcodeWitness]:
    """Begin to read the barcodes of all photos of a search."""
    readings = [engine.reader.start(photo, turned=True) for photo in photos]
    return [BarcodeWitness(engine, reading, number, where) for number, reading in enumerate(readings)]


def passes(where: Where, book: Book) -> bool:
    """Does a filter let a book through? The same as the index says by its payload."""
    wanted = (
        where.year_from is None or (book.year is not None and book.year >= where.year_from),
        where.year_to is None or (book.year is not None and book.year <= where.year_to),
        not where.authors or any(author in book.authors for author in where.authors),
        where.publisher in ("", book.publisher),
        where.language in ("", book.language),
        not where.tag or where.tag in book.tags,
        book.book_id not in where.without,
    )
    return all(wanted)


def report(
    witnesses: Sequence[BarcodeWitness], answer: Answer, books: Mapping[str, Book], calibration: Calibration
) -> list[dict[str, Any]]:
    """The barcodes of a search as plain data, each with what the covers say of it: `agrees`.

    True: a cover of its book fits a photo; False: instead one of a book with another number does, in that place; None:
    no cover says anything of it. `books`: those of the answer, by id.
    """
    seen = [book for book in answer.books if probability([book.inliers], calibration) >= FOUND]
    reported = []
    for entry in (entry for witness in witnesses for entry in witness.evidence):
        agrees = _agrees(entry, seen, books)
        metrics.BARCODE_VOTES.labels(outcome=_outcome(entry, agrees)).inc()
        reported.append(
            {
                "photo": entry.photo_index,
                "text": entry.text,
                "isbn": entry.text if is_isbn(entry.text) else "",
                "outline": [[round(float(x), 1), round(float(y), 1)] for x, y in entry.outline],
                "books": list(entry.books),
                "agrees": agrees,
            }
        )
    return reported


def _agrees(entry: BarcodeEvidence, seen: Sequence[BookAnswer], books: Mapping[str, Book]) -> bool | None:
    """`seen`: books that are found by their covers alone."""
    if any(book.book_id in entry.books for book in seen):
        return True
    numbered = [book for book in seen if numbers(books[book.book_id].isbn, book.book_id)]
    others = seen if entry.books else numbered if is_isbn(entry.text) else []
    return False if any(_lies_on(entry, book) for book in others) else None


def _lies_on(entry: BarcodeEvidence, book: BookAnswer) -> bool:
    """Is the barcode on this book? One in another photo is: all photos of a search are of one book."""
    if book.outline is None or book.photo_index != entry.photo_index:
        return True
    x, y = entry.outline.mean(axis=0)
    return cv2.pointPolygonTest(book.outline.reshape(-1, 1, 2), (float(x), float(y)), False) >= 0


def _outcome(entry: BarcodeEvidence, agrees: bool | None) -> str:
    if not entry.books:
        return "unknown"
    return {True: "agrees", False: "contradicts", None: "alone"}[agrees]
