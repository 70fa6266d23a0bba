"""`recto duplicates`, and what `recto ingest` says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.comparison.duplicates.conftest import copy, drawn, singles
from tests.ingest.conftest import jpeg
from tests.ledger.entries import put

from recto.ledger import Finding, Ledger
from recto.records import Alike
from recto.settings import Settings
from recto_web.cli import main

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """What a command prints."""

    def printed(*arguments: str, code: int = 0) -> str:
        environment = {"RECTO_DATA_DIR": str(tmp_path), "RECTO_TORCH_THREADS": "1"}
        answer = CliRunner().invoke(main, list(arguments), env=environment)
        assert answer.exit_code == code, answer.output
        return answer.output

    return printed


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger with one pair of covers that are alike."""
    ledger = Ledger.open(Settings(data_dir=tmp_path))
    low, high = sorted(put(ledger, name, name=name).cover_id for name in ("a", "b"))
    ledger.finish_comparison([], [Finding(low, high, Alike.SAME_ARTWORK, {"share": 0.82})])
    return ledger


def test_it_lists_pairs_for_people_and_for_programs(run: Run, ledger: Ledger) -> None:
    line = run("duplicates").strip()
    assert line.startswith("same_artwork")
    assert "82% agrees" in line
    (pair,) = json.loads(run("duplicates", "--json"))
    assert {pair["cover"]["book_id"], pair["other"]["book_id"]} == {"a", "b"}
    assert pair["kind"] == "same_artwork"
    assert "No covers are alike" in run("duplicates", "--kind", "same_file")
    run("duplicates", "--kind", "sister", code=2)
    assert "no job" in run("duplicates", "--job", "nothing", code=1)


def test_it_keeps_decisions_and_takes_them_back(run: Run, ledger: Ledger) -> None:
    assert "kept as different" in run("duplicates", "--different", "b", "a")
    assert "No covers are alike" in run("duplicates")
    (pair,) = json.loads(run("duplicates", "--decided", "--json"))
    assert pair["decision"]["decided"] > 0
    assert "taken back" in run("duplicates", "--undo", "a", "b")
    assert "Nobody has called" in run("duplicates", "--undo", "a", "b")
    assert "same_artwork" in run("duplicates")
    assert "no book 'z'" in run("duplicates", "--different", "a", "z", code=1)


def test_more_than_the_limit_is_told(run: Run, ledger: Ledger) -> None:
    put(ledger, "c", name="c")
    low, high = sorted(ledger.covers_of(name)[0].cover_id for name in ("a", "c"))
    ledger.finish_comparison([], [Finding(low, high, Alike.LOOK_ALIKE, {})])
    assert "and 1 more" in run("duplicates", "--limit", "1")


def test_an_ingest_tells_of_covers_that_look_like_others(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    one, other = singles(2)
    for name, data in (("one", jpeg(drawn(one))), ("two", copy(one)), ("three", jpeg(drawn(other)))):
        (folder / f"{name}.jpg").write_bytes(data)
    said = run("ingest", str(folder))
    assert "2 covers look like others: `recto duplicates --job" in said
    job_id = said.partition("--job ")[2].partition("`")[0]
    assert "same_picture" in run("duplicates", "--job", job_id)
