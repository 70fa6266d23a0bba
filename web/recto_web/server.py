"""The web server: `python -P -m recto_web.server`, followed by options of gunicorn.

gunicorn's own command puts the working folder before all packages and runs a `gunicorn.conf.py` that lies there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

if TYPE_CHECKING:
    from flask import Flask


class Server(BaseApplication):
    """gunicorn with the pages and the API, set up by its command line alone."""

    def load_config(self) -> None:
        """Take the options of the command line."""
        configuration: Any = self.cfg
        for name, value in vars(configuration.parser().parse_args()).items():
            if name in configuration.settings and value is not None:
                configuration.set(name, value)

    def load(self) -> Flask:
        """The application, loaded and made in the process that serves it, after the fork."""
        from recto_web.app import create_app

        return create_app()


if __name__ == "__main__":
    Server().run()  # type: ignore[no-untyped-call]
