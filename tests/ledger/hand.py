"""A process that works on a ledger beside others; prints what it did, one line each.

Run as `python -m tests.ledger.hand open|enter|work|claim DATA_DIR LEDGER_URL NAME`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.ledger.entries import fill

from recto.ledger import Ledger
from recto.records import CoverState
from recto.settings import Settings

BOOKS_PER_CHUNK = 20
CHUNKS = 20
BATCH = 40


def enter(ledger: Ledger, name: str) -> None:
    """Acknowledge books of its own, chunk by chunk, saying each when it is safe."""
    for chunk in range(CHUNKS):
        first = int(name) * 100_000 + chunk * BOOKS_PER_CHUNK
        fill(ledger, BOOKS_PER_CHUNK, first=first)
        for number in range(first, first + BOOKS_PER_CHUNK):
            print(f"book-{number}", flush=True)


def work(ledger: Ledger, name: str) -> None:
    """Claim, stage and index until nothing waits, saying each cover that was moved into the index."""
    batch = 0
    while True:
        covers = ledger.claim(name, BATCH, 3600.0)
        if not covers:
            counts = ledger.queue_counts()
            if not counts[CoverState.QUEUED] and ledger.get_value("entered") == "yes":
                return
            time.sleep(0.02)
            continue
        batch += 1
        ids = [cover.cover_id for cover in covers]
        ledger.stage(ids, f"{name}-{batch}.npz")
        for cover in ledger.covers_of_staged(f"{name}-{batch}.npz"):
            print(f"staged {cover.cover_id}")
        for id_ in ledger.mark_indexed(ids, "recipe"):
            print(f"indexed {id_}")


def claim(ledger: Ledger, name: str) -> None:
    """Claim, say what, and hang."""
    for cover in ledger.claim(name, BATCH, 3600.0):
        print(cover.cover_id)
    print("hanging", flush=True)
    time.sleep(600)


def just_open(ledger: Ledger, name: str) -> None:
    """Read something."""
    print(f"{name} {ledger.browse().total} {ledger.get_value('note')}")


ACTIONS: dict[str, Callable[[Ledger, str], None]] = {
    "open": just_open,
    "enter": enter,
    "work": work,
    "claim": claim,
}


def main() -> None:
    """Do one action."""
    action, data_dir, url, name = sys.argv[1:]
    ledger = Ledger.open(Settings(data_dir=Path(data_dir), ledger_url=url))
    ACTIONS[action](ledger, name)
    ledger.close()


if __name__ == "__main__":
    main()
