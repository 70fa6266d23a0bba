"""The parts that `recto up` starts: command lines, environment and the socket of the web server."""

from __future__ import annotations

import errno
import http.client
import signal
import socket
from dataclasses import replace
from pathlib import Path

from recto.errors import Unavailable
from recto.ledger import Ledger
from recto.ledger.key_tokens import keys_are_required
from recto.ledger.keys import check_listening
from recto.observe import FOLDER_VARIABLE
from recto.python import module_command
from recto.settings import Settings, variable_name
from recto_workers.processes import Part

PORTS_TRIED = 50

_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


def worker_parts(settings: Settings, redis_url: str, logs: Path) -> list[Part]:
    """The index process, the ingest processes and the jobs process."""
    roles = ["index", *(f"ingest-{number}" for number in range(1, settings.ingest_workers + 1)), "jobs"]
    return [
        Part(
            name,
            module_command(
                "recto_workers.run", name.split("-")[0], "--name", f"{name}@{socket.gethostname()}"
            ),
            _environment(settings, redis_url),
            logs / f"{name}.log",
        )
        for name in roles
    ]


def web_part(settings: Settings, redis_url: str, listening: socket.socket, logs: Path) -> Part:
    """The web server: gunicorn with threads on a socket that is bound already.

    The supervisor keeps the socket, so its address outlives a restart of the web server; requests wait.
    """
    options = {
        "--worker-class": "gthread",
        "--workers": "1",
        "--threads": str(settings.web_threads),
        "--bind": f"fd://{listening.fileno()}",
        "--graceful-timeout": "4",
        "--timeout": "60",
        "--access-logfile": "-",
        "--logger-class": "recto_web.web_log.Logger",
        "--forwarded-allow-ips": "",  # the application alone decides which proxy to believe
    }
    arguments = [text for option in options.items() for text in option]
    return Part(
        "web",
        # Its control socket would lie outside the data folder.
        module_command("recto_web.server", *arguments, "--no-control-socket"),
        {**_environment(settings, redis_url), "RECTO_PORT": str(listening.getsockname()[1])},
        logs / "web.log",
        death_signal=signal.SIGTERM,  # it has children of its own, which it ends
        pass_fds=(listening.fileno(),),
    )


def check_keys(settings: Settings) -> None:
    """See to it that whoever can reach the web server can be asked for a key.

    Raises:
        BadSetting: requests must name a key, but none exists.
    """
    if keys_are_required(settings):
        ledger = Ledger.open(settings)
        try:
            check_listening(settings, ledger)
        finally:
            ledger.close()


def counted(part: Part, folder: Path) -> Part:
    """The part with a folder of its own to count into; the web server shows the sum of all of them."""
    own = {FOLDER_VARIABLE: str(folder / part.name), variable_name("metrics_port"): "0"}
    return replace(part, environment={**part.environment, **own})


def listen(host: str, port: int) -> socket.socket:
    """A socket listening on the port, or on the next free one.

    Raises:
        Unavailable: the address is not this machine's, or no port is free or allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in range(port, min(port + PORTS_TRIED, 65536)):
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, number))
            listening.listen(128)
            return listening
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE:
                raise Unavailable(f"Cannot listen on {host} port {number}: {error.strerror}.") from error
    raise Unavailable(f"No port from {port} on is free on {host}; choose another with RECTO_PORT.")


def reachable_address(listening: socket.socket) -> tuple[str, int]:
    """Host and port under which this machine reaches the socket."""
    host, port = listening.getsockname()[:2]
    return _LOOPBACK_OF.get(host, host), port


def web_url(listening: socket.socket) -> str:
    """Address of the web server for people."""
    host, port = reachable_address(listening)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def web_answers(listening: socket.socket) -> bool:
    """Whether the web server answers on its socket; any answer will do: the page itself says what is wrong."""
    connection = http.client.HTTPConnection(*reachable_address(listening), timeout=1.0)
    try:
        connection.request("GET", "/health")
        connection.getresponse()
        return True
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _environment(settings: Settings, redis_url: str) -> dict[str, str]:
    return {**settings.environment(), "RECTO_REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1"}
