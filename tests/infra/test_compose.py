"""The rules that every container keeps, checked without an engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from tests.infra.compose import (
    COMPOSE,
    OVERRIDES,
    REPOSITORY,
    environments,
    interpolated,
    load,
    make_environment,
    services,
)

from recto import __version__
from recto.settings import Settings
from recto_web.cli import main

SERVICES = services()
each_service = pytest.mark.parametrize("name", SERVICES)
SECRET = re.compile(r"PASSWORD|_KEY$|AUTH$|_URL$")


@each_service
def test_a_container_runs_as_somebody_without_rights_on_a_root_it_cannot_write(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert any(mount.startswith("/tmp:size=") for mount in service["tmpfs"])
    user = service.get("user") or _user_of_build(service["build"])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


@each_service
def test_a_container_is_checked_restarted_stopped_in_time_and_limited(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"
    assert service["init"] is True
    assert re.fullmatch(r"\d+s", service["stop_grace_period"])
    limits = service["deploy"]["resources"]
    assert "memory" in limits["limits"] or "memory" in limits["reservations"]
    assert limits["limits"]["pids"] > 0
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@each_service
def test_health_checks_need_no_program_that_the_image_lacks(name: str) -> None:
    assert "curl" not in " ".join(SERVICES[name]["healthcheck"]["test"])


@each_service
def test_images_are_pinned(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].partition(":")
    assert re.match(r"v?\d+\.\d+", tag)
    if SERVICES[name]["image"].startswith(("recto-web", "recto-worker")):
        assert tag == __version__


@each_service
def test_only_the_web_server_is_reached_from_outside_and_only_on_loopback(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert ports == [] or name == "web"
    assert all(port.startswith("127.0.0.1:") for port in ports)


@each_service
def test_every_service_is_in_the_guide(name: str) -> None:
    assert f"| `{name}`" in (REPOSITORY / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("name", ["redis", "postgres", "qdrant", "qdrant-2", "qdrant-3", "s3"])
def test_what_keeps_data_reaches_nothing_outside(name: str) -> None:
    assert list(SERVICES[name]["networks"]) == ["inside"]
    assert load(COMPOSE)["networks"]["inside"]["internal"] is True


def test_every_volume_that_is_mounted_is_declared() -> None:
    declared = {name for path in (COMPOSE, *OVERRIDES) for name in load(path).get("volumes", {})}
    volumes = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    mounted = {volume.split(":")[0] for volume in volumes if isinstance(volume, str)}
    assert {name for name in mounted if not name.startswith(("$", "."))} == declared


def test_every_setting_that_is_given_exists() -> None:
    known = {row[0] for row in Settings().describe()}
    assert {name for _, name, _ in environments() if name.startswith("RECTO_")} <= known


def test_no_secret_stands_in_a_file() -> None:
    secrets = [(name, text) for _, name, text in environments() if SECRET.search(name)]
    assert len(secrets) > 10
    assert [name for name, text in secrets if "://" not in text and not text.startswith("${")] == []
    passwords = [text for _, text in secrets if re.search(r"://[^/]*:[^/]*@", text)]
    assert all(re.search(r":\$\{\w+:\?", text) for text in passwords)


def test_every_command_exists() -> None:
    for service in SERVICES.values():
        command = service.get("command", [])
        if command[:1] != ["recto"]:
            continue
        found = main.commands[command[1]]
        roles = [part.type for part in found.params if isinstance(part, click.Argument)]
        for given, kind in zip(command[2:], roles, strict=True):
            assert isinstance(kind, click.Choice)
            assert given in kind.choices


@pytest.mark.parametrize("path", [COMPOSE, *OVERRIDES], ids=lambda path: str(path.name))
def test_a_variable_has_a_default_or_comes_from_make_env(path: Path, tmp_path: Path) -> None:
    made = make_environment(tmp_path / ".env")
    for name, otherwise in interpolated(path).items():
        assert name in made or otherwise.startswith(":-"), name


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--profile", "cluster"],
        *(["--file", str(COMPOSE), "--file", str(path)] for path in OVERRIDES),
        ["--file", str(COMPOSE), *(text for path in OVERRIDES for text in ("--file", str(path)))],
    ],
    ids=lambda options: " ".join(Path(text).name for text in options) or "plain",
)
def test_compose_itself_takes_the_files(options: list[str], tmp_path: Path) -> None:
    program = _compose()
    make_environment(tmp_path / ".env")
    command = [*program, "--env-file", str(tmp_path / ".env"), *options, "config", "--quiet"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def _compose() -> list[str]:
    named = os.environ.get("RECTO_TEST_COMPOSE") or shutil.which("docker-compose")
    if named:
        return [named]
    if shutil.which("docker"):
        asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if asked.returncode == 0:
            return ["docker", "compose"]
    pytest.skip("docker compose is not here; RECTO_TEST_COMPOSE can name its program")


def _user_of_build(build: dict[str, Any]) -> str:
    text = build.get("dockerfile_inline") or (REPOSITORY / build["dockerfile"]).read_text()
    return str(re.findall(r"^USER (\S+)$", text, re.MULTILINE)[-1])
