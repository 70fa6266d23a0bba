"""Contact sheets: what a method says about each photo, misses first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CoverView:
    """A cover of a ranking. `kind`: right, excused, asserted (and wrong), or "" for any other."""

    book_id: str
    picture: str
    kind: str
    label: str


@dataclass(frozen=True)
class SheetView:
    """A photo with its ranking. `miss`: something about the answer is wrong; `verdict` says what in a few words."""

    photo_id: str
    part: str
    picture: str
    miss: bool
    verdict: str
    covers: list[CoverView]
    truths: list[CoverView]
    """Covers of true books that are not among those shown."""


def sheets(photos: Sequence[Mapping[str, Any]], pictures: Mapping[str, str]) -> list[SheetView]:
    """A sheet for every photo."""
    return [_sheet(photo, pictures) for photo in photos]


def left_out_sheets(photos: Sequence[Mapping[str, Any]], pictures: Mapping[str, str]) -> list[SheetView]:
    """Sheets of the searches that found a book although the photo's own was left out; none where all did."""
    tried = [_left_out(photo, pictures) for photo in photos if photo["left_out"]]
    wrong = [view for view in tried if view.miss]
    return wrong if len(wrong) < len(tried) else []


def _sheet(photo: Mapping[str, Any], pictures: Mapping[str, str]) -> SheetView:
    truths, found, excused = set(photo["truths"]), set(photo["found"]), set(photo["excused"])
    wrong = found - truths - excused
    if photo["error"]:
        miss, verdict = True, photo["error"]
    elif not truths:
        miss, verdict = bool(wrong), "found, but not in the catalogue" if wrong else "rightly not found"
    elif found & truths and not wrong:
        miss, verdict = bool(truths - found), "found" if truths <= found else "not all found"
    else:
        miss, verdict = True, _how_missed(photo, bool(wrong))
    shown = {hit["book_id"] for hit in photo["hits"]}
    missing = [
        _cover(truth, pictures, "right", "true book") for truth in photo["truths"] if truth not in shown
    ]
    return SheetView(
        photo["id"], photo["set"], f"p-{photo['id']}", miss, verdict, _covers(photo, photo, pictures), missing
    )


def _how_missed(photo: Mapping[str, Any], wrong: bool) -> str:
    place = f"right book at {photo['rank']}" if photo["rank"] else "right book not in the first 100"
    if wrong:
        return f"wrong book found; {place}"
    return f"look-alike found; {place}" if photo["found"] else f"called not found; {place}"


def _left_out(photo: Mapping[str, Any], pictures: Mapping[str, str]) -> SheetView:
    answer = photo["left_out"]
    wrong = set(answer["found"]) - set(photo["excused"])
    verdict = "its book left out, another one found"
    covers = _covers(photo, answer, pictures)
    return SheetView(photo["id"], photo["set"], f"p-{photo['id']}", bool(wrong), verdict, covers, [])


def _covers(
    photo: Mapping[str, Any], answer: Mapping[str, Any], pictures: Mapping[str, str]
) -> list[CoverView]:
    return [
        _cover(hit["book_id"], pictures, _kind(hit["book_id"], photo, answer), _label(hit))
        for hit in answer["hits"]
    ]


def _kind(book_id: str, photo: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    if book_id in photo["truths"]:
        return "right"
    if book_id in photo["excused"]:
        return "excused"
    return "asserted" if book_id in answer["found"] else ""


def _label(hit: Mapping[str, Any]) -> str:
    if hit["probability"] is not None:
        return f"{hit['probability']:.1%}"
    return f"{hit['score']:.3g}"


def _cover(book_id: str, pictures: Mapping[str, str], kind: str, label: str) -> CoverView:
    return CoverView(book_id, f"c-{book_id}" if pictures.get(book_id) else "", kind, label)
