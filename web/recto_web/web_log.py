"""The log of gunicorn in the form of all others, each request as one line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from gunicorn import glogging

from recto.observe import logs
from recto.settings import Settings
from recto_web.tracing import HEADER


class Logger(glogging.Logger):
    """Takes the place of gunicorn's own; `recto_workers.parts.web_part` names it."""

    def setup(self, cfg: Any) -> None:
        """Send everything through the root logger, as `RECTO_LOG_FORMAT` says."""
        super().setup(cfg)  # type: ignore[no-untyped-call]
        logs.configure(Settings.from_environment().log_format, "web")
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True

    def access(self, resp: Any, req: Any, environ: Mapping[str, Any], request_time: timedelta) -> None:
        """Log a request. The path stands there as it was sent, so that it cannot forge a line; its query does not."""
        method, path = str(environ["REQUEST_METHOD"]), urlsplit(str(environ["RAW_URI"])).path
        status, seconds = int(resp.status_code), request_time.total_seconds()
        ids = (str(value) for name, value in resp.headers if name.lower() == HEADER.lower())
        fields = {
            "request_id": next(ids, ""),
            "client": environ.get("REMOTE_ADDR", ""),
            "method": method,
            "path": path,
            "status": status,
            "bytes": resp.sent,
            "seconds": round(seconds, 4),
        }
        self.access_log.info("%s %s %d in %.3f s", method, path, status, seconds, extra=fields)
