"""Labelled photos: which covers are the catalogue, which photos are searched, and what each of them really shows."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from recto.errors import BadInput
from recto.records import Side


@dataclass(frozen=True)
class Reference:
    """A cover of the catalogue. A book may have several."""

    book_id: str
    path: Path
    side: Side = Side.FRONT
    title: str = ""


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and what it shows. `truths`: ids of the books that are right answers; none: not in the catalogue.

    `also_right`: ids of books that are really visible beside, or not to be told apart from, what the photo is of.
    `subset` is the part of the set that measures are given for ("" where a set has no parts).
    """

    photo_id: str
    path: Path
    truths: tuple[str, ...] = ()
    subset: str = ""
    also_right: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LabelledSet:
    """References and photos. `look_alikes` holds for a book the ids of those that look nearly the same."""

    name: str
    references: tuple[Reference, ...]
    photos: tuple[LabelledPhoto, ...]
    look_alikes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def excused(self, photo: LabelledPhoto) -> frozenset[str]:
        """Books other than its truths whose being found is no mistake: look-alikes, and what is really in the photo."""
        twins = [self.look_alikes.get(truth, frozenset()) for truth in photo.truths]
        return photo.also_right.union(*twins) - set(photo.truths)

    @property
    def subsets(self) -> tuple[str, ...]:
        """Names of the parts, in order."""
        return tuple(sorted({photo.subset for photo in self.photos}))

    def thinned(self, every: int = 1, references: int | None = None, seed: int = 0) -> LabelledSet:
        """Every n-th photo, and at most so many books: those that the photos need are kept, others drawn by the seed.

        Raises:
            BadInput: the photos that are left need more books than that.
        """
        photos = self.photos[::every]
        books = list(dict.fromkeys(reference.book_id for reference in self.references))
        if references is None or references >= len(books):
            return replace(self, photos=photos)
        needed = {truth for photo in photos for truth in photo.truths}
        if len(needed) > references:
            raise BadInput(
                f"The photos show {len(needed)} books, so {references} references are too few; "
                f"raise --limit-references or take fewer photos with --every."
            )
        others = [book for book in books if book not in needed]
        kept = needed.union(random.Random(seed).sample(others, references - len(needed)))  # noqa: S311
        return replace(self, photos=photos, references=_of_books(self.references, kept))


def _of_books(references: Sequence[Reference], books: set[str]) -> tuple[Reference, ...]:
    return tuple(reference for reference in references if reference.book_id in books)
