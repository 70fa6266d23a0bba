"""`recto search`: which book does a photo show?"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from recto.calibration import shows_percentage
from recto.errors import BadInput, RectoError, Unavailable
from recto.records import Side, Where
from recto_web.cli.session import Session, connect
from recto_web.presenters.words import sureness_alone

EXIT_NOT_FOUND = 4
POLL_SECONDS = 0.01


@click.command()
@click.argument(
    "photos", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--back",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Photo of the back of the same book; goes with one PHOTO.",
)
@click.option(
    "--side",
    type=click.Choice([side.value for side in Side]),
    help="The side that the photos show, where it is known.",
)
@click.option(
    "--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Books listed at most."
)
@click.option("--year-from", type=int, help="Only books of this year or later.")
@click.option("--year-to", type=int, help="Only books of this year or earlier.")
@click.option(
    "--author", "authors", multiple=True, help="Only books by this author; may be given several times."
)
@click.option("--publisher", default="", help="Only books of this publisher.")
@click.option("--language", default="", help="Only books in this language.")
@click.option("--tag", default="", help="Only books with this tag.")
@click.option("--without", multiple=True, help="Id of a book to leave out; may be given several times.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON per photo.")
def search(
    photos: tuple[Path, ...], back: Path | None, side: str | None, limit: int, as_json: bool, **filters: Any
) -> None:
    """Find the book that each PHOTO shows.

    With one PHOTO, exit code 4 says that its book is not in the catalogue. A photo that cannot be read is told on
    stderr and gives exit code 3; the other photos are still searched.
    """
    if back is not None and len(photos) != 1:
        raise click.UsageError("--back goes with exactly one PHOTO, the front of the same book.")
    where = Where(**filters)
    failed = 0
    results: list[dict[str, Any]] = []
    with connect(needs_workers=True) as session:
        for photo in photos:
            shown: list[tuple[Side | None, Path]] = [(Side(side) if side else None, photo)]
            if back is not None:
                shown = [(Side.FRONT, photo), (Side.BACK, back)]
            try:
                results.append(run_one(session, shown, where, limit))
            except RectoError as error:
                failed += 1
                click.echo(f"{photo}: {error}", err=True)
                continue
            click.echo(
                json.dumps({"photo": str(photo), **results[-1]}) if as_json else _sentence(photo, results[-1])
            )
    if failed:
        raise SystemExit(3)
    if len(results) == 1 and results[0]["verdict"] == "not_found":
        raise SystemExit(EXIT_NOT_FOUND)


def run_one(
    session: Session, photos: Sequence[tuple[Side | None, Path]], where: Where, limit: int
) -> dict[str, Any]:
    """Send one search to the workers and wait for its result.

    Raises:
        BadInput: a photo was refused; the message says why.
        Unavailable: no worker answered in time.
    """
    from recto.storage.blobs import open_blobs

    assert session.producer is not None
    blobs = open_blobs(session.settings)
    names = [
        (side, blobs.put_incoming(_read(path, session.settings.max_image_bytes))) for side, path in photos
    ]
    search_id = session.ledger.create_search(names, where, limit)
    session.producer.send_search(search_id)
    deadline = time.monotonic() + session.settings.search_seconds
    while time.monotonic() < deadline:
        row = session.ledger.search(search_id)
        assert row is not None, "a search outlives its deadline"
        if row.state == "done" and row.result is not None:
            return row.result
        if row.state == "failed":
            raise BadInput(row.error)
        if row.state == "expired" and row.error:
            raise Unavailable(row.error)
        time.sleep(POLL_SECONDS)
    raise Unavailable("No worker answered in time; `recto status` shows which parts run.")


def _read(path: Path, max_bytes: int) -> bytes:
    from recto.files import open_plain

    with open_plain(path, max_bytes) as file:
        return file.read()


def _sentence(photo: Path, result: dict[str, Any]) -> str:
    """The answer for people: a line for the photo, a line per book that is worth a look."""
    heading = {
        "found": "found",
        "ambiguous": "one of these look-alikes",
        "not_found": "not in the catalogue",
    }[result["verdict"]]
    if result.get("contradiction"):
        heading = "the photos show different books"
    lines = [f"{photo}: {heading} ({result['timings_ms']['total']:.0f} ms)"]
    shown = result["books"][:5] if result["verdict"] != "not_found" else []
    in_numbers = shows_percentage(result.get("calibration"))
    for book in shown:
        authors = ", ".join(book["authors"])
        sure = _sure(book["probability"], in_numbers)
        lines.append(
            f"  {sure}  {book['title'] or book['book_id']}{' by ' + authors if authors else ''}"
            f"  [{book['book_id']}]  {_seen(book)}"
        )
    return "\n".join([*lines, *_barcode_lines(result)])


def _seen(book: dict[str, Any]) -> str:
    by_barcode = book.get("barcode", False)  # of a worker that is older, no word
    if by_barcode and not book["inliers"]:
        return "by its barcode alone"
    return f"{book['side']}, {book['inliers']} matched points{', and its barcode' if by_barcode else ''}"


def _barcode_lines(result: dict[str, Any]) -> list[str]:
    """A line for each barcode that says something else than the answer."""
    lines = []
    first = result["books"][0]["book_id"] if result["verdict"] != "not_found" else ""
    for barcode in result.get("barcodes", ()):
        if not barcode["books"] and barcode["isbn"]:
            lines.append(f"  ISBN {barcode['isbn']} read from the barcode; not in the catalogue")
        elif barcode["books"] and first not in barcode["books"]:
            lines.append(
                f"  The barcode {barcode['text']} belongs to another book: {', '.join(barcode['books'])}"
            )
        elif barcode["agrees"] is False:
            lines.append(f"  The barcode {barcode['text']} names it, but the cover fits another book")
    return lines


def _sure(probability: float, in_numbers: bool) -> str:
    return f"{probability:6.1%}" if in_numbers else f"{sureness_alone(probability):11}"


COMMANDS = (search,)
