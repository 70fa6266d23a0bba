from __future__ import annotations

from pathlib import Path

from recto.ledger import Entry, EntryItem, Ledger
from recto.records import Side
from recto.settings import Settings
from recto_web.cli.evaluated_product import failed_items


def test_failures_beyond_the_first_page_are_told(tmp_path: Path) -> None:
    ledger = Ledger.open(Settings(data_dir=tmp_path))
    job_id = ledger.create_job("ingest", "references.jsonl")
    items = [EntryItem(Side.FRONT, f"{number}.jpg", "", "read", "It is not there.") for number in range(5)]
    ledger.acknowledge(job_id, [Entry(None, tuple(items))])
    assert [item.path for item in failed_items(ledger, job_id, page_size=2)] == [item.path for item in items]
    ledger.close()
