"""What the page of a comparison shows of the stored result: plain records for its template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recto.ledger import EvidenceRow
from recto_web.parts import parts
from recto_web.presenters import result as result_views
from recto_web.presenters.match_drawing import Drawing, draw
from recto_web.presenters.result import Candidate
from recto_web.presenters.words import listed

CLEARLY = 0.01
"""Difference of two shares of a cover from which one of two look-alikes is said to fit better. On seed 1 of
`benchmarks/differences.py` 28 of 30 unchanged covers differ by less, 22 of 23 other volumes by .046 or more."""


@dataclass(frozen=True)
class RegionView:
    """A place that differs, in pixels of the cover: `points` is its outline for SVG, its number stands at `x`, `y`."""

    number: int
    points: str
    x: float
    y: float
    place: str
    share: float


@dataclass(frozen=True)
class EvidenceView:
    """A comparison. `width`, `height`: of the cover in pixels; `wide`, `tall`: matched points, beside and below."""

    search_id: str
    photo: int
    book: Candidate
    sentence: str
    verdict: str
    aligned: bool
    inliers: int
    width: int
    height: int
    regions: tuple[RegionView, ...]
    share: float
    judged: float
    outside: float
    glare: float
    wide: Drawing | None
    tall: Drawing | None
    milliseconds: float


@dataclass(frozen=True)
class Twin:
    """A look-alike: its comparison as far as there is one. `least`: it differs least, and clearly."""

    book: Candidate
    photo: int
    state: str  # empty: nobody has asked for it
    sentence: str
    share: float | None
    is_current: bool
    least: bool


def view(row: EvidenceRow) -> EvidenceView | None:
    """What the page shows; None when the answer of the search does not name the cover."""
    book = next((book for book in _books(row.search_id) if book.cover_id == row.cover_id), None)
    result = row.result
    if book is None or result is None:
        return None
    width, height = result["cover_size"]
    photo, cover, outline = result["photo_size"], result["cover_size"], result["outline"]
    drawn = bool(result["matches"]) and outline is not None
    return EvidenceView(
        search_id=row.search_id,
        photo=row.photo,
        book=book,
        sentence=result["sentence"],
        verdict=result["verdict"],
        aligned=result["aligned"],
        inliers=result["inliers"],
        width=width,
        height=height,
        regions=tuple(
            _region(number, region, (width, height)) for number, region in enumerate(result["regions"], 1)
        ),
        share=result["share"],
        judged=result["judged"],
        outside=result["hidden"]["outside"],
        glare=result["hidden"]["glare"],
        wide=draw(photo, cover, outline, result["matches"], beside=True) if drawn else None,
        tall=draw(photo, cover, outline, result["matches"], beside=False) if drawn else None,
        milliseconds=sum(result["timings_ms"].values()),
    )


def twins(row: EvidenceRow) -> list[Twin]:
    """The look-alikes of an ambiguous answer with their comparisons; none for another answer."""
    search = parts().ledger.search(row.search_id)
    if search is None or search.result is None or search.result["verdict"] != "ambiguous":
        return []
    found = result_views.candidates(search.result)
    if result_views.contradiction(search.result, found):
        return []  # photos of different books: no look-alikes
    return compared(row.search_id, result_views.twins(search.result, found), current=row.cover_id)


def compared(search_id: str, books: Sequence[Candidate], current: str = "") -> list[Twin]:
    """Look-alikes with what was found when the photo of the first was compared with each, as far as somebody asked."""
    rows = {row.cover_id: row for row in parts().ledger.evidence_of(search_id) if row.photo == books[0].photo}
    made = [rows.get(book.cover_id) for book in books]
    shares = [_share(each) for each in made]
    best = _clearly_least(shares)
    return [
        Twin(
            book=book,
            photo=books[0].photo,
            state=each.state if each else "",
            sentence=each.result["sentence"] if each and each.result else each.error if each else "",
            share=share,
            is_current=book.cover_id == current,
            least=place == best,
        )
        for place, (book, each, share) in enumerate(zip(books, made, shares, strict=True))
    ]


def advice(books: Sequence[Twin]) -> str:
    """What the comparisons say about look-alikes, as a sentence; empty while not all are made."""
    if len(books) < 2 or any(book.share is None for book in books):
        return ""
    best = next((book for book in books if book.least), None)
    if best is None:
        return "The photo differs from each of them about as much, so the pictures alone do not decide."
    others = listed([book.book.title for book in books if not book.least])
    return (
        f"“{best.book.title}”{_imprint(best.book)} differs least from your photo, clearly less than {others}."
    )


def _imprint(book: Candidate) -> str:
    return f" ({book.year})" if book.year is not None else ""


def _clearly_least(shares: Sequence[float | None]) -> int | None:
    known = sorted(share for share in shares if share is not None)
    if len(known) < 2 or len(known) < len(shares) or known[1] - known[0] < CLEARLY:
        return None
    return shares.index(known[0])


def _share(row: EvidenceRow | None) -> float | None:
    if row is None or row.result is None:
        return None
    return float(row.result["share"]) if row.result["aligned"] else 1.0


def _books(search_id: str) -> list[Candidate]:
    search = parts().ledger.search(search_id)
    return result_views.candidates(search.result) if search is not None and search.result else []


def _region(number: int, region: dict[str, object], size: tuple[int, int]) -> RegionView:
    outline, box = region["outline"], region["box"]
    assert isinstance(outline, list)
    assert isinstance(box, list)
    room = 0.03 * max(size)
    return RegionView(
        number=number,
        points=" ".join(f"{x:.0f},{y:.0f}" for x, y in outline),
        x=min(max(box[0], room), size[0] - room),
        y=min(max(box[1], room), size[1] - room),
        place=str(region["place"]),
        share=float(str(region["share"])),
    )
