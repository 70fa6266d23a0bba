"""`recto duplicates`: covers that are alike, and what a person says of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from recto.records import Alike, Cover
from recto_web.cli.session import connect

if TYPE_CHECKING:
    from recto.ledger import Pair

LARGEST_PAGE = 1000


@click.command()
@click.option("--kind", type=click.Choice([kind.value for kind in Alike]), help="Only pairs of one kind.")
@click.option("--job", "job_id", default="", help="Only pairs with a cover of this job.")
@click.option("--book", "book_id", default="", help="Only pairs with a cover of this book.")
@click.option(
    "--decided", is_flag=True, help="Those of books that somebody called different, instead of the others."
)
@click.option(
    "--limit", type=click.IntRange(1, LARGEST_PAGE), default=50, show_default=True, help="How many."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--different",
    nargs=2,
    metavar="BOOK OTHER",
    help="Say of two books that they are different; their pairs are listed no more.",
)
@click.option("--undo", nargs=2, metavar="BOOK OTHER", help="Take such a decision back.")
def duplicates(
    kind: str | None,
    job_id: str,
    book_id: str,
    decided: bool,
    limit: int,
    as_json: bool,
    different: tuple[str, str] | None,
    undo: tuple[str, str] | None,
) -> None:
    """List covers that are alike: the same file, picture or artwork under two books, and look-alikes of a series."""
    with connect(needs_workers=False) as session:
        if different or undo:
            _decide(session.ledger, different, undo)
            return
        chosen = Alike(kind) if kind else None
        page = session.ledger.duplicates(chosen, job_id, book_id, decided=decided, page_size=limit)
    if as_json:
        click.echo(json.dumps([_fields(pair) for pair in page.items], ensure_ascii=False))
        return
    for pair in page.items:
        click.echo(_line(pair))
    if page.total > len(page.items):
        click.echo(f"... and {page.total - len(page.items):,} more: raise --limit to list them.")
    elif not page.total:
        click.echo("No covers are alike." if not decided else "Nobody has called any pair different.")


def told(covers: int, job_id: str) -> str:
    """What is said of a job whose covers look like others."""
    verb = "looks" if covers == 1 else "look"
    noun = "cover" if covers == 1 else "covers"
    return f"{covers:,} {noun} {verb} like others: `recto duplicates --job {job_id}` lists them."


def _decide(ledger: Any, different: tuple[str, str] | None, undo: tuple[str, str] | None) -> None:
    if different:
        ledger.decide(*different)
        click.echo(f"{different[0]} and {different[1]} are kept as different books.")
    if undo:
        taken = ledger.undecide(*undo)
        click.echo("The decision is taken back." if taken else "Nobody has called these two different.")


def _line(pair: Pair) -> str:
    note = f"  ({pair.decision.note})" if pair.decision and pair.decision.note else ""
    share = pair.measures.get("share")
    alike = f"{share:.0%} agrees" if share else ""
    names = f"{_name(pair.cover, pair.book.title)}  =  {_name(pair.other_cover, pair.other_book.title)}"
    return f"{pair.kind.value:13} {alike:12} {names}{note}"


def _name(cover: Cover, title: str) -> str:
    return f"{cover.book_id} {cover.side.value}{f' “{title}”' if title else ''}"


def _fields(pair: Pair) -> dict[str, Any]:
    decision = pair.decision
    return {
        "kind": pair.kind.value,
        "measures": dict(pair.measures),
        "found": pair.found,
        "cover": _end(pair.cover, pair.book.title),
        "other": _end(pair.other_cover, pair.other_book.title),
        "decision": {"note": decision.note, "decided": decision.decided} if decision else None,
    }


def _end(cover: Cover, title: str) -> dict[str, str]:
    return {"cover_id": cover.cover_id, "book_id": cover.book_id, "side": cover.side.value, "title": title}


COMMANDS = (duplicates,)
