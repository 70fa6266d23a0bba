"""Nothing that scripts, people and stored catalogues rely on is gone or other than it was. What is new is welcome."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.frozen.collect import FILE, Names, changes, collect
from tests.frozen.observe import observe

FROZEN: Names = json.loads(FILE.read_text())
ADVICE = (
    "A change of the contract: undo it, or note it in CHANGELOG.md and run `python -m tests.frozen.collect`."
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """An empty folder, on a path short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="recto-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def read(folder: Path) -> Names:
    """What the code says of itself."""
    (folder / "code").mkdir()
    return collect(folder / "code")


@pytest.fixture(scope="module")
def seen(folder: Path) -> Names:
    """What shows when it runs."""
    (folder / "run").mkdir()
    return observe(folder / "run")


def check(part: str, today: Names) -> None:
    found = list(changes(FROZEN[part], today[part], part))
    assert found == [], "\n".join([*found, ADVICE])


RUNNING = ("commands, json", "data folder", "heartbeat", "job states", "ledger", "redis, running")


@pytest.mark.parametrize("part", sorted(FROZEN.keys() - set(RUNNING)))
def test_what_the_code_says_of_itself_stays(part: str, read: Names) -> None:
    check(part, read)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", RUNNING)
def test_what_shows_when_it_runs_stays(part: str, seen: Names) -> None:
    check(part, seen)


def test_everything_that_is_collected_is_frozen(read: Names, seen: Names) -> None:
    assert {*read, *seen} == set(FROZEN)


def test_a_change_is_named_and_an_addition_is_none() -> None:
    frozen = {"a": {"b": "1", "c": ["x", "y"]}, "d": {}}
    assert list(changes(frozen, {"a": {"b": "1", "c": ["y", "z", "x"], "n": "2"}, "d": {}})) == []
    assert list(changes(frozen, {"a": {"b": "2", "c": ["y"]}})) == [
        "a / b was '1' and is '2'",
        "a / c / x is gone",
        "d is gone",
    ]
