"""Static files with the hash of their content in the address, so that browsers may keep them for good."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, request, url_for

FOREVER = "public, max-age=31536000, immutable"


def serve_assets(app: Flask) -> None:
    """Give templates `asset(name)` and let versioned addresses be cached."""
    folder = Path(str(app.static_folder))
    versions = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in folder.rglob("*")
        if path.is_file()
    }

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=versions[name])

    def keep(response: Response) -> Response:
        versioned = request.endpoint == "static" and request.args.get("v")
        if versioned and response.status_code in (200, 304):
            response.headers["Cache-Control"] = FOREVER
        return response

    app.jinja_env.globals["asset"] = asset
    app.after_request(keep)
