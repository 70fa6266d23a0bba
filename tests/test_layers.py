"""Imports go down only, also those in functions and in strings; no module imports itself on a detour."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDERS = {"recto": "services", "recto_lab": "lab", "recto_workers": "workers", "recto_web": "web"}
FORBIDDEN = {
    "recto": {"recto_lab", "recto_workers", "recto_web", "celery", "kombu", "flask", "redis"},
    "recto_lab": {"recto_workers", "recto_web", "celery", "kombu", "flask", "redis"},
    "recto_workers": {"recto_lab", "recto_web", "flask"},
    "recto_web": {"torch", "torchvision", "cv2", "qdrant_client", "qdrant_edge"},
}
LEVELS = {
    "recto": """
        errors records isbn vectors timing image_types python
        settings versions files faults
        observe
        images
        features
        calibration
        storage
        ledger
        index
        encoders
        runtime
        intake
        ingest
        search
        comparison
        upkeep
    """,
    "recto_lab": """
        synthetic
        training evaluation
    """,
    "recto_web": """
        parts rendering tracing book_urls assets client
        web_log security
        forms
        errors presenters
        usecases
        api pages
        app cli
        server
    """,
}
"""The rooms of each package. A room imports only rooms on lines above its own."""

Import = tuple[str, str]
"""A module, and the name of the module that it imports."""


@cache
def _modules() -> dict[str, Path]:
    """All modules by dotted name; a package is named as its folder."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in (REPOSITORY / folder / package).rglob("*.py"):
            parts = path.relative_to(REPOSITORY / folder).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def _imports() -> tuple[Import, ...]:
    """Imports everywhere in the code, of our own modules and of others."""
    return tuple((name, other) for name, path in _modules().items() for other in _imported_by(path))


@cache
def _uses() -> tuple[Import, ...]:
    """The imports, and the modules that strings name: to be started as processes, or imported late."""
    named = tuple((name, other) for name, path in _modules().items() for other in _named_by(path))
    return _imports() + named


def _imported_by(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in _modules() else node.module


def _named_by(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if re.fullmatch(r"recto(_\w+)?(\.\w+)+(:.*)?", text) and text not in TASKS:
            name = text.partition(":")[0]
            if name in _modules() or name.rpartition(".")[0] in _modules():
                yield name


TASKS = {"recto.search", "recto.ingest", "recto.index"}
"""Names of Celery tasks that are names of rooms too."""
STARTED = {
    "recto_workers.parts": {"recto_web.server", "recto_web.web_log.Logger"},
    # Former names of programs, which people may have written down.
    "recto.shelf.draw": {"recto_lab.synthetic.draw"},
    "recto.shelf.contact_sheet": {"recto_lab.synthetic.contact_sheet"},
    "recto.training.whitening": {"recto_lab.training.whitening"},
    "recto.local.learn": {"recto_lab.training.codebook"},
}
"""Modules above that a module starts as a process and never imports."""
FORMER = ("recto.shelf", "recto.training", "recto.local")
"""Folders of `recto` that hold nothing but such names."""


def _broken(package: str, forbidden: set[str]) -> list[str]:
    return [
        f"{name} imports {other}"
        for name, other in _uses()
        if name.split(".")[0] == package
        and other.split(".")[0] in forbidden
        and other not in STARTED.get(name, ())
    ]


@pytest.mark.parametrize("package", FOLDERS)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    assert _broken(package, FORBIDDEN[package]) == []


def test_the_web_server_never_imports_the_laboratory_and_commands_import_it_late() -> None:
    users = {
        name for name, other in _imports() if name.startswith("recto_web") and other.startswith("recto_lab")
    }
    assert {name for name in users if not name.startswith("recto_web.cli.")} == set()
    early = [
        name
        for name in users
        for node in ast.parse(_modules()[name].read_text()).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recto_lab")
    ]
    assert early == []


@pytest.mark.parametrize("package", LEVELS)
def test_a_room_imports_only_rooms_below_it(package: str) -> None:
    level = {room: number for number, line in enumerate(LEVELS[package].split("\n")) for room in line.split()}
    rooms = {
        name.split(".")[1]
        for name in _modules()
        if name.startswith(f"{package}.") and not name.startswith(FORMER)
    }
    assert rooms == set(level), "every room has its line"
    broken = []
    for name, other in _uses():
        if name.startswith(f"{package}.") and other.startswith(f"{package}."):
            room, below = name.split(".")[1], other.split(".")[1]
            if room != below and level[below] >= level[room]:
                broken.append(f"{name} imports {other}")
    assert broken == []


def test_no_module_imports_itself_on_a_detour() -> None:
    below = defaultdict(set)
    for name, other in _imports():
        if name != other and other in _modules():
            below[name].add(other)
    # Take away what imports nothing that is left, again and again: what stays is circles and what leads to them.
    left = set(_modules())
    while leaves := {name for name in left if not below[name] & left}:
        left -= leaves
    assert {name: sorted(below[name] & left) for name in left} == {}


def test_only_the_index_knows_qdrant() -> None:
    knowing = {name for name, other in _imports() if other.split(".")[0] in {"qdrant_client", "qdrant_edge"}}
    assert {name for name in knowing if not name.startswith("recto.index.")} == set()


def test_only_the_bucket_and_its_client_know_obstore() -> None:
    knowing = {name for name, other in _imports() if other.split(".")[0] == "obstore"}
    assert knowing == {"recto.storage.bucket", "recto.storage.s3_client"}


def test_the_web_imports_only_names_and_schemas_of_tasks() -> None:
    assert [
        name
        for name, other in _imports()
        if name.startswith("recto_web") and other.startswith("recto_workers.tasks")
    ] == []


def test_only_settings_read_the_environment() -> None:
    readers = {
        name for name, path in _modules().items() if re.search(r"os\.(environ|getenv)", path.read_text())
    }
    hand_down = {  # they give their environment, with settings added, to the processes they start
        "recto_workers.processes",
        "recto_web.cli.serve",
        "recto.python",  # it sets a variable of Python's own
        "recto.observe.files",  # a variable of the Prometheus client's own
    }
    assert readers - hand_down == {"recto.settings"}


@pytest.mark.parametrize("module", ["recto_web.app", "recto_web.cli"])
def test_the_web_and_the_command_line_load_nothing_heavy(module: str) -> None:
    heavy = ("torch", "torchvision", "cv2", "qdrant_client", "qdrant_edge", "PIL", "recto_lab")
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("former", [name for name in STARTED if name.startswith("recto.")])
def test_a_former_name_of_a_program_still_starts_it(former: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", former, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout.lower()
