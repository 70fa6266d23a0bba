"""Comparisons over the API."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.api.conftest import Asks
from tests.web.pages.evidence_shelf import put_evidence
from tests.web.pages.shelf import put_book, put_search, row_of

from recto.ledger import Ledger
from recto.records import Book
from recto.storage.blobs import Blobs
from recto_web.usecases import searching

RAVEN = Book("raven", "The Raven", ("Poe",), year=1845)


@pytest.fixture
def asked(ledger: Ledger, blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(searching, "WAIT_SECONDS", 0.05)
    cover = put_book(ledger, blobs, RAVEN)
    search_id = put_search(ledger, blobs, "found", [row_of(RAVEN, cover, 0.99, 120)])
    return {"search_id": search_id, "cover_id": cover.cover_id}


def _json(response: Any) -> Any:
    return response.json


@pytest.mark.usefixtures("worker")
def test_a_comparison_is_asked_for_and_fetched_later(
    ask: Asks, ledger: Ledger, blobs: Blobs, asked: dict[str, Any]
) -> None:
    path = f"/searches/{asked['search_id']}/evidence"
    sent = ask("POST", path, json={"cover_id": asked["cover_id"]})
    assert sent.status_code == 202
    url = sent.headers["Location"].removeprefix("/api/v1")
    assert url == f"{path}/0/{asked['cover_id']}"
    assert ask("GET", url).status_code == 202
    put_evidence(ledger, blobs, **asked)
    made = ask("GET", url)
    assert made.status_code == 200
    body = _json(made)
    assert body["verdict"] == "differs"
    assert body["regions"][0]["place"] == "top right"
    heat = ask("GET", body["pictures"]["heat"].removeprefix("/api/v1"))
    assert (heat.status_code, heat.mimetype) == (200, "image/png")
    again = ask("POST", path, json={"photo": 0, "cover_id": asked["cover_id"]})
    assert (again.status_code, _json(again)) == (200, body)


def test_what_cannot_be_compared_is_a_problem(ask: Asks, asked: dict[str, Any]) -> None:
    path = f"/searches/{asked['search_id']}/evidence"
    other = "00000000-0000-4000-8000-000000000000"
    assert ask("POST", path, json={"cover_id": other}).status_code == 404
    assert ask("POST", path, json={"cover_id": "x"}).status_code == 422
    assert ask("POST", path, json={"cover_id": asked["cover_id"], "photo": 16}).status_code == 422
    assert ask("POST", "/searches/none/evidence", json={"cover_id": other}).status_code == 404
    assert ask("GET", f"{path}/0/{other}").status_code == 404


def test_a_cover_that_is_gone_is_said(ask: Asks, ledger: Ledger, asked: dict[str, Any]) -> None:
    ledger.ask_evidence(asked["search_id"], 0, asked["cover_id"])
    ledger.fail_evidence(asked["search_id"], 0, asked["cover_id"], "The cover was deleted.", state="gone")
    gone = ask("GET", f"/searches/{asked['search_id']}/evidence/0/{asked['cover_id']}")
    assert gone.status_code == 410
    assert _json(gone)["detail"] == "The cover was deleted."
