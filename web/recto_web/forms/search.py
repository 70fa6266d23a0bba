"""The search form: what was typed and sent, checked, with a sentence for each field that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict

from recto.records import Side, Where
from recto_web.forms.uploads import NotUsable, Upload, read_uploads

MAX_PHOTOS = 2
DEFAULT_LIMIT = 10
MAX_LIMIT = 100
LATEST_YEAR = 2999

Photo = tuple[Side | None, Upload]


@dataclass(frozen=True)
class SearchForm:
    """A search as it was sent: `fields` are the typed texts, `errors` sentences by field, `status` for HTTP."""

    fields: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    status: int = 200
    photos: tuple[Photo, ...] = ()
    where: Where = field(default_factory=Where)
    limit: int = DEFAULT_LIMIT

    def typed(self, name: str) -> str:
        """What stands in a field."""
        return self.fields.get(name, "")

    def wrong(self, name: str) -> str:
        """What is wrong with a field; empty when nothing is."""
        return self.errors.get(name, "")

    @property
    def has_filter(self) -> bool:
        """True when a filter was typed, so that it must not hide."""
        return any(
            self.typed(name) for name in ("year_from", "year_to", "author", "publisher", "language", "tag")
        )


def read_search_form(request: Request, max_bytes: int) -> SearchForm:
    """The form of a search. Field `photo` holds the photo, `side` says what it shows, `other_side` the other side;
    programs may send `front` and `back` in their place."""
    form = request.form
    errors: dict[str, str] = {}
    status = 200
    photos: list[Photo] = []
    try:
        photos = _photos(request, form.get("side", ""), max_bytes)
    except NotUsable as error:
        errors["photo"], status = str(error), error.status
    where = Where(
        year_from=_number(form, "year_from", errors),
        year_to=_number(form, "year_to", errors),
        authors=tuple(name.strip() for name in form.getlist("author") if name.strip()),
        publisher=form.get("publisher", "").strip(),
        language=form.get("language", "").strip(),
        tag=form.get("tag", "").strip(),
    )
    if where.year_from and where.year_to and where.year_from > where.year_to:
        errors["year_to"] = "The last year comes before the first."
    limit = _number(form, "limit", errors) or DEFAULT_LIMIT
    if limit > MAX_LIMIT:
        errors["limit"] = f"At most {MAX_LIMIT} books are listed."
    if errors and status == 200:
        status = 400
    return SearchForm(form.to_dict(), errors, status, tuple(photos), where, limit)


def _photos(request: Request, side: str, max_bytes: int) -> list[Photo]:
    shown = _side(side)
    hidden = {Side.FRONT: Side.BACK, Side.BACK: Side.FRONT, None: None}[shown]
    sources = (("photo", shown), ("other_side", hidden), ("front", Side.FRONT), ("back", Side.BACK))
    photos: list[Photo] = []
    for name, of_side in sources:
        photos += [(of_side, upload) for upload in read_uploads(_chosen(request, name), max_bytes)]
    if not photos:
        raise NotUsable("Choose a photo of a front or back cover first.")
    if len(photos) > MAX_PHOTOS:
        raise NotUsable("One photo of the front and one of the back at most: leave one out.")
    return photos


def _chosen(request: Request, name: str) -> Sequence[FileStorage]:
    """A field may stand twice in the form: once to choose a file, once for the camera of a phone."""
    files = [file for file in request.files.getlist(name) if file.filename]
    if len(files) > 1:
        raise NotUsable("Two photos were given for one side: either choose one or take one.")
    return files


def _side(text: str) -> Side | None:
    if text in ("", "unknown"):
        return None
    if text not in tuple(Side):
        raise NotUsable("The side of a photo is front, back, or left open.")
    return Side(text)


def _number(form: MultiDict[str, str], name: str, errors: dict[str, str]) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= LATEST_YEAR):
        errors[name] = f"“{text[:40]}” is not a usable number here."
        return None
    return int(text)
