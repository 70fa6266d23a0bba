"""`recto keys`: who may use the HTTP API and, beyond loopback, the pages."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import click

from recto.errors import NotFound
from recto.ledger.key_tokens import Key, Scope
from recto_web.cli.session import connect


@click.group()
def keys() -> None:
    """Keys for the HTTP API, and for signing in where the server listens beyond loopback."""


@keys.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="search: search and read books; write: enter and delete books, run jobs; admin: everything. May repeat.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def create(name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make a key and print it: it is shown this once, only its hash is kept."""
    with connect(needs_workers=False) as session:
        key, token = session.ledger.create_key(name, [Scope(scope) for scope in scopes])
    if as_json:
        click.echo(json.dumps({**_record(key), "token": token}))
        return
    click.echo(f"Keep this key; it is not shown again. `recto keys revoke {key.key_id}` ends it.", err=True)
    click.echo(token)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_keys(as_json: bool) -> None:
    """List the keys with their scopes and last use."""
    with connect(needs_workers=False) as session:
        found = session.ledger.api_keys()
    if as_json:
        click.echo(json.dumps([_record(key) for key in found]))
        return
    for key in found:
        state = f"revoked {_day(key.revoked)}" if key.revoked else f"last used {_day(key.used)}"
        click.echo(f"{key.key_id}  {','.join(key.scopes):20}  made {_day(key.created)}, {state}  {key.name}")


@keys.command("revoke")
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Make a key useless at once; browsers that signed in with it are out too."""
    with connect(needs_workers=False) as session:
        if not session.ledger.revoke_key(key_id):
            raise NotFound(f"There is no key {key_id!r} that could be revoked; `recto keys list` shows them.")
    click.echo(f"Revoked {key_id}.")


def _record(key: Key) -> dict[str, object]:
    return asdict(key) | {"scopes": [scope.value for scope in key.scopes]}


def _day(moment: float | None) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment)) if moment else "never"


COMMANDS = (keys,)
