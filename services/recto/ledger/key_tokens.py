"""Keys of the HTTP API: what one may do, how its token is written, and who must have one. Knows no database."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

from recto.settings import Settings

SECRET_BYTES = 32
"""256 random bits: nobody guesses them, so that one SHA-256 protects them as well as a slow hash would."""
KEY_ID_BYTES = 6
SETTING_NAME = "RECTO_ADMIN_KEY"
_TOKEN = re.compile(r"recto_([0-9a-z]{1,32})_([0-9a-f]{64})")


class Scope(StrEnum):
    """What a key allows."""

    SEARCH = "search"  # search, and read books and covers
    WRITE = "write"  # enter, change and delete books and covers, and run jobs
    ADMIN = "admin"  # everything, also what concerns the index as a whole


@dataclass(frozen=True)
class Key:
    """A key as the ledger knows it; its secret is nowhere. Times are in epoch seconds."""

    key_id: str
    name: str
    scopes: tuple[Scope, ...]
    created: float
    used: float | None = None  # to the minute
    revoked: float | None = None

    def may(self, *any_of: Scope) -> bool:
        """True when the key has one of these scopes; `admin` stands for all."""
        return Scope.ADMIN in self.scopes or any(scope in self.scopes for scope in any_of)


def new_key_id() -> str:
    """A name for a new key."""
    return secrets.token_hex(KEY_ID_BYTES)


def new_secret() -> str:
    """The secret of a new key."""
    return secrets.token_hex(SECRET_BYTES)


def token_of(key_id: str, secret: str) -> str:
    """What its holder sends: `recto_<key_id>_<secret>`."""
    return f"recto_{key_id}_{secret}"


def split_token(token: str) -> tuple[str, str] | None:
    """(key_id, secret) of a token; None when it is not written as one."""
    match = _TOKEN.fullmatch(token)
    return (match[1], match[2]) if match else None


def hash_of(secret: str) -> str:
    """What the ledger keeps in place of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def fits(secret: str, kept_hash: str) -> bool:
    """True when this is the secret behind a hash; takes the same time whatever the two have in common."""
    return hmac.compare_digest(hash_of(secret), kept_hash)


def key_of_setting(settings: Settings) -> Key | None:
    """The key with scope `admin` that `RECTO_ADMIN_KEY` names."""
    parts = split_token(settings.admin_key)
    return Key(parts[0], SETTING_NAME, (Scope.ADMIN,), 0.0) if parts else None


def keys_are_required(settings: Settings) -> bool:
    """True when every request must name a key: always beyond loopback, on loopback where a setting says so."""
    return settings.require_keys or not is_loopback(settings.host)


def is_loopback(host: str) -> bool:
    """True for an address that only this machine reaches."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
