"""`recto show` and `recto delete`: one book of the catalogue."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from recto.errors import NotFound
from recto_web.cli.session import connect


@click.command()
@click.argument("book_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(book_id: str, as_json: bool) -> None:
    """Show a book and the state of each of its covers."""
    with connect(needs_workers=False) as session:
        book = session.ledger.book(book_id)
        if book is None:
            raise NotFound(f"No book has the id {book_id!r}.")
        covers = session.ledger.covers_of(book_id)
    if as_json:
        record = asdict(book) | {"extra": dict(book.extra), "covers": [asdict(cover) for cover in covers]}
        click.echo(json.dumps(record, ensure_ascii=False))
        return
    for name, value in asdict(book).items():
        if value not in ("", (), None, {}):
            click.echo(f"{name:10} {', '.join(value) if isinstance(value, tuple) else value}")
    for cover in covers:
        reason = f": {cover.reason} ({cover.stage}, {cover.attempts} attempts)" if cover.reason else ""
        click.echo(f"{cover.side.value:10} {cover.state.value}{reason}  {cover.sha256[:12]}")


@click.command()
@click.argument("book_ids", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(book_ids: tuple[str, ...], yes: bool) -> None:
    """Delete books: from both sides of the index, with their images where no other book uses them."""
    if not yes:
        click.confirm(f"Delete {len(book_ids)} book(s) with all covers?", abort=True)
    missing = []
    with connect(needs_workers=False) as session:
        for book_id in book_ids:
            if not session.ledger.delete_book(book_id):
                missing.append(book_id)
        if session.producer is not None:
            session.producer.send_delete()
    click.echo(f"Deleted {len(book_ids) - len(missing)} book(s).")
    if missing:
        raise NotFound(f"No book has the id {', '.join(missing)}.")


COMMANDS = (show, delete)
