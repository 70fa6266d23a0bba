"""The search page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from recto.ledger import BookRow
from recto.records import CoverState
from recto.settings import MIB
from recto_web.errors import problem
from recto_web.forms.search import MAX_PHOTOS, SearchForm, read_search_form
from recto_web.forms.uploads import ACCEPT
from recto_web.pages.result import answer
from recto_web.parts import parts
from recto_web.rendering import render, wants_json
from recto_web.security.guard import accepts_files
from recto_web.usecases.example_photos import Example, examples
from recto_web.usecases.searching import send, trouble

SHELF = 9
"""Covers beside the form: three rows of three."""

blueprint = Blueprint("search", __name__)


@dataclass(frozen=True)
class SearchPage:
    """Context of `search.html`. `trouble` says why searching does not work at present; `waiting` covers are queued."""

    template: ClassVar[str] = "search.html"
    form: SearchForm
    examples: tuple[Example, ...]
    books: int
    searchable: int
    waiting: int
    trouble: str
    max_bytes: int
    shelf: tuple[BookRow, ...]  # some books of the catalogue, where there are no examples

    @property
    def max_megabytes(self) -> int:
        """Largest photo in MB."""
        return self.max_bytes // MIB


@blueprint.app_template_global()
def accepted_files() -> str:
    """What file fields offer to choose."""
    return ACCEPT


@blueprint.get("/")
def form() -> ResponseReturnValue:
    """The search page."""
    return render(_page(SearchForm()))


@blueprint.post("/search")
@accepts_files(MAX_PHOTOS)
def start() -> ResponseReturnValue:
    """Take the photos, send the search and wait a moment for its answer."""
    filled = read_search_form(request, parts().settings.max_image_bytes)
    if filled.errors and wants_json():
        return problem(filled.status, " ".join(filled.errors.values()))
    if filled.errors:
        return render(_page(filled), filled.status)
    photos = [(side, upload.data) for side, upload in filled.photos]
    return answer(send(photos, filled.where, filled.limit))


def _page(filled: SearchForm) -> SearchPage:
    counts = parts().ledger.queue_counts()
    waiting = (CoverState.QUEUED, CoverState.HELD, CoverState.WORKING, CoverState.STAGED)
    some = parts().ledger.browse(page=1, page_size=SHELF)
    return SearchPage(
        form=filled,
        examples=tuple(examples()),
        books=some.total,
        searchable=counts.get(CoverState.INDEXED, 0),
        waiting=sum(counts.get(state, 0) for state in waiting),
        trouble=trouble(),
        max_bytes=parts().settings.max_image_bytes,
        shelf=tuple(row for row in some.items if row.front or row.back),
    )
