"""Who may do what: one table of all addresses, the key that a request shows, and the check before each view."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flask import Flask, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from recto.ledger.key_tokens import Key, Scope, fits, hash_of, key_of_setting, keys_are_required, split_token
from recto_web.parts import parts
from recto_web.rendering import is_api, wants_json
from recto_web.security.guard import SAFE_METHODS, bearer_token
from recto_web.security.signed_in import signed_in_key_id

log = logging.getLogger(__name__)

Scopes = tuple[Scope, ...]
SEARCH: Scopes = (Scope.SEARCH,)
WRITE: Scopes = (Scope.WRITE,)
READ: Scopes = (Scope.SEARCH, Scope.WRITE)
ADMIN: Scopes = (Scope.ADMIN,)
ANY_KEY: Scopes = tuple(Scope)

OPEN = frozenset(
    {"static", "sign_in.form", "sign_in.enter", "health.health", "health.healthz", "health.readyz"}
)
"""Addresses that need no key: they show nothing of the catalogue, and supervisors ask them."""

ACCESS: Mapping[str, Scopes] = {
    "search": READ,
    "search.start": SEARCH,
    "examples": SEARCH,
    "result": SEARCH,
    "evidence": SEARCH,
    "catalogue": READ,
    "book": WRITE,
    "book.show": READ,
    "add_book": WRITE,
    "covers": READ,
    "duplicates": WRITE,
    "duplicates.listing": READ,
    "jobs": WRITE,
    "versions": ADMIN,
    "sign_in": ANY_KEY,
    "api_docs": ANY_KEY,
    "api_searches": SEARCH,
    "api_evidence": SEARCH,
    "api_books": WRITE,
    "api_books.listing": READ,
    "api_books.get": READ,
    "api_covers": WRITE,
    "api_covers.listing": READ,
    "api_covers.get": READ,
    "api_covers.thumbnail": READ,
    "api_covers.image": READ,
    "api_duplicates": WRITE,
    "api_duplicates.listing": READ,
    "api_jobs": WRITE,
    "api_index": ADMIN,
    "api_status": ANY_KEY,
    "health.metrics": ADMIN,
}
"""Scopes, any of which opens an address: by endpoint, else by blueprint. What is missing here is for `admin`."""


PAGE_OF_API, DOCUMENT_OF_API = "api_docs.page", "api_docs.document"
"""Addresses under /api that people open in a browser where they are signed in."""


def control_access(app: Flask) -> None:
    """Check the key of every request before its view; give templates `may(endpoint)` and `signed_in()`."""
    app.before_request(_check)
    app.jinja_env.globals["may"] = may
    app.jinja_env.globals["signed_in"] = signed_in


def scopes_of(endpoint: str) -> Scopes:
    """Scopes, any of which opens an address."""
    return ACCESS.get(endpoint) or ACCESS.get(endpoint.rpartition(".")[0]) or ADMIN


def may(endpoint: str) -> bool:
    """True when whoever sent this request may open an address, so that a page can offer it."""
    if not keys_are_required(parts().settings):
        return True
    key: Key | None = g.get("key")
    return key is not None and key.may(*scopes_of(endpoint))


def signed_in() -> str:
    """Name of the key that this browser signed in with; empty without one."""
    key: Key | None = g.get("key")
    return key.name if key is not None and bearer_token() is None else ""


def verify(token: str) -> Key | None:
    """The key of a token: of the settings or of the ledger. Failures are logged, without the secret.

    Nothing slows down who tries tokens: 2**256 secrets cannot be tried, and a wrong one costs one look into an index.
    """
    of_setting, found = key_of_setting(parts().settings), split_token(token)
    if of_setting and found and found[0] == of_setting.key_id:
        kept = split_token(parts().settings.admin_key)
        key = of_setting if kept and fits(found[1], hash_of(kept[1])) else None
    else:
        key = parts().ledger.verify_key(token)
    if key is None:
        log.warning(
            "A key was refused: %s, from %s", found[0] if found else "not a token", request.remote_addr
        )
    return key


def _check() -> ResponseReturnValue | None:
    if request.endpoint in OPEN:
        return None
    g.key = _shown_key()
    if g.key is None:
        return _ask_for_key() if keys_are_required(parts().settings) else None
    scopes = scopes_of(request.endpoint) if request.endpoint else ANY_KEY
    if not g.key.may(*scopes):
        needed = " or ".join(f"`{scope}`" for scope in scopes)
        raise Forbidden(f"The key “{g.key.name}” does not allow this: it needs the scope {needed}.")
    return None


def _shown_key() -> Key | None:
    """The key in the header, else, for pages, the one that the browser signed in with."""
    token = bearer_token()
    if token is not None:
        return verify(token) or _refuse("This key is not valid: it is mistyped, or was revoked.")
    if is_api() and request.endpoint not in (PAGE_OF_API, DOCUMENT_OF_API):
        return None
    key_id = signed_in_key_id()
    of_setting = key_of_setting(parts().settings)
    if of_setting and key_id == of_setting.key_id:
        return of_setting
    return parts().ledger.key(key_id) if key_id else None


def _ask_for_key() -> ResponseReturnValue:
    is_page = not is_api() or request.endpoint == PAGE_OF_API
    if not is_page or wants_json() or request.method not in SAFE_METHODS:
        _refuse("A key is needed: send it in the header `Authorization: Bearer <key>`, or sign in first.")
    wanted = request.full_path.rstrip("?")
    return redirect(url_for("sign_in.form", next=None if wanted == "/" else wanted), 303)


def _refuse(sentence: str) -> Key:
    raise Unauthorized(sentence, www_authenticate=WWWAuthenticate("bearer", {"realm": "Recto"}))
