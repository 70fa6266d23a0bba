"""The index as a whole: which versions are kept, how far a re-index is, and what can be done about it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from recto.calibration import DEFAULT
from recto.encoders import CARDS, Card, added_cards, known_card, parse_spec
from recto.errors import BadInput, RectoError, Unavailable
from recto.ledger import KeptVersions, LostCover
from recto.records import CoverState
from recto.versions import Version
from recto_web.parts import parts
from recto_web.presenters import calibration as calibration_words
from recto_web.presenters.job import JobView
from recto_web.rendering import render
from recto_workers import actions

LOST_SHOWN = 12
"""Covers that are listed of those a switch would lose; the job lists all."""

SHOWN_SECONDS = 86_400.0

blueprint = Blueprint("versions", __name__)


@dataclass(frozen=True)
class VersionView:
    """A version with its encoder's card and its covers by state."""

    version: Version
    card: Card | None
    states: dict[CoverState, int]
    sureness: str  # what its answers are calibrated by

    @property
    def name(self) -> str:
        """What people call it: the network, and to how many numbers its embeddings are shortened."""
        spec = parse_spec(self.version.encoder) if self.card else None
        if spec is None or not spec.pca_size:
            return self.version.encoder
        return f"{spec.network}, {spec.pca_size} numbers"

    @property
    def searchable(self) -> int:
        """Covers that it finds."""
        return self.states[CoverState.INDEXED]

    @property
    def failed(self) -> int:
        """Covers that cannot be used."""
        return self.states[CoverState.FAILED]

    @property
    def waiting(self) -> int:
        """Covers on their way into it."""
        return sum(self.states.values()) - self.searchable - self.failed

    @property
    def percent(self) -> float:
        """Share of its covers that are done, in per cent."""
        total = sum(self.states.values())
        return 100.0 * (total - self.waiting) / total if total else 100.0


@dataclass(frozen=True)
class VersionsPage:
    """Context of `versions.html`."""

    template: ClassVar[str] = "versions.html"
    live: VersionView | None
    other: VersionView | None
    kept: KeptVersions
    job: JobView | None
    lost_count: int
    lost: tuple[LostCover, ...]
    encoders: tuple[Card, ...]
    refused: str  # why the last re-index did not come to its end

    @property
    def is_moving(self) -> bool:
        """True while something changes by itself."""
        in_work = self.kept.other_state in ("building", "dropping")
        return in_work or self.kept.is_switching or bool(self.kept.asked)


@blueprint.get("/index")
def show() -> ResponseReturnValue:
    """The versions."""
    ledger = parts().ledger
    kept = ledger.kept_versions()
    job = ledger.job(kept.job_id) if kept.job_id else None
    compared = kept.other_state in ("ready", "previous")
    count, lost = ledger.lost_covers(LOST_SHOWN) if compared else (0, [])
    page = VersionsPage(
        live=_view(kept.live),
        other=_view(kept.other),
        kept=kept,
        job=JobView(job) if job else None,
        lost_count=count,
        lost=tuple(lost),
        encoders=_offered(kept.live),
        refused=_refused(kept),
    )
    return render(page)


@blueprint.post("/index/reindex")
def reindex() -> ResponseReturnValue:
    """Ask for a re-index."""
    text = request.form.get("pca", "").strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 6):
        raise BadInput(f"“{text[:20]}” is not a number of dimensions; leave the field empty to keep all.")
    switch = request.form.get("switch") == "yes"
    encoder, pca = request.form.get("encoder", ""), int(text or 0)
    actions.start_reindex(parts().ledger, parts().blobs, encoder, pca=pca, switch=switch)
    return _back()


@blueprint.post("/index/switch")
def switch() -> ResponseReturnValue:
    """Ask for the version that is ready."""
    actions.switch(parts().ledger, allow_failed=_is_forced())
    return _back()


@blueprint.post("/index/rollback")
def rollback() -> ResponseReturnValue:
    """Ask for the version that was live before."""
    actions.rollback(parts().ledger, allow_failed=_is_forced())
    return _back()


@blueprint.post("/index/prune")
def prune() -> ResponseReturnValue:
    """Remove the version that was live before."""
    actions.prune(parts().ledger)
    return _back()


@blueprint.post("/index/cancel")
def cancel() -> ResponseReturnValue:
    """Give up the version that is built."""
    actions.cancel(parts().ledger)
    return _back()


def _view(version: Version | None) -> VersionView | None:
    if version is None:
        return None
    try:
        known = known_card(version.encoder, parts().blobs)
    except RectoError:  # another program made it, or its store is away: the versions are shown all the same
        known = None
    ledger, recipe = parts().ledger, version.recipe_id
    sureness = calibration_words.of_index(ledger.calibration(recipe) or DEFAULT, recipe)
    return VersionView(version, known, ledger.queue_counts(recipe), sureness)


def _offered(live: Version | None) -> tuple[Card, ...]:
    """The encoders to choose from; the one in use last, since it makes another version only with shorter embeddings."""
    try:
        added = added_cards(parts().blobs)
    except Unavailable:  # the store is away; the page is not
        added = []
    offered = (*CARDS.values(), *added)
    return tuple(sorted(offered, key=lambda each: live is not None and each.name == live.encoder))


def _refused(kept: KeptVersions) -> str:
    """Why the last re-index did not come to its end, for a day; whoever asked for it comes back to this page."""
    if kept.other is not None or kept.asked:
        return ""
    row = parts().ledger.job(parts().ledger.last_reindex())
    lately = row is not None and time.time() - row.created < SHOWN_SECONDS
    return row.reason if row is not None and lately else ""


def _is_forced() -> bool:
    return request.form.get("allow_failed") == "yes"


def _back() -> ResponseReturnValue:
    return redirect(url_for("versions.show"), 303)
