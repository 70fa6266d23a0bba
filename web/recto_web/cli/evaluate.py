"""`recto evaluate`: methods of finding books compared on labelled photos."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recto.errors import BadInput
from recto.settings import Settings
from recto_web.cli.evaluation_table import table
from recto_web.cli.extras import require
from recto_web.cli.progress import Progress

if TYPE_CHECKING:
    from recto.intake.labelled.sets import LabelledSet
    from recto_lab.evaluation.methods.base import Method
    from recto_lab.evaluation.run import Run

EXIT_SOME_FAILED = 3
EXIT_LOST = 5
FAILURES_SHOWN = 20


@click.command()
@click.argument("labelled", metavar="SET", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--methods",
    "-m",
    multiple=True,
    default=("recto",),
    show_default=True,
    help="Methods to compare, separated by commas; docs/evaluate.md lists them. May be given several times.",
)
@click.option("--every", type=click.IntRange(1), default=1, help="Take every n-th photo only.")
@click.option("--limit-references", type=click.IntRange(1), help="Books of the catalogue at most.")
@click.option("--seed", default=0, show_default=True, help="Draws which books --limit-references keeps.")
@click.option("--leave-out", is_flag=True, help="Search each photo once more with its true books left out.")
@click.option(
    "--top",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="Covers that methods with `:verify` verify.",
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results here."
)
@click.option(
    "--html", type=click.Path(path_type=Path), help="Write a report here: a .html file, or a folder."
)
@click.option(
    "--baseline",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Earlier --json to compare with.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=0.02,
    show_default=True,
    help="Loss of a measure against --baseline that counts as none.",
)
def evaluate(
    labelled: Path,
    methods: tuple[str, ...],
    every: int,
    limit_references: int | None,
    seed: int,
    leave_out: bool,
    top: int,
    json_file: Path | None,
    html: Path | None,
    baseline: Path | None,
    tolerance: float,
) -> None:
    """Compare methods on SET: photos of which it is known what they show.

    SET is a folder with manifest.csv and queries.csv, or one .csv with a column `role`. The catalogue of the data
    folder is neither used nor changed. Exit code 3: some files could not be used; 5: a measure is worse than in
    the baseline by more than the tolerance.
    """
    from recto.intake.labelled.reading import read_labelled
    from recto_lab.evaluation.document import read_document, to_document

    before = read_document(baseline) if baseline else None
    _check_outputs(json_file, html)
    names = [name.strip() for part in methods for name in part.split(",") if name.strip()]
    photos = read_labelled(labelled).thinned(every, limit_references, seed)
    options = {"every": every, "limit_references": limit_references, "seed": seed, "leave_out": leave_out}
    runs = _run_all(photos, list(dict.fromkeys(names)), leave_out=leave_out, top=top)
    document = to_document(photos, {**options, "top": top}, runs)
    click.echo(table(document))
    if json_file:
        json_file.write_text(f"{json.dumps(document)}\n")
    if html:
        _write_report(html, photos, document)
    failed = _report_failures(runs)
    if before is not None:
        _compare(document, before, tolerance)
    if failed:
        raise SystemExit(EXIT_SOME_FAILED)


def _check_outputs(json_file: Path | None, html: Path | None) -> None:
    """Find out before the work whether its results can be kept."""
    if html is not None:
        require("evaluate")
    for path in (json_file, html):
        if path is not None and not path.absolute().parent.is_dir():
            raise BadInput(
                f"The folder {path.absolute().parent} does not exist; make it, or name another file."
            )


def _run_all(labelled: LabelledSet, names: list[str], *, leave_out: bool, top: int) -> list[Run]:
    """Run every method; what is wrong with a name, or missing for it, is said before the first starts."""
    from recto_lab.evaluation.methods import check_method
    from recto_lab.evaluation.run import run

    settings = Settings.from_environment()
    for name in names:
        check_method(name, settings)
    runs = []
    for name in names:
        with _method(name, settings, top) as method, _progress(name) as progress:
            runs.append(run(method, labelled, leave_out=leave_out, progress=progress))
        click.echo(f"{name}: {runs[-1].covers} covers in {runs[-1].index_seconds:.0f} s, done.", err=True)
    return runs


@contextmanager
def _method(name: str, settings: Settings, top: int) -> Iterator[Method]:
    from recto_lab.evaluation.methods import PRODUCT, make_method

    if name != PRODUCT:
        yield make_method(name, settings, top)
        return
    from recto_web.cli.evaluated_product import product

    with product(settings) as method:
        yield method


@contextmanager
def _progress(name: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each stage of a method, one after the other."""
    with ExitStack() as stack:
        bars: dict[str, Progress] = {}

        def update(what: str, done: int, total: int) -> None:
            if what not in bars:
                stack.close()
                bars[what] = stack.enter_context(Progress(f"{name}: {what}"))
            bars[what].update(done, total=total)

        yield update


def _report_failures(runs: list[Run]) -> bool:
    """Say which files could not be used; each once, however many methods met it."""
    failures = list(dict.fromkeys(failure for run in runs for failure in run.failures))
    for failure in failures[:FAILURES_SHOWN]:
        click.echo(f"failed: {failure}", err=True)
    if len(failures) > FAILURES_SHOWN:
        click.echo(f"... and {len(failures) - FAILURES_SHOWN} more; --json has all.", err=True)
    return bool(failures)


def _write_report(path: Path, labelled: LabelledSet, document: dict[str, Any]) -> None:
    from recto_lab.evaluation.report.page import render
    from recto_lab.evaluation.thumbnails import thumbnails

    file = path if path.suffix.lower() in (".html", ".htm") else path / "index.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(render(document, thumbnails(labelled, document)), encoding="utf-8")
    click.echo(f"The report is {file}.", err=True)


def _compare(document: dict[str, Any], before: dict[str, Any], tolerance: float) -> None:
    """Say what was lost against the baseline; exit code 5 where anything was."""
    from recto_lab.evaluation.baseline import losses, not_compared

    lost = losses(document, before, tolerance)
    if missing := not_compared(document, before):
        click.echo(f"Not compared, as not measured now: {', '.join(missing)}.", err=True)
    for loss in lost:
        click.echo(f"lost: {loss}", err=True)
    if lost:
        raise SystemExit(EXIT_LOST)
    click.echo(f"No measure is worse than in the baseline by more than {tolerance}.", err=True)


COMMANDS = (evaluate,)
