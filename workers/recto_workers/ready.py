"""Health check of containers: `python -m recto_workers.ready web|index|ingest|jobs`. Exit code 0: ready, 1: not.

A worker is ready when its heartbeat is in Redis, under the name of this host: it has loaded its models and takes
messages. The web server is when it answers. It runs every half minute beside the work, so it imports little: 0.3 s of
one core, where the start of the command `recto` costs 1.0 s (measured on a busy machine).
"""

from __future__ import annotations

import http.client
import socket
import sys
from collections.abc import Sequence

from recto.errors import RectoError
from recto.settings import Settings
from recto_workers.app import connect
from recto_workers.heartbeat import alive

ANSWER_SECONDS = 5.0


def web_answers(settings: Settings) -> bool:
    """Whether the web server of this container answers; it listens on all addresses or on the one that is set."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - nothing is bound
    connection = http.client.HTTPConnection(host, settings.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": settings.allowed_hosts[0]})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker_beats(settings: Settings, role: str) -> bool:
    """Whether a worker of this role on this host is ready."""
    with connect(settings.redis_url) as client:
        return any(beat.role == role and beat.host == socket.gethostname() for beat in alive(client))


def main(arguments: Sequence[str]) -> int:
    """Check the role that is named."""
    (role,) = arguments
    try:
        settings = Settings.from_environment()
        ready = web_answers(settings) if role == "web" else worker_beats(settings, role)
    except RectoError as error:
        print(error)  # noqa: T201 - what `docker inspect` shows of a failed check
        return 1
    return 0 if ready else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
