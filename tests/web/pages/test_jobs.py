"""The pages of jobs."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from tests.web.pages.shelf import index_all, picture

from recto.ledger import Entry, EntryItem, JobRow, Ledger, NewItem
from recto.records import Book, CoverState, Side
from recto.storage.blobs import Blobs
from recto_web.pages.jobs import FEW, ITEMS_PER_PAGE
from recto_web.presenters.job import JobView
from recto_workers import bulk


def _job(ledger: Ledger, blobs: Blobs, covers: int, source: str = "/scans/list.csv") -> str:
    job_id = ledger.create_job("ingest", source)
    for number in range(covers):
        sha256 = blobs.put(picture(size=(number + 10, 10)))
        item = EntryItem(Side.FRONT, f"{number}.jpg", sha256)
        ledger.acknowledge(job_id, [Entry(Book(f"b{number}", f"Book {number}"), (item,))])
    ledger.finish_listing(job_id)
    return job_id


def test_without_jobs_the_page_says_how_to_begin(client: FlaskClient) -> None:
    assert "There are no jobs yet" in client.get("/jobs").text


def test_a_running_job_shows_its_progress_and_refreshes(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    job_id = _job(ledger, blobs, 4)
    covers = ledger.claim("w", 1, 60)
    ledger.stage([covers[0].cover_id], "a.npz")
    ledger.mark_indexed([covers[0].cover_id], "r")
    text = client.get(f"/jobs/{job_id}").text
    assert "1 of 4 covers" in text
    assert 'aria-label="1 of 4 covers"' in text
    assert re.search(r"about \d+ s left", text)
    assert '<noscript><meta http-equiv="refresh"' in text
    assert "list.csv" in client.get("/jobs").text


def test_a_finished_job_stands_still(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    job_id = _job(ledger, blobs, 2)
    index_all(ledger)
    for path in (f"/jobs/{job_id}", "/jobs"):
        text = client.get(path).text
        assert "http-equiv" not in text
        assert "data-refresh" not in text


def test_what_failed_is_listed_with_stage_and_reason_in_pages(client: FlaskClient, ledger: Ledger) -> None:
    job_id = ledger.create_job("ingest", "/scans")
    ledger.add_items(
        job_id,
        [
            NewItem(
                f"b{number}", Side.BACK, f"scan-{number:03}.jpg", stage="read", reason=f"Reason {number}."
            )
            for number in range(ITEMS_PER_PAGE + 5)
        ],
    )
    ledger.finish_listing(job_id)
    first, second = client.get(f"/jobs/{job_id}").text, client.get(f"/jobs/{job_id}?page=2").text
    assert "scan-000.jpg" in first
    assert "Reason 0." in first
    assert f"scan-{ITEMS_PER_PAGE + 4:03}.jpg" in second
    assert f"51\N{EN DASH}55 of {ITEMS_PER_PAGE + 5} failed items" in second
    assert "Try the failed ones again" not in first  # nothing was kept that could be tried again


def test_failed_covers_are_tried_again(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    job_id = _job(ledger, blobs, 2)
    for cover in ledger.claim("w", 2, 60):
        ledger.mark_failed(cover.cover_id, "decode", "It was torn.")
    assert "It was torn. (decode)" in client.get(f"/jobs/{job_id}").text
    assert "Try the failed ones again" in client.get(f"/jobs/{job_id}").text
    assert client.post(f"/jobs/{job_id}/retry").status_code == 303
    assert ledger.queue_counts()[CoverState.QUEUED] == 2
    assert "0 of 2 covers" in client.get(f"/jobs/{job_id}").text


def test_a_running_job_can_be_paused_resumed_and_cancelled(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    job_id = _job(ledger, blobs, 2)
    for action, state, button in (
        ("pause", "paused", "Resume"),
        ("resume", "running", "Pause"),
        ("cancel", "cancelling", ""),
    ):
        assert client.post(f"/jobs/{job_id}/{action}").headers["Location"] == f"/jobs/{job_id}"
        job = ledger.job(job_id)
        assert job is not None
        assert job.state == state
        assert f">{button}</button>" in client.get(f"/jobs/{job_id}").text or not button
    assert client.post(f"/jobs/{job_id}/pause").status_code == 303  # too late: its page says so


def test_items_are_shown_by_outcome_and_exported(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    job_id = _job(ledger, blobs, FEW + 3)
    (cover,) = ledger.claim("w", 1, 60)
    ledger.mark_failed(cover.cover_id, "decode", "It was torn.")
    text = client.get(f"/jobs/{job_id}").text
    assert text.count("It was torn.") == 1
    assert "1.jpg" not in text
    assert "1.jpg" in client.get(f"/jobs/{job_id}?show=waiting").text
    assert "It was torn." not in client.get(f"/jobs/{job_id}?show=waiting").text
    export = client.get(f"/jobs/{job_id}/export.csv")
    assert export.mimetype == "text/csv"
    assert len(export.text.splitlines()) == FEW + 4
    assert len(client.get(f"/jobs/{job_id}/export.csv?outcome=failed").text.splitlines()) == 2
    assert client.get("/jobs/none/export.csv").status_code == 404


def test_failed_items_are_tried_again_one_by_one_and_by_stage(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    job_id = _job(ledger, blobs, FEW + 3)
    for cover, stage in zip(ledger.claim("w", 3, 60), ("decode", "decode", "describe"), strict=True):
        ledger.mark_failed(cover.cover_id, stage, "No.")
    first = ledger.job_items(job_id, "failed").items[0]
    client.post(f"/jobs/{job_id}/retry", data={"item": str(first.item_id)})
    assert ledger.failed_stages(job_id) == {"decode": 1, "describe": 1}
    client.post(f"/jobs/{job_id}/retry", data={"stage": "describe"})
    assert ledger.failed_stages(job_id) == {"decode": 1}


def test_a_document_that_cannot_be_used_is_shown_with_the_reason(client: FlaskClient, ledger: Ledger) -> None:
    bulk.accept(ledger, b'{"recto": 1, "sauce": "<b>"}', "0123456789abcdef")
    text = client.get("/jobs/0123456789abcdef").text
    assert "unknown field" in text
    assert "&lt;b&gt;" in text


def test_a_job_is_there_as_json(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    job_id = _job(ledger, blobs, 3)
    body = client.get(f"/jobs/{job_id}", headers={"Accept": "application/json"}).json
    assert body is not None
    assert (body["covers"], body["waiting"], body["state"]) == (3, 3, "running")


def test_an_unknown_job_is_a_page_that_is_not_there(client: FlaskClient) -> None:
    assert client.get("/jobs/none").status_code == 404
    assert client.post("/jobs/none/retry").status_code == 404


def _row(**changes: object) -> JobRow:
    counts = {"books": 10, "covers": 100, "indexed": 40, "unchanged": 5, "failed": 5, "waiting": 50}
    fields = {"job_id": "j", "kind": "ingest", "source": "/a/list.csv", "state": "running", "reason": ""}
    times = {"created": 1000.0, "finished": 1100.0}
    return JobRow(**{**fields, **counts, **times, **changes})  # type: ignore[arg-type]


def test_rate_and_time_left_count_what_was_worked_on() -> None:
    job = JobView(_row())
    assert job.rate == 0.45
    assert job.seconds_left == 50 / 0.45
    assert job.percent == 50.0


def test_nothing_is_promised_before_the_first_cover_is_done() -> None:
    assert JobView(_row(indexed=0, failed=0)).seconds_left is None
    assert JobView(_row(state="listing", is_listed=False, recent=60, finished=None)).seconds_left is None


def test_a_running_job_is_measured_by_its_last_minute_and_by_the_rows_still_to_be_read() -> None:
    half_read = {"state": "listing", "is_listed": False, "position": 50, "rows": 100, "finished": None}
    job = JobView(_row(**half_read, recent=120))
    assert (job.rate, job.progress.expected, job.percent) == (2.0, 200, 25.0)
    assert job.seconds_left == 75.0


def test_a_job_is_called_by_its_file_its_book_or_its_work() -> None:
    assert JobView(_row()).name == "list.csv"
    assert JobView(_row(source="/a/scans/")).name == "scans"
    assert JobView(_row(source="Either/Or")).name == "Either/Or"
    assert JobView(_row(kind="rebuild", source="")).name == "Rebuilding the index"
