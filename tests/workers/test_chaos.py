"""Workers and Redis killed with `kill -9` in the middle of an ingest: it completes by itself, each cover once."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass

import psutil
import pytest
from tests.workers.running import Up, acknowledge, descendants, draw, flush_redis, indexed_ids, wait_until

from recto.ledger import Ledger
from recto.records import CoverState, Side
from recto.settings import Settings

pytestmark = pytest.mark.slow

COVERS = 500
VICTIMS = ("ingest-1", "redis", "index", "ingest-1", "redis", "index", "flush")


@dataclass(frozen=True)
class Kill:
    """One event of the log: what was killed, and how many covers the ledger held in each state just before."""

    victim: str
    counts: dict[CoverState, int]

    @property
    def landed_during_work(self) -> bool:
        """True when some covers were done and others not."""
        return 0 < self.counts[CoverState.INDEXED] < COVERS


@pytest.mark.chaos
@pytest.mark.timeout(400)
def test_an_ingest_survives_kills_of_every_part_and_indexes_each_cover_once(settings: Settings) -> None:
    images = {(f"book-{n // 2:03}", tuple(Side)[n % 2]): draw(n) for n in range(COVERS)}
    ledger = Ledger.open(settings)
    with Up(settings) as up:
        job_id = acknowledge(settings, ledger, images)
        wait_until(lambda: ledger.queue_counts()[CoverState.INDEXED], "the first covers are indexed")
        log = _rage(up, ledger, random.Random(20))
        wait_until(lambda: _is_done(ledger, job_id), f"the job is done\n{log}", seconds=300, pause=0.2)
        processes = descendants(up.process.pid)
    job = ledger.job(job_id)
    ledger.close()
    assert job is not None
    assert (job.indexed, job.failed, job.waiting) == (COVERS, 0, 0), up.said()
    ids = indexed_ids(settings)
    assert len(ids) == len(set(ids)) == COVERS
    assert {kill.victim for kill in log if kill.landed_during_work} == set(VICTIMS), log
    _, left = psutil.wait_procs(processes, timeout=5)
    assert left == []


def _rage(up: Up, ledger: Ledger, chance: random.Random) -> list[Kill]:
    """Kill the victims in random order at random moments, each after the last one is back."""
    victims = list(VICTIMS)
    chance.shuffle(victims)
    log = []
    for victim in victims:
        time.sleep(chance.uniform(0.1, 1.5))
        if victim == "flush":
            log.append(Kill(victim, ledger.queue_counts()))
            flush_redis(up.settings)
            continue
        wait_until(lambda name=victim: up.pid(name), f"{victim} is back")  # type: ignore[misc]
        pid = up.pid(victim)
        log.append(Kill(victim, ledger.queue_counts()))
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    return log


def _is_done(ledger: Ledger, job_id: str) -> bool:
    job = ledger.job(job_id)
    return job is not None and job.state == "done"
