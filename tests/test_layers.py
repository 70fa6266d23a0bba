"""Imports go down only: recto_web -> recto_workers -> recto; the web loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDERS = {"recto": "services", "recto_workers": "workers", "recto_web": "web"}
FORBIDDEN = {
    "recto": {"recto_workers", "recto_web", "celery", "kombu", "flask", "redis"},
    "recto_workers": {"recto_web", "flask"},
    "recto_web": {"torch", "torchvision", "cv2", "qdrant_client", "qdrant_edge"},
}


def _modules(package: str) -> Iterator[Path]:
    yield from (REPOSITORY / FOLDERS[package] / package).rglob("*.py")


def _imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("package", FOLDERS)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    broken = [
        f"{module.relative_to(REPOSITORY)} imports {name}"
        for module in _modules(package)
        for name in _imports(module)
        if name.split(".")[0] in FORBIDDEN[package]
    ]
    assert broken == []


def test_only_the_index_knows_qdrant() -> None:
    index = REPOSITORY / "services" / "recto" / "index"
    broken = [
        str(module.relative_to(REPOSITORY))
        for package in FOLDERS
        for module in _modules(package)
        if index not in module.parents
        for name in _imports(module)
        if name.split(".")[0] in {"qdrant_client", "qdrant_edge"}
    ]
    assert broken == []


def test_only_the_bucket_and_its_client_know_obstore() -> None:
    knowing = {
        module.name
        for package in FOLDERS
        for module in _modules(package)
        for name in _imports(module)
        if name.split(".")[0] == "obstore"
    }
    assert knowing == {"bucket.py", "s3_client.py"}


def test_the_web_imports_only_names_and_schemas_of_tasks() -> None:
    broken = [
        str(module.relative_to(REPOSITORY))
        for module in _modules("recto_web")
        for name in _imports(module)
        if name.startswith("recto_workers.tasks")
    ]
    assert broken == []


def test_only_settings_read_the_environment() -> None:
    readers = [
        str(module.relative_to(REPOSITORY))
        for package in FOLDERS
        for module in _modules(package)
        if "os.environ" in module.read_text() or "os.getenv" in module.read_text()
    ]
    hand_down = {  # they give their environment, with settings added, to the processes they start
        "workers/recto_workers/processes.py",
        "web/recto_web/cli/serve.py",
        "services/recto/python.py",  # it sets a variable of Python's own
    }
    hand_down.add("services/recto/observe/files.py")  # a variable of the Prometheus client's own
    assert set(readers) - hand_down == {"services/recto/settings.py"}


@pytest.mark.parametrize("module", ["recto_web.app", "recto_web.cli"])
def test_the_web_and_the_command_line_load_nothing_heavy(module: str) -> None:
    heavy = ("torch", "torchvision", "cv2", "qdrant_client", "qdrant_edge", "PIL")
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
