"""Logs on stderr: lines for people, or one JSON object per line for programs, with the context of the work."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from recto.observe import context

FIELDS = (*context.FIELDS, "worker", "client", "method", "path", "status", "bytes", "seconds")
"""Fields that a JSON line may have beside time, level, logger, message and exception; empty ones are left out."""


def configure(log_format: str, worker: str) -> None:
    """Send the log of this process, which is called `worker`, to stderr as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    handler.addFilter(_AddContext(worker))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # else a line for every request to a Qdrant server


class _AddContext(logging.Filter):
    """Puts the context into every record, where the record does not say otherwise."""

    def __init__(self, worker: str) -> None:
        super().__init__()
        self._worker = worker

    def filter(self, record: logging.LogRecord) -> bool:
        known = {"worker": self._worker, **context.current()}
        record.__dict__.update({name: known[name] for name in known.keys() - record.__dict__.keys()})
        return True


class TextFormatter(logging.Formatter):
    """Lines for people; the id of the request at the end, in brackets."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """One line; further ones of its text are indented, so that none looks like a line of its own."""
        request_id = getattr(record, "request_id", "")
        line = super().formatMessage(record) + (f" [{request_id}]" if request_id else "")
        return "\n    ".join(line.splitlines())


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """The object as text."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name in FIELDS if (value := getattr(record, name, "")) not in ("", None)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
