"""Covers that are alike: both side by side, and two buttons for what a person says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from recto.ledger import Pair
from recto.ledger.duplicates import DIFFERENT
from recto.records import Alike
from recto_web.parts import parts
from recto_web.presenters.paging import Pager, page_number, pager
from recto_web.rendering import render

PAGE_SIZE = 24
FEW = 6
"""Pairs that the page of a small job shows itself."""
NAMES = {
    Alike.SAME_FILE: "Same file",
    Alike.SAME_PICTURE: "Same picture",
    Alike.SAME_ARTWORK: "Same artwork",
    Alike.LOOK_ALIKE: "Look-alike",
}
SENTENCES = {
    Alike.SAME_FILE: "Both covers are the same file.",
    Alike.SAME_PICTURE: "The same picture in two files.",
    Alike.SAME_ARTWORK: "Most of the picture agrees, a part differs: perhaps another printing.",
    Alike.LOOK_ALIKE: "Layout and lettering agree, the picture differs: perhaps a series.",
}
NO_PAIR = "Nothing was found about these two covers. One of them may have been deleted."
blueprint = Blueprint("duplicates", __name__)


@dataclass(frozen=True)
class PairView:
    """A pair of covers as templates see it."""

    pair: Pair
    name: str
    sentence: str

    @property
    def agrees(self) -> str:
        """How much of what is to be seen agrees, in per cent; empty where nobody looked at the pixels."""
        share = self.pair.measures.get("share")
        return f"{share:.0%}".replace("%", " %") if share else ""


@dataclass(frozen=True)
class DuplicatesPage:
    """Context of `duplicates.html`. `counts` are the pairs of each kind, `address` what the listing is narrowed to."""

    template: ClassVar[str] = "duplicates.html"
    pairs: tuple[PairView, ...]
    pager: Pager
    counts: tuple[tuple[Alike, str, int], ...]
    kind: str
    is_decided: bool
    job_id: str
    book_id: str
    address: dict[str, str]


@dataclass(frozen=True)
class AlikesOfJob:
    """What the page of a job says of its covers that look like others."""

    covers: int = 0
    is_comparing: bool = False
    kinds: tuple[tuple[str, int], ...] = ()
    pairs: tuple[PairView, ...] = field(default=())


@blueprint.get("/duplicates")
def listing() -> ResponseReturnValue:
    """A page of covers that are alike."""
    asked = {name: request.args.get(name, "") for name in ("kind", "show", "job", "book")}
    address = {name: text for name, text in asked.items() if text}
    kind = Alike(asked["kind"]) if asked["kind"] in list(Alike) else None
    is_decided = asked["show"] == DIFFERENT
    narrowed: dict[str, Any] = {"job_id": asked["job"], "book_id": asked["book"], "decided": is_decided}
    found = parts().ledger.duplicates(kind, **narrowed, page=page_number(), page_size=PAGE_SIZE)
    counts = parts().ledger.duplicate_counts(**narrowed)
    return render(
        DuplicatesPage(
            tuple(view(pair) for pair in found.items),
            pager(found, "duplicates.listing", address),
            tuple((each, NAMES[each], number) for each, number in counts.items() if number),
            kind.value if kind else "",
            is_decided,
            asked["job"],
            asked["book"],
            address,
        )
    )


@blueprint.post("/duplicates/<uuid:cover_id>/<uuid:other_id>/different")
def different(cover_id: object, other_id: object) -> ResponseReturnValue:
    """Keep that the books of two covers are different."""
    pair = _pair(cover_id, other_id)
    parts().ledger.decide(pair.book.book_id, pair.other_book.book_id, request.form.get("note", ""))
    return _back()


@blueprint.post("/duplicates/<uuid:cover_id>/<uuid:other_id>/undo")
def undo(cover_id: object, other_id: object) -> ResponseReturnValue:
    """Take that back."""
    pair = _pair(cover_id, other_id)
    parts().ledger.undecide(pair.book.book_id, pair.other_book.book_id)
    return _back()


def of_job(job_id: str, *, is_small: bool) -> AlikesOfJob:
    """What is to be said of a job; of a small one its pairs too."""
    ledger = parts().ledger
    found = ledger.alike_in_job(job_id)
    if not found.covers:
        return AlikesOfJob(is_comparing=found.is_comparing)
    counts = ledger.duplicate_counts(job_id)
    kinds = tuple((NAMES[kind].lower(), number) for kind, number in counts.items() if number)
    pairs = ledger.duplicates(job_id=job_id, page_size=FEW).items if is_small else ()
    return AlikesOfJob(found.covers, found.is_comparing, kinds, tuple(view(pair) for pair in pairs))


def view(pair: Pair) -> PairView:
    """A pair as templates see it."""
    sentence = "Front and back are the same file." if pair.is_same_book else SENTENCES[pair.kind]
    return PairView(pair, NAMES[pair.kind], sentence)


def _pair(cover_id: object, other_id: object) -> Pair:
    return parts().ledger.duplicate(str(cover_id), str(other_id)) or abort(404, NO_PAIR)


def _back() -> ResponseReturnValue:
    """The listing as it was; a page that became empty shows the one before it by its pager."""
    kept: dict[str, Any] = {
        name: text for name in ("kind", "show", "job", "book", "page") if (text := request.form.get(name))
    }
    return redirect(url_for("duplicates.listing", **kept), 303)
