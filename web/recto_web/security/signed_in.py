"""The cookie of a browser that signed in with a key: the key's id, signed, for a working day."""

from __future__ import annotations

from flask import current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug import Response

from recto.ledger.key_tokens import hash_of
from recto_web.parts import parts

COOKIE = "recto_key"
SIGNED_IN_SECONDS = 8 * 3600
"""A working day: who leaves a browser open somewhere is out by the next morning."""


def remember(response: Response, key_id: str) -> None:
    """Let the browser show this key with each page that it asks for."""
    response.set_cookie(
        COOKIE,
        _signer().dumps(key_id),
        max_age=SIGNED_IN_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )


def forget(response: Response) -> None:
    """Sign the browser out."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=request.is_secure)


def signed_in_key_id() -> str:
    """Id of the key that the browser signed in with; empty when there is none, or it was too long ago."""
    try:
        return str(_signer().loads(request.cookies.get(COOKIE, ""), max_age=SIGNED_IN_SECONDS))
    except BadData:
        return ""


def _signer() -> URLSafeTimedSerializer:
    """Signs with the key of the data folder; another RECTO_ADMIN_KEY ends what was signed before it."""
    assert current_app.secret_key
    return URLSafeTimedSerializer(
        current_app.secret_key, salt=f"sign-in {hash_of(parts().settings.admin_key)}"
    )
