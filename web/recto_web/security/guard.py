"""What every request must pass and every response carries: Host, Origin, limits on the body, strict headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import BadRequest, Forbidden

from recto.settings import MIB
from recto_web.parts import parts

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self' blob:",  # blob: is the preview of a photo that was just chosen
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with "no-referrer" browsers send "Origin: null" with our own forms
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FORM_SLACK = MIB
"""Bytes that the text fields and the envelope of a form may take beside its files."""
FORM_PARTS = 64
"""Fields and files of one form at most; the largest form of these pages has 24."""
DRAIN_BYTES = 256 * MIB
"""Most that is read of a body that is refused for its length, so that the browser hears the refusal."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

View = TypeVar("View", bound=Callable[..., object])


def accepts_files(count: int) -> Callable[[View], View]:
    """Mark a view whose form may carry up to `count` image files; all other bodies are limited to text."""

    def mark(view: View) -> View:
        view.accepted_files = count  # type: ignore[attr-defined]
        return view

    return mark


def guard(app: Flask) -> None:
    """Register the checks and headers. Call it before any other `before_request`."""
    app.before_request(_check_host)
    app.before_request(_limit_body)
    app.before_request(_check_origin)
    app.after_request(_add_headers)


def bearer_token() -> str | None:
    """The key that the request shows in its header; None without one."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _check_host() -> None:
    """A page of another site must not reach a server on loopback by a name it controls (DNS rebinding)."""
    allowed = {name.lower().strip("[]") for name in parts().settings.allowed_hosts}
    if _host_name(request.host) not in allowed:
        raise BadRequest(
            f"This server does not answer to the name “{request.host}”. Whoever runs it can add the name "
            "to RECTO_ALLOWED_HOSTS."
        )


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _limit_body() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    files = getattr(view, "accepted_files", 0) if request.mimetype == "multipart/form-data" else 0
    request.max_content_length = files * parts().settings.max_image_bytes + FORM_SLACK
    request.max_form_parts = FORM_PARTS


def _check_origin() -> None:
    """Refuse what another site's page sends. Programs such as curl send neither header and pass.

    So does who shows a key: a browser adds that header to nothing that another site makes it send.
    """
    if request.method in SAFE_METHODS or bearer_token() is not None:
        return
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    foreign_origin = origin is not None and urlsplit(origin).netloc.lower() != request.host.lower()
    foreign_site = site is not None and site not in ("same-origin", "none")
    if foreign_origin or foreign_site:
        raise Forbidden("This form was sent from another site, so it was not accepted.")


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.mimetype in ("text/html", "application/json"):
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


def drain_body() -> None:
    """Read away a body that was refused for its length.

    A server that closes a connection with unread bytes resets it, and the browser then shows a network error in
    place of the page that says what the limit is.
    """
    stream = request.environ["wsgi.input"]
    left = min(request.content_length or 0, DRAIN_BYTES)
    while left > 0 and (chunk := stream.read(min(left, 1 << 16))):
        left -= len(chunk)
