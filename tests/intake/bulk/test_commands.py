"""`recto jobs`, on a data folder on which nothing runs: the ledger keeps what is asked for."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.intake.bulk.shelf import Shelf
from tests.ledger.entries import index_all

from recto.intake.bulk import SCHEMA
from recto.intake.bulk.lister import Lister
from recto.ledger import Ledger
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto_web.cli import main

Recto = Callable[..., str]


@pytest.fixture
def recto(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Recto:
    """Runs a command and gives what it printed."""
    monkeypatch.setenv("RECTO_DATA_DIR", str(settings.data_dir))

    def run(*arguments: object, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["jobs", *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result.output

    return run


@pytest.fixture
def job_id(recto: Recto, shelf: Shelf) -> str:
    """A submitted job of three books, one of whose pictures is missing."""
    shelf.stock(3)
    (shelf.folder / "1.jpg").unlink()
    return str(json.loads(recto("submit", shelf.manifest, "--label", "Spring", "--json"))["job"])


def _work(ledger: Ledger, data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)  # no roots: whoever submits at the command line may read their own
    lister = Lister(settings, ledger, open_blobs(settings), "by hand")
    while lister.turn():
        index_all(ledger)
    index_all(ledger)
    lister.close()


def test_a_job_is_followed_from_its_submission_to_its_export(
    recto: Recto, job_id: str, ledger: Ledger, settings: Settings, shelf: Shelf
) -> None:
    assert "listing" in recto("list")
    _work(ledger, settings.data_dir)
    assert json.loads(recto("show", job_id, "--json"))["indexed"] == 2
    assert "1.jpg does not exist" in recto("show", job_id)
    rows = list(csv.DictReader(recto("export", job_id).splitlines()))
    assert [row["outcome"] for row in rows] == ["failed", "indexed", "indexed"]
    assert len(recto("export", job_id, "--outcome", "failed").splitlines()) == 2
    (shelf.folder / "1.jpg").write_bytes(b"there it is")
    assert "1 items wait again" in recto("retry", job_id, "--stage", "read")
    _work(ledger, settings.data_dir)
    assert json.loads(recto("list", "--json"))[0]["indexed"] == 3


def test_a_job_is_paused_resumed_and_cancelled(recto: Recto, job_id: str) -> None:
    recto("pause", job_id)
    assert "paused" in recto("show", job_id)
    recto("resume", job_id)
    assert "listing" in recto("show", job_id)
    recto("cancel", job_id)
    assert "cancelled" in recto("show", job_id)
    assert "over already" in recto("pause", job_id, code=1)


def test_what_does_not_exist_is_told_in_a_sentence(recto: Recto) -> None:
    for command in ("show", "pause", "resume", "cancel", "retry", "export"):
        assert "There is no job" in recto(command, "nothing", code=1)


def test_the_schema_of_the_document_is_printed(recto: Recto) -> None:
    assert json.loads(recto("schema")) == SCHEMA
