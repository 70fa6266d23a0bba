"""Signing in with a key, where every request needs one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from recto.ledger.key_tokens import keys_are_required
from recto_web.parts import parts
from recto_web.rendering import render
from recto_web.security.access import verify
from recto_web.security.signed_in import forget, remember

log = logging.getLogger(__name__)
blueprint = Blueprint("sign_in", __name__)


@dataclass(frozen=True)
class SignInPage:
    """Context of `sign_in.html`. `next` is the address to go to afterwards, `wrong` what is wrong with the key."""

    template: ClassVar[str] = "sign_in.html"
    next: str
    wrong: str = ""


@blueprint.get("/sign-in")
def form() -> ResponseReturnValue:
    """The form; where no key is needed, the search page."""
    if not keys_are_required(parts().settings):
        return redirect(url_for("search.form"), 303)
    return render(
        SignInPage(_own_address(request.args.get("next", ""))), headers={"Cache-Control": "no-store"}
    )


@blueprint.post("/sign-in")
def enter() -> ResponseReturnValue:
    """Sign in and go on to the page that was asked for."""
    wanted = _own_address(request.form.get("next", ""))
    key = verify(request.form.get("key", "").strip())
    if key is None:
        return render(SignInPage(wanted, "This key is not valid: it is mistyped, or was revoked."), 401)
    log.info("Signed in with the key %s from %s", key.key_id, request.remote_addr)
    response = redirect(wanted or url_for("search.form"), 303)
    remember(response, key.key_id)
    return response


@blueprint.post("/sign-out")
def leave() -> ResponseReturnValue:
    """Sign this browser out."""
    response = redirect(url_for("sign_in.form"), 303)
    forget(response)
    return response


def _own_address(address: str) -> str:
    """The address if it is a path of this server, else nothing: a link must not lead from here to another site."""
    try:
        split = urlsplit(address)
    except ValueError:
        return ""
    is_path = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if is_path and not split.netloc and address.isprintable() else ""
