"""`recto status` for people, on folders where nothing runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from recto.ledger import Ledger
from recto.records import Book, Side
from recto.settings import Settings
from recto.versions import Version
from recto_web.cli import main
from recto_web.cli.status import _parts
from recto_workers.heartbeat import Heartbeat
from recto_workers.overview import Overview

KEYS_OF_OLD = {"data_dir", "running", "live", "workers", "covers", "jobs"}
Status = Callable[..., str]


@pytest.fixture
def status(tmp_path: Path) -> Status:
    """What the command prints."""

    def printed(*options: str, **environment: str) -> str:
        answer = CliRunner().invoke(
            main, ["status", *options], env={"RECTO_DATA_DIR": str(tmp_path), **environment}
        )
        assert answer.exit_code == 0, answer.output
        return answer.output

    return printed


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """The ledger of the folder, with two covers that wait and one that failed."""
    ledger = Ledger.open(Settings(data_dir=tmp_path))
    ledger.set_live_version(Version("0123456789ab", "recto_small"))
    ledger.put_book(Book("b"))
    for number in range(3):
        ledger.add_cover("b", Side.FRONT, f"{number}" * 64)
    (cover,) = ledger.claim("worker", 1, 60.0)
    ledger.mark_failed(cover.cover_id, "decode", "It is no image.")
    return ledger


def test_it_says_what_waits_how_long_and_what_failed(status: Status, ledger: Ledger) -> None:
    lines = {" ".join(line.split()) for line in status().splitlines()}
    assert "parts nothing runs; start it with `recto up`" in lines
    assert any(line.startswith("covers 2 queued, the oldest for ") for line in lines)
    assert "failed 1 decode" in lines
    assert "index recto_small is live (recipe 0123456789ab)" in lines
    assert any(line.startswith("disk ") and line.endswith("GiB free") for line in lines)


def test_programs_find_what_they_found_before_and_more(status: Status, ledger: Ledger) -> None:
    facts = json.loads(status("--json"))
    assert facts.keys() >= KEYS_OF_OLD
    assert facts["covers"]["queued"] == 2
    assert facts["oldest_waiting_seconds"]["queued"] >= 0
    assert facts["failed_by_stage"] == {"decode": 1}
    assert (
        facts["versions"]["live"] == facts["live"] == {"recipe_id": "0123456789ab", "encoder": "recto_small"}
    )
    assert facts["disk"]["free"] > 0
    assert facts["queues"] is None  # nothing runs, so there is no Redis to ask


def test_an_empty_folder_has_a_status_too(status: Status) -> None:
    assert "no version yet" in status()
    assert json.loads(status("--json"))["live"] is None


def test_names_are_shown_as_they_are(status: Status, ledger: Ledger) -> None:
    ledger.set_live_version(Version("0123456789ab", "[bold]odd[/bold]"))
    assert "[bold]odd[/bold] is live" in status()


def test_a_worker_whose_work_waits_says_why() -> None:
    beat = Heartbeat(
        "ingest", "ingest-1@host", "host", 7, "", ("ingest",), time.time(), waits="The GPU is full."
    )
    lines = [line.text for line in _parts(Overview(None, None, None, None, (beat,), None), runs=True)]
    assert lines[1:] == ["The work of ingest-1@host waits: The GPU is full."]
