"""Several processes on one ledger, some of which die."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from tests.conftest import REPOSITORY
from tests.ledger.entries import fill
from tests.ledger.hand import BOOKS_PER_CHUNK, CHUNKS

from recto.ledger import Ledger
from recto.records import CoverState
from recto.settings import Settings

pytestmark = pytest.mark.slow

PATIENCE = 120.0
Start = Callable[[str, str], subprocess.Popen[str]]


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Starts a process for (action, name); those that still run at the end of the test are killed."""
    processes = []

    def run(action: str, name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error", "-m", "tests.ledger.hand", action]
        process = subprocess.Popen(
            [*command, str(settings.data_dir), settings.ledger_url, name],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def _lines(process: subprocess.Popen[str]) -> list[str]:
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return output.split("\n")[:-1]


def _kill(process: subprocess.Popen[str]) -> str:
    process.kill()
    process.wait(PATIENCE)
    assert process.stdout is not None
    return process.stdout.read()  # `communicate` would leave out what `readline` has buffered


def test_processes_that_open_a_new_ledger_at_once_all_find_it(start: Start) -> None:
    processes = [start("open", str(number)) for number in range(4)]
    assert [_lines(process) for process in processes] == [[f"{number} 0 None"] for number in range(4)]


def test_four_workers_move_each_of_thousands_of_covers_once_while_two_processes_enter_more(
    settings: Settings, start: Start
) -> None:
    ledger = Ledger.open(settings)
    job_id = fill(ledger, 1000)
    workers = [start("work", f"worker-{number}") for number in range(4)]
    writers = [start("enter", str(number)) for number in (1, 2)]
    entered = [line for process in writers for line in _lines(process)]
    ledger.set_value("entered", "yes")
    moved = Counter(line for process in workers for line in _lines(process))
    covers = 2 * (1000 + len(entered))
    assert len(entered) == 2 * CHUNKS * BOOKS_PER_CHUNK
    assert set(moved.values()) == {1}
    assert len(moved) == 2 * covers  # each once staged, once indexed
    assert ledger.queue_counts()[CoverState.INDEXED] == covers
    job = ledger.job(job_id)
    assert job is not None
    assert (job.state, job.indexed) == ("done", 2000)
    ledger.close()


@pytest.mark.chaos
def test_covers_of_a_killed_worker_come_one_by_one_with_their_attempts(
    settings: Settings, start: Start
) -> None:
    ledger = Ledger.open(settings)
    fill(ledger, 8)
    process = start("claim", "worker")
    assert process.stdout is not None
    claimed = [line.strip() for line in iter(process.stdout.readline, "hanging\n")]
    _kill(process)
    assert len(claimed) == 16
    assert ledger.claim("other", 10, 60.0) == []
    assert ledger.release("worker") == 16
    again = ledger.claim("other", 10, 60.0)
    assert [(cover.cover_id in claimed, cover.attempts) for cover in again] == [(True, 2)]
    ledger.close()


@pytest.mark.chaos
@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.03, 0.06, 0.1])
def test_what_was_acknowledged_survives_a_kill_and_nothing_is_half_written(
    settings: Settings, start: Start, seconds: float
) -> None:
    Ledger.open(settings).close()
    process = start("enter", "1")
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    assert process.poll() is None, "it was killed at work, not after it"
    acknowledged = (first + _kill(process)).split("\n")[:-1]
    ledger = Ledger.open(settings)
    stored = ledger.browse(page_size=1000)
    books = {row.book.book_id: row for row in stored.items}
    assert set(acknowledged) <= set(books)
    assert stored.total % BOOKS_PER_CHUNK == 0
    assert all(row.front and row.back for row in books.values())
    assert sum(job.covers for job in ledger.jobs().items) == 2 * stored.total
    ledger.close()


def test_threads_of_a_process_share_a_ledger(ledger: Ledger) -> None:
    fill(ledger, 50)
    claimed: list[str] = []
    errors: list[BaseException] = []

    def run(name: str) -> None:
        try:
            while covers := ledger.claim(name, 5, 60.0):
                claimed.extend(cover.cover_id for cover in covers)
                ledger.browse("title")
        except BaseException as error:  # handed to the test, which fails with it
            errors.append(error)

    threads = [threading.Thread(target=run, args=(f"thread-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(claimed) == len(set(claimed)) == 100


def test_neither_readers_nor_processes_that_start_wait_for_a_writer(settings: Settings) -> None:
    ledger = Ledger.open(settings)
    fill(ledger, 3)
    with ledger._database.write():
        started = time.monotonic()
        assert ledger.browse().total == 3
        Ledger.open(settings).close()
        assert time.monotonic() - started < 5.0
    ledger.close()
