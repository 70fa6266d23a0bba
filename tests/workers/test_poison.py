"""A cover on which the worker dies every time ends in quarantine; its neighbours are indexed."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from tests.workers.running import Up, acknowledge, draw, wait_until

from recto.ledger import Ledger
from recto.records import CoverState, Side
from recto.settings import Settings


@pytest.mark.timeout(180)
def test_a_cover_that_kills_its_worker_is_quarantined_and_its_neighbours_are_indexed(
    settings: Settings,
) -> None:
    images = {(f"book-{n}", Side.FRONT): draw(n) for n in range(12)}
    images["poison", Side.FRONT] = draw(
        0, width=4000, height=6000
    )  # slow, so that its worker can be caught at it
    ledger = Ledger.open(settings)
    attempts: set[int] = set()
    with Up(settings) as up:
        job_id = acknowledge(settings, ledger, images)
        [poison] = ledger.covers_of("poison")
        threading.Thread(
            target=_play_poison, args=(poison.cover_id, up, ledger, attempts), daemon=True
        ).start()
        wait_until(lambda: _waiting(ledger, job_id) == 0, "the job is done", seconds=120, pause=0.2)
    quarantined = ledger.cover(poison.cover_id)
    job = ledger.job(job_id)
    ledger.close()
    assert quarantined is not None
    assert job is not None
    assert (quarantined.state, quarantined.stage) == (CoverState.FAILED, "quarantine"), up.said()
    assert attempts == {1, 2, 3}
    assert quarantined.attempts == settings.ingest_attempts + 1
    assert (job.indexed, job.failed) == (12, 1)


def _play_poison(cover_id: str, up: Up, ledger: Ledger, attempts: set[int]) -> None:
    """Kill the worker as soon as it holds this cover, once in each of its attempts."""
    while True:
        cover = ledger.cover(cover_id)
        if cover is None or cover.state not in (CoverState.QUEUED, CoverState.WORKING):
            return
        is_tried = cover.state is CoverState.WORKING and cover.attempts <= up.settings.ingest_attempts
        if is_tried and cover.attempts not in attempts:
            pid = up.pid("ingest-1")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            attempts.add(cover.attempts)
        time.sleep(0.005)


def _waiting(ledger: Ledger, job_id: str) -> int:
    job = ledger.job(job_id)
    assert job is not None
    return job.waiting
