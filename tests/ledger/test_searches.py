"""Searches: asked, answered, forgotten."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from recto.errors import BadInput
from recto.ledger import Ledger, PhotoRow
from recto.records import Side, Where
from recto.settings import Settings

WHERE = Where(Side.FRONT, 1900, 2000, ("Ä. Öztürk", "B"), "P", "de", "tag")
RESULT: dict[str, Any] = {"verdict": "found", "books": [{"book_id": "a", "outline": [[0.5, 1.0]] * 4}]}


@pytest.fixture
def hasty(settings: Settings) -> Iterator[Ledger]:
    opened = Ledger.open(replace(settings, search_seconds=0.2))
    yield opened
    opened.close()


def test_a_search_comes_back_as_it_was_asked(ledger: Ledger) -> None:
    search_id = ledger.create_search([(Side.FRONT, "a.jpg"), (None, "b.jpg")], WHERE, 7)
    row = ledger.search(search_id)
    assert row is not None
    assert (row.state, row.where, row.limit, row.result, row.error) == ("pending", WHERE, 7, None, "")
    assert row.photos == (PhotoRow(Side.FRONT, "a.jpg"), PhotoRow(None, "b.jpg"))
    assert abs(row.created - time.time()) < 10


def test_an_empty_filter_comes_back_empty(ledger: Ledger) -> None:
    row = ledger.search(ledger.create_search([(None, "a")], Where(), 1))
    assert row is not None
    assert row.where == Where()


def test_an_answer_is_kept(ledger: Ledger) -> None:
    search_id = ledger.create_search([(None, "a")], Where(), 1)
    ledger.finish_search(search_id, RESULT)
    row = ledger.search(search_id)
    assert row is not None
    assert (row.state, row.result) == ("done", RESULT)


def test_a_failure_is_kept_with_its_sentence(ledger: Ledger) -> None:
    search_id = ledger.create_search([(None, "a")], Where(), 1)
    ledger.fail_search(search_id, "It is no picture.")
    row = ledger.search(search_id)
    assert row is not None
    assert (row.state, row.error, row.result) == ("failed", "It is no picture.", None)


def test_a_search_that_nobody_answers_expires_and_a_late_answer_counts(hasty: Ledger) -> None:
    search_id = hasty.create_search([(None, "a")], Where(), 1)
    time.sleep(0.25)
    row = hasty.search(search_id)
    assert row is not None
    assert row.state == "expired"
    hasty.finish_search(search_id, RESULT)
    row = hasty.search(search_id)
    assert row is not None
    assert row.state == "done"


def test_searches_cannot_be_guessed(ledger: Ledger) -> None:
    ids = {ledger.create_search([(None, "a")], Where(), 1) for _ in range(20)}
    assert len(ids) == 20
    assert min(len(id_) for id_ in ids) == 32
    assert ledger.search("x") is None


def test_old_searches_are_forgotten_with_their_photos(ledger: Ledger) -> None:
    old = ledger.create_search([(Side.FRONT, "a"), (Side.BACK, "b")], Where(), 1)
    ledger.finish_search(old, {**RESULT, "photos": [{"name": "shown"}]})
    failed = ledger.create_search([(None, "c")], Where(), 1)
    ledger.fail_search(failed, "no")
    time.sleep(0.05)
    days = 0.04 / 86_400
    new = ledger.create_search([(None, "d")], Where(), 1)
    assert sorted(ledger.prune_searches(days)) == ["a", "b", "c", "shown"]
    assert (ledger.search(old), ledger.search(failed)) == (None, None)
    assert ledger.search(new) is not None
    assert ledger.prune_searches(days * 1000) == []


def test_a_search_that_met_an_outage_may_be_sent_again(ledger: Ledger) -> None:
    search_id = ledger.create_search([(None, "a")], Where(), 1)
    ledger.fail_search(search_id, "The index is away.", transient=True)
    row = ledger.search(search_id)
    assert row is not None
    assert (row.state, row.error) == ("expired", "The index is away.")


@pytest.mark.parametrize(
    ("photos", "where", "limit"),
    [
        ([], Where(), 1),
        ([(None, "a")] * 17, Where(), 1),
        ([(None, "a")], Where(year_from=-1), 1),
        ([(None, "a")], Where(year_to=10**30), 1),
        ([(None, "a")], Where(), 0),
        ([(None, "a")], Where(), 10**9),
    ],
)
def test_a_search_that_cannot_be_is_refused(
    ledger: Ledger, photos: list[tuple[Side | None, str]], where: Where, limit: int
) -> None:
    with pytest.raises(BadInput):
        ledger.create_search(photos, where, limit)
