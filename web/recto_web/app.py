"""The web application: `create_app` puts it together, nothing happens at import."""

from __future__ import annotations

from threading import BoundedSemaphore

import jinja2
from flask import Flask

from recto.ledger import Ledger
from recto.ledger.keys import check_listening
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto_web import api, pages
from recto_web.assets import serve_assets
from recto_web.book_urls import BookIdConverter
from recto_web.errors import handle_errors
from recto_web.parts import EXTENSION, Parts
from recto_web.presenters.words import speak
from recto_web.security.access import control_access
from recto_web.security.guard import guard
from recto_web.security.proxies import BelieveProxies
from recto_web.security.secret_key import secret_key
from recto_web.security.tokens import sign_forms
from recto_web.tracing import trace
from recto_workers.instance import redis_url_of
from recto_workers.messages import Producer
from recto_workers.overview import Watch


def create_app(settings: Settings | None = None) -> Flask:
    """The Flask application of one data folder. Without settings they are read from the environment.

    Raises:
        RectoError: the ledger cannot be opened, or others could reach the server without a key; the message says why.
    """
    settings = settings or Settings.from_environment()
    ledger = Ledger.open(settings)
    check_listening(settings, ledger)
    producer = Producer(redis_url_of(settings), settings)
    app = Flask(__name__)
    app.extensions[EXTENSION] = Parts(
        settings=settings,
        ledger=ledger,
        blobs=open_blobs(settings),
        producer=producer,
        waiting=BoundedSemaphore(max(1, settings.web_threads // 2)),
        watch=Watch(settings, ledger, producer),
    )
    app.url_map.merge_slashes = False  # an id may hold two slashes in a row
    app.url_map.converters["book"] = BookIdConverter
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.wsgi_app = BelieveProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    trace(app)
    guard(app)
    control_access(app)
    sign_forms(app, secret_key(settings))
    handle_errors(app)
    serve_assets(app)
    speak(app)
    pages.register(app)
    api.register(app)
    return app
