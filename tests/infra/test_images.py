"""The Dockerfiles, what is sent to the builder, and the passwords."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.infra.compose import DOCKERFILES, MAKE_ENV, OVERRIDES, REPOSITORY, load, make_environment

from recto.settings import Settings

each_dockerfile = pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.name))


def test_the_linter_of_dockerfiles_has_nothing_to_say(tmp_path: Path) -> None:
    inline = [
        service["build"]["dockerfile_inline"]
        for path in OVERRIDES
        for service in load(path)["services"].values()
        if "dockerfile_inline" in service.get("build", {})
    ]
    for number, text in enumerate(inline):
        (tmp_path / f"{number}.Dockerfile").write_text(text)
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    files = [*DOCKERFILES, *tmp_path.glob("*.Dockerfile")]
    done = subprocess.run([hadolint, *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@each_dockerfile
def test_all_stages_start_from_one_pinned_python_that_recto_supports(path: Path) -> None:
    bases = set(re.findall(r"^FROM (\S+)", path.read_text(), re.MULTILINE))
    assert len(bases) == 1
    version = re.fullmatch(r"python:3\.(\d+)\.\d+-slim-\w+", bases.pop())
    assert version is not None
    assert version[1] in ("11", "12")


@each_dockerfile
def test_packages_are_installed_at_the_pinned_versions(path: Path) -> None:
    installs = re.findall(r"pip install (?:[^&\n]|\\\n)*", path.read_text())
    assert installs
    assert all("--constraint constraints.txt" in line or "--no-deps" in line for line in installs)


@each_dockerfile
def test_the_extras_exist(path: Path) -> None:
    extras = set(re.findall(r"--extra (\w+)", path.read_text()))
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert extras <= project["optional-dependencies"].keys()
    assert ("worker" in extras) == (path.name == "Dockerfile.worker")


@each_dockerfile
def test_what_is_copied_is_sent_to_the_builder(path: Path) -> None:
    sent = {
        line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", path.read_text(), re.MULTILINE)
        for name in line.split()
    }
    assert copied == sent
    assert all((REPOSITORY / name).exists() for name in sent)


def test_nothing_is_sent_to_the_builder_unless_it_is_named() -> None:
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert next(line for line in lines if line and not line.startswith("#")) == "*"


def test_passwords_are_made_by_chance_for_their_owner_alone(tmp_path: Path) -> None:
    first, second = (make_environment(tmp_path / name) for name in ("one", "two"))
    secrets = [name for name in first if re.search(r"PASSWORD|KEY", name)]
    assert len(secrets) >= 7
    assert all(len(first[name]) >= 20 and first[name] != second[name] for name in secrets)
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600
    settings = Settings.from_environment({name: first[name] for name in first if name.startswith("RECTO_")})
    assert settings.admin_key == first["RECTO_ADMIN_KEY"]


def test_passwords_in_use_are_never_overwritten(tmp_path: Path) -> None:
    make_environment(tmp_path / ".env")
    before = (tmp_path / ".env").read_bytes()
    done = subprocess.run(["sh", MAKE_ENV, tmp_path / ".env"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "keep it" in done.stderr
    assert (tmp_path / ".env").read_bytes() == before


def test_passwords_are_not_committed() -> None:
    assert ".env" in (REPOSITORY / ".gitignore").read_text().splitlines()
