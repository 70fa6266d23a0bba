"""The demo: a drawn shelf of books as files with a manifest, and ready photos to search with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recto_lab.synthetic import CLUTTERED, TYPICAL, draw_book, photograph, siblings
from recto_lab.synthetic.store import NO_BACK_EVERY, store_book

SEED = 7
BOOKS = 120
HEIGHT = 720
"""Height of a drawn cover in pixels: that of a good catalogue image."""
PHOTO_SIDE = 1280
OUTSIDE = 5_000_000
"""Index of a book that is drawn by the same hand but stands on no demo shelf."""


@dataclass(frozen=True)
class Example:
    """A ready photo of the search page."""

    name: str
    file: str
    title: str
    caption: str
    book_id: str


EXAMPLES: dict[str, tuple[str, str]] = {
    "front": ("A front cover", "a photo as phones take them"),
    "back": ("A back cover", "nothing but the back in sight"),
    "clutter": ("On a full table", "other books around it"),
    "volume": ("One of a series", "its other volumes look alike"),
    "stranger": ("A stranger", "this book is not in the catalogue"),
}
"""Ready photos: name -> title and caption."""


def prepare(folder: Path, on_progress: Callable[[int, int], None]) -> Path:
    """Draw shelf and photos into `folder` unless they are there; returns the manifest.

    `on_progress` is called with books drawn and books in all. An interrupted call is simply done again.
    """
    manifest, examples = folder / "shelf" / "manifest.jsonl", folder / "examples" / "examples.json"
    if examples.is_file():
        return manifest
    manifest.parent.mkdir(parents=True, exist_ok=True)
    examples.parent.mkdir(parents=True, exist_ok=True)
    with manifest.open("w", encoding="utf-8") as file:
        for index in range(BOOKS):
            book = draw_book(index, seed=SEED, height=HEIGHT)
            row = store_book(manifest.parent, book, with_back=index % NO_BACK_EVERY > 0)
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            on_progress(index + 1, BOOKS)
    listing = [example.__dict__ for example in _photographs(examples.parent)]
    examples.write_text(json.dumps(listing, indent=1), encoding="utf-8")  # last: it says that all is there
    return manifest


def _photographs(folder: Path) -> Iterator[Example]:
    """Take the ready photos."""
    volume = next(index for index in range(BOOKS) if siblings(index, SEED))
    subjects = {"front": 40, "back": 14, "clutter": 73, "volume": volume, "stranger": OUTSIDE}
    around = [draw_book(OUTSIDE + index, seed=SEED, height=HEIGHT).front for index in range(10, 50, 10)]
    for number, (name, index) in enumerate(subjects.items()):
        book = draw_book(index, seed=SEED, height=HEIGHT)
        shot = photograph(
            book.back if name == "back" else book.front,
            np.random.default_rng((SEED, number)),
            options=CLUTTERED if name == "clutter" else TYPICAL,
            size=PHOTO_SIDE,
            others=around if name == "clutter" else (),
        )
        shot.image.save(folder / f"{name}.jpg", quality=88)
        yield Example(name, f"{name}.jpg", *EXAMPLES[name], book.book_id)
