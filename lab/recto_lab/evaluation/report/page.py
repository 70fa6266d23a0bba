"""The page of a report: one context, one template, everything inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from recto_lab.evaluation.report.plots import COLOURS, recall_curves, reliability_plot, style_of
from recto_lab.evaluation.report.sheets import SheetView, left_out_sheets, sheets

if TYPE_CHECKING:
    from recto_lab.evaluation.thumbnails import Thumbnails

TEMPLATES = Path(__file__).resolve().parent / "templates"
DEPTHS = ("1", "5", "10", "100")


@dataclass(frozen=True)
class Column:
    """A measure of the tables: its heading, what it means, where it stands in the document."""

    heading: str
    meaning: str
    key: str


COLUMNS = (
    Column("mAP", "mean average precision of the first 100 books", "mean_average_precision"),
    Column("precision", "right among the books that were asserted", "precision"),
    Column("recall", "asserted among the books that the photos show", "recall"),
    Column("F1", "harmonic mean of precision and recall", "f1"),
    Column("best F1", "F1 at the best threshold, chosen on these photos: a bound", "best_f1"),
    Column("wrong no", "photos of the catalogue's books that were called not found", "missed"),
    Column("wrong yes", "photos without a match that were called found", "false_found"),
    Column("left out", "photos whose book was left out, and another one found", "left_out_found"),
)


@dataclass(frozen=True)
class Stage:
    """A stage of a query: its median, and its part of the longest bar in percent."""

    name: str
    median: float
    percent: float
    colour: int


@dataclass(frozen=True)
class MethodView:
    """A method with its times, its reliability where it gives probabilities, and its contact sheets."""

    name: str
    style: str
    dashes: str
    covers: int
    covers_a_second: float
    stages: list[Stage]
    total: tuple[float, float]
    reliability: Markup
    calibration: Mapping[str, Any] | None
    misses: list[SheetView]
    others: list[SheetView]
    left_out: list[SheetView]
    """Those that found a book although their own was left out; none for a method that cannot say no."""


@dataclass(frozen=True)
class PartView:
    """A table of measures: of all photos, or of a part."""

    name: str
    photos: int
    rows: list[tuple[str, str, Mapping[str, Any]]]  # method, its colour, its measures


@dataclass(frozen=True)
class ReportPage:
    """Context of the report."""

    template: ClassVar[str] = "report.html"

    set_name: str
    references: int
    books: int
    photos: int
    version: str
    options: list[str]
    parts: list[PartView]
    methods: list[MethodView]
    curves: Markup
    pictures: list[tuple[int, str]]  # numbers of the classes and addresses
    numbers: Mapping[str, int]  # class numbers of `c-BOOK` and `p-PHOTO`
    columns: tuple[Column, ...] = COLUMNS
    depths: tuple[str, ...] = DEPTHS


def render(document: Mapping[str, Any], thumbnails: Thumbnails) -> str:
    """The report as HTML."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = _page(document, thumbnails)
    return environment.get_template(page.template).render(page=page)


def _page(document: Mapping[str, Any], thumbnails: Thumbnails) -> ReportPage:
    methods: Mapping[str, Any] = document["methods"]
    slowest = max(
        method["measures"]["all"]["times_ms"].get("total", (0, 0))[0] for method in methods.values()
    )
    ranks = [
        (name, [photo["rank"] for photo in method["photos"] if photo["truths"]])
        for name, method in methods.items()
    ]
    addresses = {f"c-{book}": address for book, address in thumbnails.covers.items() if address}
    addresses |= {f"p-{photo}": address for photo, address in thumbnails.photos.items() if address}
    labelled = document["set"]
    return ReportPage(
        set_name=labelled["name"],
        references=labelled["references"],
        books=labelled["books"],
        photos=len(labelled["photos"]),
        version=document["recto"],
        options=[_option(name, value) for name, value in document["options"].items() if value],
        parts=_parts(methods),
        methods=[
            _method(number, name, method, slowest, thumbnails.covers)
            for number, (name, method) in enumerate(methods.items())
        ],
        curves=recall_curves(ranks),
        pictures=list(enumerate(addresses.values())),
        numbers={name: number for number, name in enumerate(addresses)},
    )


def _option(name: str, value: object) -> str:
    flag = f"--{name.replace('_', '-')}"
    return flag if value is True else f"{flag} {value}"


def _parts(methods: Mapping[str, Any]) -> list[PartView]:
    names = list(dict.fromkeys(part for method in methods.values() for part in method["measures"]))
    return [
        PartView(
            name,
            next(iter(methods.values()))["measures"][name]["photos"],
            [
                (method, style_of(number)[0], measured["measures"][name])
                for number, (method, measured) in enumerate(methods.items())
            ],
        )
        for name in names
    ]


def _method(
    number: int, name: str, method: Mapping[str, Any], slowest: float, covers: Mapping[str, str]
) -> MethodView:
    style, dashes = style_of(number)
    measures = method["measures"]["all"]
    calibration = measures["calibration"]
    views = sheets(method["photos"], covers)
    times = measures["times_ms"]
    return MethodView(
        name,
        style,
        dashes,
        method["covers"],
        method["covers"] / max(method["index_seconds"], 1e-9),
        _stages(times, slowest),
        tuple(times.get("total", (0.0, 0.0))),
        reliability_plot(calibration["bins"], number, name) if calibration else Markup(""),
        calibration,
        [view for view in views if view.miss],
        [view for view in views if not view.miss],
        left_out_sheets(method["photos"], covers),
    )


def _stages(times: Mapping[str, Sequence[float]], slowest: float) -> list[Stage]:
    stages = [(name, spent[0]) for name, spent in times.items() if name != "total"]
    return [
        Stage(
            name,
            median,
            100 * median / max(slowest, sum(spent for _, spent in stages), 1e-9),
            place % COLOURS,
        )
        for place, (name, median) in enumerate(stages)
    ]
