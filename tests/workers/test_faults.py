"""Worker processes whose device is full or fails: covers wait, the reason is told, and all goes on by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workers.running import Up, acknowledge, draw, wait_until

from recto.ledger import Ledger
from recto.records import CoverState, Side
from recto.settings import Settings
from recto_workers import heartbeat
from recto_workers.app import connect
from recto_workers.instance import redis_url_of

pytestmark = pytest.mark.slow

COVERS = 20


@pytest.fixture
def fault(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that makes networks fail in processes that are started from here on."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "faulty"))
    monkeypatch.setenv("RECTO_TEST_FAULT", str(data_dir / "fault"))
    return data_dir / "fault"


def hand_over(settings: Settings, ledger: Ledger) -> None:
    acknowledge(settings, ledger, {(f"book-{number}", Side.FRONT): draw(number) for number in range(COVERS)})


def told(settings: Settings) -> str:
    """Why the ingest process waits, as others see it."""
    with connect(redis_url_of(settings)) as client:
        return "".join(
            getattr(beat, "waits", "") for beat in heartbeat.alive(client) if beat.role == "ingest"
        )


def wait_until_indexed(ledger: Ledger, up: Up) -> None:
    wait_until(lambda: ledger.queue_counts()[CoverState.INDEXED] == COVERS, f"all are indexed\n{up.said()}")
    assert ledger.queue_counts()[CoverState.FAILED] == 0


@pytest.mark.timeout(400)
def test_covers_wait_for_a_full_gpu_in_the_same_process_which_says_so(
    settings: Settings, fault: Path
) -> None:
    ledger = Ledger.open(settings)
    with Up(settings) as up:
        pid = up.pid("ingest-1")
        fault.write_text("memory")
        hand_over(settings, ledger)
        wait_until(lambda: "The GPU has no memory left" in told(settings), f"the reason is told\n{up.said()}")
        assert ledger.queue_counts()[CoverState.FAILED] == 0
        fault.unlink()
        wait_until_indexed(ledger, up)
        wait_until(lambda: not told(settings), "nothing waits any more")
        assert up.pid("ingest-1") == pid
    ledger.close()


@pytest.mark.timeout(400)
def test_a_process_whose_gpu_fails_is_started_again_until_it_works(settings: Settings, fault: Path) -> None:
    ledger = Ledger.open(settings)
    with Up(settings) as up:
        pids = {up.pid("ingest-1")}
        fault.write_text("device")
        hand_over(settings, ledger)

        def is_another() -> bool:
            pids.add(up.pid("ingest-1"))
            return len(pids - {None}) > 2

        wait_until(is_another, f"it was started again twice\n{up.said()}")
        assert ledger.queue_counts()[CoverState.FAILED] == 0
        fault.unlink()
        wait_until_indexed(ledger, up)
        assert "exit code 75" in up.output.read_text()
    ledger.close()
