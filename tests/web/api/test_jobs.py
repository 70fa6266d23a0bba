"""Jobs, failures and the index over the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.web.api.conftest import Asks

from recto.encoders import CARDS
from recto.encoders.card_document import write_card
from recto.ledger import Ledger, NewItem
from recto.records import Book, Side
from recto.settings import Settings
from recto.storage.blobs import Blobs


def _json(response: Any) -> Any:
    return response.json


@pytest.fixture
def document(settings: Settings) -> dict[str, Any]:
    """A document that may be read."""
    return {"recto": 1, "source": settings.source_roots[0], "id": "spring"}


def test_a_bulk_job_is_submitted_once_however_often_it_is_sent(ask: Asks, document: dict[str, Any]) -> None:
    first, second = ask("POST", "/jobs", json=document), ask("POST", "/jobs", json=document)
    assert first.status_code == second.status_code == 202
    assert _json(first)["job_id"] == _json(second)["job_id"]
    assert first.headers["Location"] == _json(first)["url"]
    assert _json(ask("GET", "/jobs"))["total"] == 1


def test_an_id_of_another_document_is_a_conflict(ask: Asks, document: dict[str, Any]) -> None:
    ask("POST", "/jobs", json=document)
    assert ask("POST", "/jobs", json={**document, "label": "Other"}).status_code == 409


@pytest.mark.parametrize(
    "change", [{"recto": 2}, {"source": ""}, {"sauce": "x"}, {"options": {"dry_run": "yes"}}], ids=str
)
def test_a_document_that_cannot_be_used_is_refused(
    ask: Asks, document: dict[str, Any], change: dict[str, Any]
) -> None:
    refused = ask("POST", "/jobs", json={**document, **change})
    assert refused.status_code == 422
    assert _json(refused)["detail"]
    assert _json(ask("GET", "/jobs"))["total"] == 0


def test_a_job_is_paused_resumed_and_given_up(ask: Asks, document: dict[str, Any]) -> None:
    job = _json(ask("POST", "/jobs", json=document))["job_id"]
    for action, state in (("pause", "paused"), ("resume", "listing"), ("cancel", "cancelling")):
        answer = ask("POST", f"/jobs/{job}/{action}")
        assert answer.status_code == 202, action
        assert _json(answer)["state"] in (state, "cancelled"), action
    assert ask("POST", f"/jobs/{job}/pause").status_code == 409


@pytest.fixture
def job(ledger: Ledger) -> str:
    """A job of which one item failed in reading and one in decoding; a third waits."""
    ledger.put_book(Book("raven", "The Raven"))
    bad, _ = ledger.add_cover("raven", Side.FRONT, "0" * 64)
    waiting, _ = ledger.add_cover("raven", Side.BACK, "1" * 64)
    job_id = ledger.create_job("ingest", "/srv/covers")
    ledger.add_items(
        job_id,
        [
            NewItem("raven", Side.FRONT, "a.jpg", bad.cover_id),
            NewItem("raven", Side.BACK, "b.jpg", waiting.cover_id),
            NewItem("x", None, "=c.jpg", stage="read", reason="There is no such file."),
        ],
    )
    ledger.finish_listing(job_id)
    ledger.mark_failed(bad.cover_id, "decode", "It is broken.")
    return job_id


def test_a_job_counts_its_items_live(ask: Asks, job: str) -> None:
    shown = _json(ask("GET", f"/jobs/{job}"))
    assert {name: shown[name] for name in ("state", "covers", "failed", "waiting")} == {
        "state": "running", "covers": 3, "failed": 2, "waiting": 1,
    }  # fmt: skip
    assert shown["created"].endswith("Z")
    assert shown["finished"] is None
    assert _json(ask("GET", "/jobs"))["items"][0]["job_id"] == job


def test_items_are_listed_by_outcome(ask: Asks, job: str) -> None:
    assert _json(ask("GET", f"/jobs/{job}/items"))["total"] == 3
    failed = _json(ask("GET", f"/jobs/{job}/items?outcome=failed&page_size=1"))
    assert failed["total"] == 2
    assert (failed["items"][0]["stage"], failed["items"][0]["reason"]) == ("decode", "It is broken.")
    assert ask("GET", f"/jobs/{job}/items?outcome=lost").status_code == 422


def test_failures_of_all_jobs_are_listed_the_latest_first(ask: Asks, job: str) -> None:
    found = _json(ask("GET", "/failures"))
    assert [item["stage"] for item in found["items"]] == ["read", "decode"]
    assert found["items"][0]["job_id"] == job
    assert found["items"][0]["cover_url"] is None
    assert _json(ask("GET", "/failures?stage=decode"))["total"] == 1


def test_failed_items_are_tried_again(ask: Asks, job: str) -> None:
    answer = ask("POST", f"/jobs/{job}/retry", json={"stage": "decode"})
    assert answer.status_code == 202
    assert (_json(answer)["failed"], _json(answer)["waiting"]) == (1, 2)


def test_items_are_exported_as_csv(ask: Asks, job: str) -> None:
    answer = ask("GET", f"/jobs/{job}/export?outcome=failed")
    assert answer.mimetype == "text/csv"
    assert f'filename="{job}.csv"' in answer.headers["Content-Disposition"]
    assert answer.text.count("\n") == 3
    assert "'=c.jpg" in answer.text


@pytest.mark.parametrize("path", ["", "/items", "/export"])
def test_no_such_job_is_a_problem(ask: Asks, path: str) -> None:
    assert ask("GET", f"/jobs/nothing{path}").status_code == 404


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
def test_no_such_job_can_be_controlled(ask: Asks, action: str) -> None:
    assert ask("POST", f"/jobs/nothing/{action}").status_code == 404


def test_a_reindex_is_a_job(ask: Asks) -> None:
    begun = ask("POST", "/index/reindex", json={"encoder": "mobilenet_v2", "switch": False})
    assert begun.status_code == 202
    assert _json(begun)["kind"] == "reindex"
    assert _json(ask("GET", "/index"))["job_url"] == _json(begun)["url"]
    assert ask("POST", "/index/reindex", json={"encoder": "squeezenet1_1"}).status_code == 409
    assert ask("POST", "/index/cancel").status_code == 202
    assert _json(ask("GET", "/index"))["asked"] == ""


def test_an_encoder_that_was_added_is_reindexed_with(ask: Asks, blobs: Blobs) -> None:
    name = f"mine-{blobs.put_model(write_card(replace(CARDS['recto_small'], name='mine')))[:8]}"
    assert ask("POST", "/index/reindex", json={"encoder": name, "pca": 8}).status_code == 202
    absent = ask("POST", "/index/reindex", json={"encoder": "mine-00000000"})
    assert absent.status_code == 422
    assert "recto encoders add" in _json(absent)["detail"]


def test_what_the_index_cannot_do_is_a_conflict(ask: Asks) -> None:
    for action, body in (("switch", {}), ("rollback", {}), ("prune", None), ("cancel", None)):
        assert ask("POST", f"/index/{action}", json=body).status_code == 409, action
    assert ask("POST", "/index/reindex", json={"encoder": "no_such_network"}).status_code == 422


def test_status_says_what_runs(ask: Asks) -> None:
    shown = _json(ask("GET", "/status"))
    assert shown["redis"] is False
    assert shown["searchable"] is False
    assert shown["covers"]["queued"] == 0


@pytest.mark.usefixtures("worker")
def test_status_names_workers_and_queues(ask: Asks) -> None:
    shown = _json(ask("GET", "/status"))
    assert shown["searchable"] is True
    assert shown["workers"][0]["role"] == "index"
    assert shown["workers"][0]["since"].endswith("Z")
    assert shown["queues"]["search"] == 0
