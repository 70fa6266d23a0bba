"""Bulk jobs that read an S3 store."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.ledger.entries import index_all
from tests.support.s3 import S3Server

from recto.intake.bulk.lister import Lister
from recto.ledger import JobRow, Ledger
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto_workers import bulk

BOOKS = 100


@pytest.fixture
def settings(settings: Settings, s3_server: S3Server, s3_bucket: str) -> Settings:
    """Images are kept in the store, and jobs may read one prefix of it."""
    store = s3_server.settings(s3_bucket)
    return replace(settings, **store, source_roots=(f"s3://{s3_bucket}/scans/",))


@pytest.fixture
def put(s3_server: S3Server, s3_bucket: str) -> Callable[[str, bytes], None]:
    """Puts an object into the bucket."""
    client = s3_server.client()
    return lambda key, data: client.put_object(Bucket=s3_bucket, Key=key, Body=data)


def _work(settings: Settings, ledger: Ledger, job_id: str) -> JobRow:
    lister = Lister(settings, ledger, open_blobs(settings), "by hand")
    while lister.turn():
        index_all(ledger)
    lister.close()
    job = ledger.job(job_id)
    assert job is not None
    return job


def test_a_prefix_is_read_with_its_fronts_and_backs(
    settings: Settings, ledger: Ledger, s3_bucket: str, put: Callable[[str, bytes], None]
) -> None:
    for number in range(BOOKS):
        put(f"scans/b{number}_front.jpg", b"front %d" % number)
        put(f"scans/b{number}_back.jpg", b"back %d" % number)
    job_id = bulk.submit(ledger, {"recto": 1, "source": f"s3://{s3_bucket}/scans/"})
    job = _work(settings, ledger, job_id)
    assert (job.state, job.books, job.covers, job.failed) == ("done", BOOKS, 2 * BOOKS, 0)


def test_a_manifest_in_the_store_names_its_images_and_none_elsewhere(
    settings: Settings, ledger: Ledger, s3_bucket: str, put: Callable[[str, bytes], None]
) -> None:
    put("scans/one.jpg", b"one")
    put("other/two.jpg", b"two")
    rows = [
        {"book_id": "one", "front": "one.jpg"},
        {"book_id": "two", "front": f"s3://{s3_bucket}/other/two.jpg"},
        {"book_id": "three", "front": "/etc/hostname"},
    ]
    put("scans/list.jsonl", "\n".join(map(json.dumps, rows)).encode())
    job_id = bulk.submit(ledger, {"recto": 1, "source": f"s3://{s3_bucket}/scans/list.jsonl"})
    job = _work(settings, ledger, job_id)
    assert (job.covers - job.failed, job.failed) == (1, 2)


def test_a_store_that_does_not_answer_delays_the_job_and_the_job_says_so(
    settings: Settings, ledger: Ledger, s3_bucket: str
) -> None:
    away = replace(settings, s3_endpoint="http://127.0.0.1:9", s3_seconds=0.5)
    job_id = bulk.submit(ledger, {"recto": 1, "source": f"s3://{s3_bucket}/scans/"})
    job = _work(away, ledger, job_id)
    assert job.state == "listing"
    assert "store" in job.trouble.lower()
    job = _work(settings, ledger, job_id)  # another process, for which it answers: there is nothing
    assert (job.state, job.trouble) == ("failed", "")
    assert "nothing under" in job.reason
