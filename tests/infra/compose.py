"""What the tests read of the compose files and Dockerfiles."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent.parent
COMPOSE = REPOSITORY / "docker-compose.yml"
OVERRIDES = tuple(sorted((REPOSITORY / "infra").glob("compose.*.yml")))
MAKE_ENV = REPOSITORY / "infra" / "make_env.sh"
DOCKERFILES = tuple(sorted((REPOSITORY / "infra").glob("Dockerfile.*")))


def load(path: Path) -> dict[str, Any]:
    """A compose file with its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def services() -> dict[str, dict[str, Any]]:
    """Every whole service: those of the main file, and those that an override adds."""
    main: dict[str, dict[str, Any]] = dict(load(COMPOSE)["services"])
    for path in OVERRIDES:
        added = load(path)["services"]
        main |= {name: service for name, service in added.items() if name not in main}
    return main


def environments() -> list[tuple[str, str, str]]:
    """Every variable that a container is given: service, name, text as it stands in the file."""
    return [
        (service, name, str(text))
        for path in (COMPOSE, *OVERRIDES)
        for service, entry in load(path)["services"].items()
        for name, text in entry.get("environment", {}).items()
    ]


def interpolated(path: Path) -> dict[str, str]:
    """Variables that a compose file takes from `.env`, with what follows their name: `:-default` or `:?sentence`."""
    return dict(re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", path.read_text()))


def make_environment(path: Path) -> dict[str, str]:
    """Make an `.env` as `make env` does, and read it."""
    subprocess.run(["sh", MAKE_ENV, path], capture_output=True, check=True)
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)
