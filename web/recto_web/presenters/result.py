"""What the result page shows of the stored result of a search: plain records for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from recto.ledger import SearchRow
from recto.records import Book, Where
from recto_web.parts import parts
from recto_web.presenters.words import listed

LOOK_ALIKE = 0.85
"""Share of the best book's matched points from which a book in its place is a look-alike; as in `recto.search.rank`."""
MOST_TWINS = 4
RUNNERS_UP = 6


@dataclass(frozen=True)
class Candidate:
    """A book of the answer. `exists` is False when it was deleted since; `outline` is in pixels of photo `photo`."""

    book_id: str
    title: str
    authors: str
    publisher: str
    year: int | None
    cover_id: str
    side: str
    probability: float
    inliers: int
    photo: int
    outline: tuple[tuple[float, float], ...]
    exists: bool
    by_barcode: bool  # nothing but a barcode speaks for it


@dataclass(frozen=True)
class PhotoView:
    """A photo with the region that matched. `points` and `shade` are attributes of SVG, empty without a region."""

    url: str
    number: int
    width: int
    height: int
    side: str
    points: str
    shade: str
    more: tuple[str, ...]  # outlines of further books


@dataclass(frozen=True)
class Difference:
    """A field in which look-alikes differ: its name and the value of each, in their order."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class ShownBook:
    """The book that photo `number`, counted from 1, shows by itself."""

    number: int
    book_id: str
    title: str


def contradiction(result: Mapping[str, Any], found: Sequence[Candidate]) -> list[ShownBook]:
    """What each photo shows, where the photos of a search show different books."""
    titles = {book.book_id: book.title for book in found}
    return [
        ShownBook(shown["photo"] + 1, shown["book_id"], titles.get(shown["book_id"], shown["book_id"]))
        for shown in result.get("contradiction", ())
    ]


def candidates(result: Mapping[str, Any]) -> list[Candidate]:
    """The books of a result, best first, with what the ledger says of them now."""
    rows = result["books"]
    books = parts().ledger.books_by_id([row["book_id"] for row in rows])
    return [_candidate(row, books.get(row["book_id"])) for row in rows]


def _candidate(row: Mapping[str, Any], book: Book | None) -> Candidate:
    return Candidate(
        book_id=row["book_id"],
        title=(book.title if book else row["title"]) or row["book_id"],
        authors=listed(book.authors if book else row["authors"]),
        publisher=book.publisher if book else row.get("publisher", ""),
        year=book.year if book else row["year"],
        cover_id=row["cover_id"],
        side=row["side"],
        probability=row["probability"],
        inliers=row["inliers"],
        photo=row["photo"],
        outline=tuple((float(x), float(y)) for x, y in row["outline"] or ()),
        exists=book is not None,
        by_barcode=bool(row.get("barcode")) and not row["inliers"],
    )


def twins(result: Mapping[str, Any], found: Sequence[Candidate]) -> list[Candidate]:
    """The books of an ambiguous answer: the best one and those that fit the same place nearly as well, or what each
    photo shows by itself."""
    shown = {each.book_id for each in contradiction(result, found)}
    if shown:
        return [book for book in found if book.book_id in shown][:MOST_TWINS]
    best = found[0]
    places: list[list[str]] = [answer["books"] for answer in result["answers"]]
    place = next((books for books in places if best.book_id in books), [])
    alike = [book for book in found if book.book_id in place and book.inliers >= LOOK_ALIKE * best.inliers]
    return alike[:MOST_TWINS] if len(alike) > 1 else list(found[:2])


def also_seen(
    result: Mapping[str, Any], found: Sequence[Candidate], shown: Sequence[Candidate]
) -> list[Candidate]:
    """Further books beside those of the answer, each where it was recognised.

    Only in the photo of the best book: in a second photo, of its other side, the book itself is not outlined, so
    that a small agreement with another one, such as a barcode, would pass for a book of its own.
    """
    named = {answer["books"][0] for answer in result["answers"] if answer["books"]}
    known = {book.book_id for book in shown}
    return [
        book
        for book in found
        if book.book_id in named - known and book.outline and book.photo == found[0].photo
    ]


def runners_up(found: Sequence[Candidate], shown: Sequence[Candidate]) -> list[Candidate]:
    """The next books; beside an answer only those that had at least some points in common with the photo."""
    return [book for book in found if book not in shown and (book.inliers or not shown)][:RUNNERS_UP]


def differences(books: Sequence[Candidate]) -> list[Difference]:
    """The fields that tell look-alikes apart."""
    columns = {
        "title": tuple(book.title for book in books),
        "author": tuple(book.authors for book in books),
        "publisher": tuple(book.publisher for book in books),
        "year": tuple(str(book.year or "") for book in books),
    }
    return [Difference(name, values) for name, values in columns.items() if len(set(values)) > 1]


def photos(row: SearchRow, shown: Sequence[Candidate], also: Sequence[Candidate]) -> list[PhotoView]:
    """The photos of a search that was answered, each with the region of the first book of the answer that it shows, and
    of others seen beside it."""
    assert row.result is not None
    views = []
    for number, photo in enumerate(row.result["photos"]):
        outline = next((book.outline for book in shown if book.photo == number), ())
        corners = _corners(outline)
        width, height = int(photo["width"]), int(photo["height"])
        views.append(
            PhotoView(
                url=url_for("result.photo", search_id=row.search_id, number=number),
                number=number,
                width=width,
                height=height,
                side=photo["side"] or "",
                points=corners,
                more=tuple(_corners(book.outline) for book in also if book.photo == number),
                shade=f"M0,0H{width}V{height}H0ZM{corners.replace(' ', 'L')}Z" if corners else "",
            )
        )
    return views


def _corners(outline: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.0f},{y:.0f}" for x, y in outline)


def filter_words(where: Where) -> str:
    """The filter of a search as a part of a sentence; empty without one."""
    said = []
    if where.year_from or where.year_to:
        said.append(f"from {where.year_from or 'the beginning'} to {where.year_to or 'today'}")
    if where.authors:
        said.append("by " + " or ".join(where.authors))
    for name, value in (("published by", where.publisher), ("in the language", where.language)):
        said += [f"{name} {value}"] if value else []
    said += [f"with the tag “{where.tag}”"] if where.tag else []
    return ", ".join(said)
