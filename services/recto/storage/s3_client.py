"""The client of a bucket, as the settings say, with every call bounded in time.

A request takes `RECTO_S3_SECONDS` at most, is repeated twice where that is safe, and never begun again once that time
is over. Together with `recto.storage.bucket` this is all that knows obstore.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from obstore.store import S3Store

from recto.errors import BadSetting
from recto.settings import Settings

if TYPE_CHECKING:
    from obstore.store import S3Config  # there for type checkers only

CONNECT_SECONDS = 3.0
"""Longest wait for a connection: a store in reach takes milliseconds."""
RETRIES = 2
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def client_of(settings: Settings, name: str, prefix: str) -> S3Store:
    """The client of a bucket; all keys are under the prefix. Nothing is asked of the store yet.

    Raises:
        BadSetting: the settings do not go together.
    """
    return S3Store(
        name,
        prefix=prefix.strip("/") or None,
        client_options={
            "timeout": timedelta(seconds=settings.s3_seconds),
            "connect_timeout": timedelta(seconds=min(CONNECT_SECONDS, settings.s3_seconds)),
            "allow_http": _may_be_open(settings),
        },
        retry_config={
            "max_retries": RETRIES,
            "retry_timeout": timedelta(seconds=settings.s3_seconds),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=2),
                "base": 2,
            },
        },
        config=_address(settings),
    )


def _address(settings: Settings) -> S3Config:
    """Region, endpoint and key, as far as they are set.

    Raises:
        BadSetting: the endpoint is no address, or the key is given by half.
    """
    if bool(settings.s3_access_key) != bool(settings.s3_secret_key):
        raise BadSetting("RECTO_S3_ACCESS_KEY and RECTO_S3_SECRET_KEY go together: set both or none.")
    found: S3Config = {"region": settings.s3_region}
    if settings.s3_access_key:
        found |= {"access_key_id": settings.s3_access_key, "secret_access_key": settings.s3_secret_key}
    if settings.s3_endpoint:
        found["endpoint"] = settings.s3_endpoint.rstrip("/")
    return found


def _may_be_open(settings: Settings) -> bool:
    """True when the endpoint is spoken to without encryption, which is taken on loopback or when it is wanted.

    Raises:
        BadSetting: it is not, or the endpoint is no address.
    """
    try:
        parts = urlsplit(settings.s3_endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if settings.s3_endpoint and (not host or parts.username is not None):
        raise BadSetting("RECTO_S3_ENDPOINT is no address such as https://s3.example.org.")
    if not settings.s3_endpoint or parts.scheme == "https":
        return False
    if not settings.s3_allow_http and host not in _LOOPBACK:
        raise BadSetting(
            "RECTO_S3_ENDPOINT is not encrypted; write https://, or set RECTO_S3_ALLOW_HTTP=true in a network "
            "that nobody else is in."
        )
    return True
