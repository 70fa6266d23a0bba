"""What bulk jobs cost in the ledger: listing, counting, pausing, retrying and exporting one with many items.

Writes a job of `--items` covers (two a book) into a ledger of its own and times each call; the medians of several calls
where they are short. `RECTO_LEDGER_URL` measures another database than SQLite; it must be empty.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from recto.ledger import Entry, EntryItem, Ledger, Outcome
from recto.records import Book, Side
from recto.settings import Settings
from recto_workers import bulk

LISTER = "benchmark"
CHUNK = 32  # books, so 64 covers, as a listing writes them


def main() -> None:
    """Fill a ledger and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=200_000, help="covers of the job")
    items = parser.parse_args().items
    with tempfile.TemporaryDirectory(prefix="recto-ledger-") as folder:
        own = {"RECTO_DATA_DIR": folder}
        ledger = Ledger.open(Settings.from_environment(os.environ | own))
        job_id = bulk.submit(ledger, {"recto": 1, "source": "/srv/manifest.csv"})
        print("| what | ms |\n|---|---|")
        _list(ledger, job_id, items)
        _look(ledger, job_id, items)
        _steer(ledger, job_id)
        _export(ledger, job_id)
        ledger.close()
        size = sum(file.stat().st_size for file in Path(folder).glob("ledger*"))
        print(f"\n{items:,} items: {size / items / 1000:.2f} KB on disk each (SQLite)")


def _list(ledger: Ledger, job_id: str, items: int) -> None:
    times = []
    for first in range(0, items // 2, CHUNK):
        entries = [_entry(number) for number in range(first, min(first + CHUNK, items // 2))]
        if first % 6400 == 0:  # a lease ends after a minute
            ledger.take_listings(LISTER, 60.0, 32)
        started = time.perf_counter()
        assert ledger.list_rows(job_id, LISTER, entries, first + len(entries))
        times.append(time.perf_counter() - started)
    tenth = len(times) // 10
    print(f"| writing a chunk of {2 * CHUNK} covers, first tenth | {_ms(times[:tenth])} |")
    print(f"| the same, last tenth | {_ms(times[-tenth:])} |")


def _entry(number: int) -> Entry:
    items = [
        EntryItem(side, f"{number}-{side}.jpg", hashlib.sha256(f"{number} {side}".encode()).hexdigest())
        for side in Side
    ]
    return Entry(Book(f"b{number}", f"Book number {number}", authors=("Somebody",)), tuple(items))


def _look(ledger: Ledger, job_id: str, items: int) -> None:
    """What processes and pages ask again and again, with a job whose covers are half done."""
    _time("asking for jobs to list, lease held", lambda: ledger.take_listings(LISTER, 60.0, 32))
    _time("asking for paused and cancelled jobs", ledger.controlled_jobs)
    _time("counting the backlog up to 2,000", lambda: ledger.backlog(2000))
    _index(ledger, items // 2)
    _time("the job with its counts and rate, listing", lambda: ledger.job(job_id))
    ledger.end_listing_of(job_id, LISTER, {"ended": True})
    _time("the job with its counts and rate, running", lambda: ledger.job(job_id))
    _time("first page of all items", lambda: ledger.job_items(job_id))
    _time("first page of the failed ones", lambda: ledger.job_items(job_id, Outcome.FAILED))
    _time("last page of the waiting ones", lambda: ledger.job_items(job_id, Outcome.WAITING, items // 110))
    _time("failed ones by stage", lambda: ledger.failed_stages(job_id))


def _index(ledger: Ledger, count: int) -> None:
    """Index covers, and let every twentieth batch fail."""
    for batch in range(count // 500):
        ids = [cover.cover_id for cover in ledger.claim("w", 500, 3600.0)]
        if batch % 20 == 0:
            for id_ in ids:
                ledger.mark_failed(id_, "decode", "The image is damaged; export it again.")
        else:
            ledger.stage(ids, f"{batch}.npz")
            ledger.mark_indexed(ids, "recipe")


def _steer(ledger: Ledger, job_id: str) -> None:
    bulk.pause(ledger, job_id)
    _portions("holding back 500 covers", lambda after: ledger.hold_some(job_id, after))
    bulk.resume(ledger, job_id)
    _portions("queueing 500 of them again", lambda after: ledger.free_some(job_id, after))
    _time("trying all failed ones again", lambda: bulk.retry(ledger, job_id), times=1)
    bulk.cancel(ledger, job_id)
    _portions("giving up 500 covers", lambda after: ledger.give_up_some(job_id, after))


def _export(ledger: Ledger, job_id: str) -> None:
    process = psutil.Process()
    before, started, size, peak = process.memory_info().rss, time.perf_counter(), 0, 0
    for lines in bulk.export(ledger, job_id):
        size += len(lines)
        peak = max(peak, process.memory_info().rss)
    seconds = time.perf_counter() - started
    print(f"| exporting everything as CSV ({size / 1e6:.0f} MB) | {seconds * 1000:,.0f} |")
    print(f"\nThe export needed {(peak - before) / 1e6:.1f} MB of memory.")


def _portions(what: str, step: Callable[[int], int | None]) -> None:
    times, after = [], 0
    while True:
        started = time.perf_counter()
        behind = step(after)
        times.append(time.perf_counter() - started)
        if behind is None:
            break
        after = behind
    print(f"| {what}, one of {len(times)} portions | {_ms(times)} |")


def _time(what: str, call: Callable[[], object], times: int = 7) -> None:
    found = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        found.append(time.perf_counter() - started)
    print(f"| {what} | {_ms(found)} |")


def _ms(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:,.1f}"


if __name__ == "__main__":
    main()
