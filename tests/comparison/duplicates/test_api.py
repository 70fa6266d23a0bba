"""Covers that are alike, asked for by programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.ledger.entries import index_all, put
from tests.web.api.conftest import Asks, anonymous, app, ask, ask_as, blobs, ledger, settings, web_settings
from werkzeug.test import TestResponse

from recto.ledger import Finding, Ledger
from recto.ledger.key_tokens import Scope
from recto.records import Alike

__all__ = ["anonymous", "app", "ask", "ask_as", "blobs", "ledger", "settings", "web_settings"]


@pytest.fixture
def decision(ledger: Ledger, tmp_path: Path) -> str:
    """The address of a decision about the one pair that there is."""
    low, high = sorted(put(ledger, name, name=name).cover_id for name in ("a", "b"))
    index_all(ledger)
    ledger.finish_comparison([low, high], [Finding(low, high, Alike.SAME_PICTURE, {"share": 0.98})])
    return f"/duplicates/{low}/{high}/decision"


def _json(answer: TestResponse) -> Any:
    return answer.get_json()


def test_pairs_are_listed_with_their_covers(ask: Asks, decision: str) -> None:
    (pair,) = _json(ask("GET", "/duplicates?kind=same_picture"))["items"]
    assert (pair["kind"], pair["measures"], pair["decision"]) == ("same_picture", {"share": 0.98}, None)
    assert {cover["book_id"] for cover in pair["covers"]} == {"a", "b"}
    assert pair["decision_url"] == "/api/v1" + decision
    assert _json(ask("GET", "/duplicates?kind=look_alike"))["total"] == 0
    assert _json(ask("GET", "/duplicates?book_id=a"))["total"] == 1
    assert ask("GET", "/duplicates?job_id=nothing").status_code == 404


def test_a_decision_is_kept_and_taken_back(ask: Asks, decision: str) -> None:
    kept = _json(ask("PUT", decision, json={"note": "two editions"}))
    assert kept["decision"]["note"] == "two editions"
    assert _json(ask("GET", "/duplicates"))["total"] == 0
    assert _json(ask("GET", "/duplicates?state=decided"))["total"] == 1
    assert ask("DELETE", decision).status_code == 204
    assert ask("DELETE", decision).status_code == 404
    assert _json(ask("GET", "/duplicates"))["total"] == 1


def test_decisions_about_nothing_are_refused(ask: Asks, decision: str) -> None:
    elsewhere = "/duplicates/{0}/{0}/decision".format("0b9f9f0e-5f0f-5a34-b1f7-3a1c35a4b0ad")
    assert ask("PUT", elsewhere, json={}).status_code == 404
    assert ask("PUT", decision, json={"verdict": "same"}).status_code == 422


def test_whoever_may_only_search_sees_pairs_and_decides_nothing(
    ask_as: Callable[[Scope], Asks], decision: str
) -> None:
    reader = ask_as(Scope.SEARCH)
    assert _json(reader("GET", "/duplicates"))["total"] == 1
    assert reader("PUT", decision, json={}).status_code == 403
    assert ask_as(Scope.WRITE)("PUT", decision, json={}).status_code == 200


def test_a_job_says_how_many_of_its_covers_look_like_others(ask: Asks, ledger: Ledger, decision: str) -> None:
    job_id = ledger.create_job("ingest", "nothing")
    ledger.finish_listing(job_id)
    job = _json(ask("GET", f"/jobs/{job_id}"))
    assert job["alike"] == 0
    assert job["duplicates_url"] == f"/api/v1/duplicates?job_id={job_id}"
    assert _json(ask("GET", "/jobs"))["items"][0]["alike"] is None
