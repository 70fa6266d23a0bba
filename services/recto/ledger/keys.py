"""Keys of the HTTP API: made, listed, revoked, and recognised when a request shows one."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, insert, select, update

from recto.errors import BadInput, BadSetting
from recto.ledger.database import Database
from recto.ledger.key_tokens import (
    Key,
    Scope,
    fits,
    hash_of,
    key_of_setting,
    keys_are_required,
    new_key_id,
    new_secret,
    split_token,
    token_of,
)
from recto.ledger.schema import api_key
from recto.ledger.text import storable
from recto.settings import Settings

LONGEST_NAME = 100
USED_SECONDS = 60.0
"""How exactly the last use of a key is known: a write for each request would queue behind all other writers."""


class Keys:
    """Keys of the ledger."""

    _database: Database

    def create_key(self, name: str, scopes: Iterable[Scope]) -> tuple[Key, str]:
        """A new key and its token, which is shown here and never again.

        Raises:
            BadInput: no name or no scope.
        """
        name, chosen = storable(name).strip(), set(scopes)
        if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            raise BadInput(f"A key needs a name of 1 to {LONGEST_NAME} characters that can be printed.")
        if not chosen:
            raise BadInput(f"A key needs a scope: {', '.join(Scope)}.")
        secret = new_secret()
        key = Key(new_key_id(), name, tuple(scope for scope in Scope if scope in chosen), time.time())
        columns = {"key_id": key.key_id, "name": name, "scopes": list(key.scopes), "created": key.created}
        with self._database.write() as connection:
            connection.execute(insert(api_key).values(**columns, hash=hash_of(secret)))
        return key, token_of(key.key_id, secret)

    def api_keys(self) -> list[Key]:
        """All keys, also revoked ones, the newest first."""
        query = select(api_key).order_by(api_key.c.created.desc(), api_key.c.key_id)
        with self._database.read() as connection:
            return [_key_of(row) for row in connection.execute(query)]

    def key(self, key_id: str) -> Key | None:
        """The key of this id, unless it was revoked."""
        row = self._valid(key_id)
        return _key_of(row) if row is not None else None

    def has_keys(self) -> bool:
        """True when there is a key that was not revoked."""
        query = select(api_key.c.key_id).where(api_key.c.revoked.is_(None)).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).one_or_none() is not None

    def verify_key(self, token: str) -> Key | None:
        """The key whose token this is; None when there is none, or it was revoked."""
        parts = split_token(token)
        row = self._valid(parts[0]) if parts else None
        if parts is None or row is None or not fits(parts[1], row.hash):
            return None
        self._note_use(row)
        return _key_of(row)

    def revoke_key(self, key_id: str) -> bool:
        """Make a key useless from now on; False when there is no such key, or it was revoked before."""
        valid = (api_key.c.key_id == key_id, api_key.c.revoked.is_(None))
        with self._database.write() as connection:
            change = update(api_key).where(*valid).values(revoked=time.time())
            return connection.execute(change).rowcount == 1

    def _valid(self, key_id: str) -> Row[Any] | None:
        query = select(api_key).where(api_key.c.key_id == key_id, api_key.c.revoked.is_(None))
        with self._database.read() as connection:
            return connection.execute(query).one_or_none()

    def _note_use(self, row: Row[Any]) -> None:
        now = time.time()
        if row.used is not None and 0 <= now - row.used < USED_SECONDS:
            return
        with self._database.write() as connection:
            connection.execute(update(api_key).where(api_key.c.key_id == row.key_id).values(used=now))


def check_listening(settings: Settings, ledger: Keys) -> None:
    """Refuse to listen where others can reach the server while nobody has a key.

    Raises:
        BadSetting: no key exists; the sentence says how to make one.
    """
    if not keys_are_required(settings) or key_of_setting(settings) or ledger.has_keys():
        return
    cause = (
        "RECTO_REQUIRE_KEYS is set"
        if settings.require_keys
        else f"RECTO_HOST={settings.host} lets others reach the server"
    )
    raise BadSetting(
        f"{cause}, but there is no key to sign in with: make one first with "
        "`recto keys create NAME --scope admin`, or set RECTO_ADMIN_KEY."
    )


def _key_of(row: Row[Any]) -> Key:
    scopes = tuple(Scope(scope) for scope in row.scopes)
    return Key(row.key_id, row.name, scopes, row.created, row.used, row.revoked)
