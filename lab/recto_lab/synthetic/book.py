"""Drawn books: the facts of each with its front and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from recto_lab.synthetic.backs import draw_back
from recto_lab.synthetic.design import start_design
from recto_lab.synthetic.front.draw import draw_front
from recto_lab.synthetic.plan import Plan, plan_book


@dataclass(frozen=True)
class DrawnBook:
    """A book of the drawn shelf with both covers (RGB). `series` is "" for a single book."""

    book_id: str
    title: str
    authors: tuple[str, ...]
    isbn: str
    publisher: str
    year: int
    language: str
    tags: tuple[str, ...]
    series: str
    front: Image.Image
    back: Image.Image


def _side(plan: Plan, height: int, side: str) -> Image.Image:
    # Each side starts its own streams, so that one can be drawn without the other.
    design = start_design(plan, height)
    return draw_front(design) if side == "front" else draw_back(design)


def draw_covers(index: int, *, seed: int = 0, height: int = 720, side: str = "front") -> Image.Image:
    """One side (`front` or `back`) of a book, `height` pixels high: the same picture as in `draw_book`."""
    return _side(plan_book(index, seed), height, side)


def draw_book(index: int, *, seed: int = 0, height: int = 720) -> DrawnBook:
    """The book of an index: the same for the same index, seed and height. `height` in pixels."""
    plan = plan_book(index, seed)
    tags = (plan.genre, "series") if plan.series else (plan.genre,)
    return DrawnBook(
        book_id=plan.isbn,
        title=plan.title,
        authors=plan.authors,
        isbn=plan.isbn,
        publisher=plan.publisher,
        year=plan.year,
        language=plan.language,
        tags=tags,
        series=plan.series,
        front=_side(plan, height, "front"),
        back=_side(plan, height, "back"),
    )


def draw_shelf(count: int, *, seed: int = 0, height: int = 720) -> Iterator[DrawnBook]:
    """The first `count` books of a seed."""
    for index in range(count):
        yield draw_book(index, seed=seed, height=height)
