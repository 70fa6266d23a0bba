"""Evidence: asked for, made, forgotten with its search."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from recto.errors import NotFound
from recto.ledger import Ledger
from recto.records import Where
from recto.settings import Settings

RESULT: dict[str, Any] = {"share": 0.1, "pictures": {"cover": "c", "heat": "h"}}


def answered(ledger: Ledger) -> str:
    search_id = ledger.create_search([(None, "upload")], Where(), 1)
    ledger.finish_search(search_id, {"books": [{"cover_id": "cover"}], "photos": [{"name": "shown"}]})
    return search_id


def test_evidence_is_asked_for_once(ledger: Ledger) -> None:
    search_id = answered(ledger)
    assert ledger.ask_evidence(search_id, 0, "cover")
    assert not ledger.ask_evidence(search_id, 0, "cover")
    row = ledger.evidence(search_id, 0, "cover")
    assert row is not None
    assert (row.state, row.result, row.error) == ("pending", None, "")


def test_what_was_made_is_kept(ledger: Ledger) -> None:
    search_id = answered(ledger)
    ledger.ask_evidence(search_id, 0, "cover")
    assert ledger.finish_evidence(search_id, 0, "cover", RESULT)
    assert not ledger.ask_evidence(search_id, 0, "cover")
    assert [(row.state, row.result) for row in ledger.evidence_of(search_id)] == [("done", RESULT)]


def test_what_nobody_made_can_be_asked_for_again(ledger: Ledger, settings: Settings) -> None:
    search_id = answered(ledger)
    ledger.ask_evidence(search_id, 0, "cover")
    hasty = Ledger.open(replace(settings, search_seconds=0.05))
    time.sleep(0.1)
    row = hasty.evidence(search_id, 0, "cover")
    assert row is not None
    assert row.state == "expired"
    assert hasty.ask_evidence(search_id, 0, "cover")
    hasty.close()


@pytest.mark.parametrize(("state", "again"), [("failed", False), ("gone", False), ("expired", True)])
def test_a_failure_is_kept_with_its_sentence(ledger: Ledger, state: str, again: bool) -> None:
    search_id = answered(ledger)
    ledger.ask_evidence(search_id, 0, "cover")
    ledger.fail_evidence(search_id, 0, "cover", "Not there.", state=state)
    row = ledger.evidence(search_id, 0, "cover")
    assert row is not None
    assert (row.state, row.error) == (state, "Not there.")
    assert ledger.ask_evidence(search_id, 0, "cover") is again


def test_it_goes_with_its_search(ledger: Ledger) -> None:
    search_id = answered(ledger)
    ledger.ask_evidence(search_id, 0, "cover")
    ledger.finish_evidence(search_id, 0, "cover", RESULT)
    time.sleep(0.05)
    assert sorted(ledger.prune_searches(0.04 / 86_400)) == ["c", "h", "shown", "upload"]
    assert ledger.evidence_of(search_id) == []
    assert not ledger.finish_evidence(search_id, 0, "cover", RESULT)  # it came too late


@pytest.mark.parametrize(("photo", "cover_id"), [(1, "cover"), (-1, "cover"), (0, "other")])
def test_only_what_the_answer_names_can_be_asked_for(ledger: Ledger, photo: int, cover_id: str) -> None:
    with pytest.raises(NotFound):
        ledger.ask_evidence(answered(ledger), photo, cover_id)


def test_a_search_without_an_answer_has_no_evidence(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        ledger.ask_evidence(ledger.create_search([(None, "a")], Where(), 1), 0, "cover")
    with pytest.raises(NotFound):
        ledger.ask_evidence("none", 0, "cover")
