"""The commands of the Makefile in clones and on data folders of any name, typed from elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.infra.compose import REPOSITORY
from tests.support.odd_names import ALL_IN_ONE, ODD_NAMES

FILES = ("Makefile", "pyproject.toml", "constraints.txt")


def clone(folder: Path) -> Path:
    """The files that make reads, and a program in place of `recto` that prints what it is given."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(REPOSITORY / name, folder / name)
    shutil.copytree(REPOSITORY / "infra", folder / "infra")
    program = folder / ".venv" / "bin" / "recto"
    program.write_text('#!/bin/sh\nprintf "%s" "$RECTO_DATA_DIR"\n')
    program.chmod(0o755)
    (folder / ".venv" / ".product").touch()
    return folder


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make from another folder."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("RECTO_")}
    command = ["make", "--no-print-directory", "-C", str(folder), *arguments]
    return subprocess.run(
        command, cwd="/", env=own | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", [*ODD_NAMES, ALL_IN_ONE])
def test_the_demo_gets_the_folder_as_it_is_named(tmp_path: Path, name: str) -> None:
    folder = clone(tmp_path / name)
    assert make(folder, "demo").stdout == str(folder / ".recto" / "demo")
    assert make(folder, "demo", RECTO_DATA_DIR=f"/srv/{name}").stdout == f"/srv/{name}"
    assert make(folder, "up", RECTO_DATA_DIR=f"/srv/{name}").stdout == f"/srv/{name}"


def test_a_clone_whose_path_has_a_colon_is_told_what_to_do(tmp_path: Path) -> None:
    done = make(clone(tmp_path / "a:b"), "preflight")
    assert done.returncode != 0
    assert "holds a colon" in done.stderr
