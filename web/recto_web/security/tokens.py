"""Tokens in forms against cross-site requests: a signature over a random cookie of the browser."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import Forbidden

from recto_web.security.guard import SAFE_METHODS, bearer_token

COOKIE = "recto_browser"
FIELD = "form_token"
_COOKIE_VALUE = re.compile(r"[0-9a-f]{32}")


def sign_forms(app: Flask, key: bytes) -> None:
    """Give templates `form_token()` and check it in what browsers send."""
    app.secret_key = key
    app.before_request(_check)
    app.after_request(_keep_cookie)
    app.jinja_env.globals["form_token"] = form_token
    app.jinja_env.globals["form_token_field"] = FIELD


def form_token() -> str:
    """The token for the forms of this page."""
    return _signature(_browser())


def _browser() -> str:
    """The random name of this browser: from its cookie, else a new one that goes out with the response."""
    if "browser" not in g:
        sent = request.cookies.get(COOKIE, "")
        g.browser = sent if _COOKIE_VALUE.fullmatch(sent) else secrets.token_hex(16)
    return str(g.browser)


def _signature(browser: str) -> str:
    key = current_app.secret_key
    assert isinstance(key, bytes)
    return hmac.new(key, browser.encode(), hashlib.sha256).hexdigest()


def _check() -> None:
    """Browsers name themselves by at least one of these headers; programs such as curl need no token."""
    if request.method in SAFE_METHODS or bearer_token() is not None:
        return
    if not {"Origin", "Sec-Fetch-Site", "Cookie", "Referer"} & set(request.headers.keys()):
        return
    sent = request.form.get(FIELD, "")
    browser = request.cookies.get(COOKIE, "")
    if not browser or not hmac.compare_digest(sent.encode(), _signature(browser).encode()):
        raise Forbidden(
            "The form was too old, or the browser sent no cookie with it. Go back, reload the page and send it again."
        )


def _keep_cookie(response: Response) -> Response:
    if "browser" in g and request.cookies.get(COOKIE) != g.browser:
        response.set_cookie(COOKIE, g.browser, httponly=True, samesite="Lax", secure=request.is_secure)
    return response
