"""`recto calibrate`: fit how sure an answer is on labelled photos, and measure it on others."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recto.calibration import DEFAULT, Calibration
from recto.errors import BadInput, RectoError, Refused
from recto.records import CoverState, Where
from recto_web.cli.calibration_report import facts_of, lines_of
from recto_web.cli.progress import Progress
from recto_web.cli.search import run_one
from recto_web.cli.session import Session, connect

if TYPE_CHECKING:
    from recto.calibration.searches import Searched
    from recto.intake.labelled.sets import LabelledPhoto, LabelledSet

EXIT_SOME_FAILED = 3
BOOKS_ASKED = 2
"""Books asked of each search; only the first one counts."""


@dataclass(frozen=True)
class Collected:
    """Searches of labelled photos, all answered by one recipe, and the photos that could not be searched."""

    recipe: str
    searches: list[Searched]
    unread: dict[str, str]  # photo id -> why


@click.command()
@click.argument("source", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Fit and report, but go on with the calibration in use.")
@click.option("--show", is_flag=True, help="Only show the calibration in use.")
@click.option(
    "--reset", is_flag=True, help="Forget the calibration of the live index; the default counts again."
)
@click.option(
    "--at-least",
    type=click.IntRange(2),
    default=30,
    show_default=True,
    help="Right answers, and wrong ones, without which nothing is fitted.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def calibrate(
    source: Path | None, dry_run: bool, show: bool, reset: bool, at_least: int, as_json: bool
) -> None:
    """Fit how sure an answer is on the labelled photos of SOURCE, for the index that is live.

    SOURCE is a set as for `recto evaluate`; its photos are searched in the catalogue that stands, once as they are and
    once with their book left out. One half of the photos fits, the other half is reported. A running `recto up` uses
    the new calibration within seconds. Exit code 3: some photos could not be searched.
    """
    if show or reset:
        _keep_or_reset(reset, as_json)
        return
    if source is None:
        raise click.UsageError("Name a SOURCE of labelled photos, or give --show or --reset.")
    from recto.intake.labelled.reading import read_labelled

    labelled = read_labelled(source)
    with connect(needs_workers=True) as session:
        check_enough(session, labelled, at_least)
        collected = collect(session, labelled)
        before = session.ledger.calibration(collected.recipe) or DEFAULT
        fitted = _fit(collected, labelled.name, at_least)
        if not dry_run:
            session.ledger.set_calibration(fitted)
    _tell(collected, before, fitted, stored=not dry_run, as_json=as_json)
    if collected.unread:
        raise SystemExit(EXIT_SOME_FAILED)


def check_enough(session: Session, labelled: LabelledSet, at_least: int) -> None:
    """Refuse, before any search, a set that cannot give enough right answers.

    Raises:
        BadInput: too few photos show a book of the catalogue.
    """
    present = sum(bool(_present(session, photo)) for photo in labelled.photos)
    if present < at_least:
        raise BadInput(
            f"{present} of the {len(labelled.photos)} photos show a book that is in the catalogue; a calibration needs "
            f"at least {at_least}. Add the books first (`recto ingest` of the set's manifest), or more photos."
        )


def collect(session: Session, labelled: LabelledSet) -> Collected:
    """Search every photo, and once more without its books where the catalogue has one.

    Raises:
        RectoError: another version of the index became live meanwhile.
        Unavailable: no worker answers.
    """
    searches: list[Searched] = []
    unread: dict[str, str] = {}
    recipes: set[str] = set()
    with Progress("photos") as progress:
        for number, photo in enumerate(labelled.photos):
            progress.update(number, total=len(labelled.photos), failed=len(unread))
            present = _present(session, photo)
            try:
                for without in ((), present) if present else ((),):
                    result = run_one(session, [(None, photo.path)], Where(without=without), BOOKS_ASKED)
                    recipes.add(result["recipe"])
                    searches.append(_searched(photo, labelled.excused(photo), present, without, result))
            except (BadInput, Refused) as error:
                unread[photo.photo_id] = str(error)
    if len(recipes) > 1:
        raise RectoError("Another version of the index became live meanwhile; run `recto calibrate` again.")
    if not recipes:
        raise BadInput("None of the photos could be searched." if unread else "The set has no photos.")
    return Collected(recipes.pop(), searches, unread)


def _present(session: Session, photo: LabelledPhoto) -> tuple[str, ...]:
    """The right books of a photo that can be found."""
    return tuple(
        truth
        for truth in photo.truths
        if any(cover.state is CoverState.INDEXED for cover in session.ledger.covers_of(truth))
    )


def _searched(
    photo: LabelledPhoto,
    excused: frozenset[str],
    present: tuple[str, ...],
    without: tuple[str, ...],
    result: dict[str, Any],
) -> Searched:
    from recto.calibration.searches import Searched

    books = result["books"]
    book_id, inliers = (books[0]["book_id"], books[0]["inliers"]) if books else ("", 0)
    return Searched(
        photo_id=photo.photo_id,
        in_catalogue=bool(present) and not without,
        left_out=bool(without),
        book_id=book_id,
        inliers=inliers,
        right=book_id in photo.truths,
        # What a barcode decides says nothing of matched points either.
        look_alike=book_id in excused or any(book.get("barcode") for book in books[:1]),
    )


def _fit(collected: Collected, source: str, at_least: int) -> Calibration:
    from recto.calibration.searches import calibrate as fit_calibration

    return fit_calibration(collected.searches, collected.recipe, source, at_least=at_least)


def _tell(
    collected: Collected, before: Calibration, fitted: Calibration, *, stored: bool, as_json: bool
) -> None:
    from recto.calibration.searches import found, is_fitted_on, measured

    searches = collected.searches
    reported = [search for search in searches if not is_fitted_on(search.photo_id)]
    former = measured(before, reported)
    absent = [search for search in searches if not search.in_catalogue]
    accepted = found(fitted, absent)
    if as_json:
        facts = {
            **facts_of(fitted),
            "searches": len(searches),
            "before": facts_of(former),
            "found_without_their_book": [asdict(search) for search in accepted],
            "unread": collected.unread,
            "stored": stored,
        }
        click.echo(json.dumps(facts))
        return
    for line in lines_of(fitted, former, accepted):
        click.echo(line)
    for photo_id, reason in collected.unread.items():
        click.echo(f"{photo_id}: {reason}", err=True)
    click.echo("In use from now on." if stored else "Not stored (--dry-run).")


def _keep_or_reset(reset: bool, as_json: bool) -> None:
    with connect(needs_workers=False) as session:
        live = session.ledger.live_version()
        if live is None:
            raise BadInput("There is no index yet; the first `recto up` makes it.")
        if reset:
            gone = session.ledger.delete_calibration(live.recipe_id)
            click.echo(
                "Forgotten; the default counts again." if gone else "There was none of its own.", err=True
            )
        used = session.ledger.calibration(live.recipe_id) or DEFAULT
    if as_json:
        click.echo(json.dumps({**facts_of(used), "recipe_fits": used.fits(live.recipe_id)}))
        return
    for line in lines_of(used, None, []):
        click.echo(line)
    if not used.fits(live.recipe_id):
        click.echo(
            f"Not fitted for this index (recipe {live.recipe_id}): answers say it in words, without a number."
        )


COMMANDS = (calibrate,)
