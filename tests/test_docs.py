"""Documentation that can be checked is checked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from recto_web.cli import main

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDERS = ("services", "lab", "workers", "web", "infra", "tests", "benchmarks", "docs")
PAGES = sorted([*(REPOSITORY / "docs").rglob("*.md"), *REPOSITORY.glob("*.md")])


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_says_what_lives_there(folder: str) -> None:
    assert len((REPOSITORY / folder / "README.md").read_text().splitlines()) >= 3


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_is_documented_and_explains_itself(command: str) -> None:
    assert f"`recto {command}" in (REPOSITORY / "docs" / "cli.md").read_text()
    assert main.commands[command].help


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    broken = [link for link in links if not link.startswith("http") and not (page.parent / link).exists()]
    assert broken == []


def test_every_page_is_listed() -> None:
    listed = (REPOSITORY / "docs" / "README.md").read_text() + (REPOSITORY / "README.md").read_text()
    missing = [page.name for page in (REPOSITORY / "docs").glob("*.md") if f"{page.stem}.md" not in listed]
    assert missing == ["README.md"] or missing == []


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^\s+make (\w+)", (REPOSITORY / "README.md").read_text(), re.MULTILINE))
    makefile = (REPOSITORY / "Makefile").read_text()
    assert targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_module_a_document_names_exists() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:services|lab|web|workers|tests|docs|benchmarks)/[\w/.]+)`", text)
    assert named
    assert [path for path in named if not (REPOSITORY / path).exists()] == []


def test_no_generated_file_is_tracked() -> None:
    listing = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    assert [
        name for name in listing.stdout.splitlines() if "__pycache__" in name or name.endswith(".pyc")
    ] == []
