"""How sure an answer is, on pages and in words."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.calibration.entries import calibration
from tests.web.pages.conftest import app as app
from tests.web.pages.conftest import blobs as blobs
from tests.web.pages.conftest import client as client
from tests.web.pages.conftest import ledger as ledger
from tests.web.pages.conftest import settings as settings
from tests.web.pages.shelf import put_book, put_search, row_of

from recto.calibration import DEFAULT
from recto.ledger import Ledger
from recto.records import Book
from recto.storage.blobs import Blobs
from recto.versions import Version
from recto_web.cli.search import _sentence
from recto_web.presenters import calibration as calibration_words

RAVEN, TWIN = Book("raven", "The Raven"), Book("twin", "The Raven", year=1846)
GOOD = {"error": 0.012, "items": 254, "recipe_fits": True}
BAD = {**GOOD, "error": 0.051}
UNFIT = {**GOOD, "recipe_fits": False}
UNMEASURED = {"error": None, "items": 0, "recipe_fits": True}


@pytest.fixture
def search_id(ledger: Ledger, blobs: Blobs) -> str:
    """A search that found The Raven."""
    rows = [row_of(RAVEN, put_book(ledger, blobs, RAVEN), 0.97, 84)]
    rows.append(row_of(TWIN, put_book(ledger, blobs, TWIN, "maroon"), 0.02, 4, seen=False))
    return put_search(ledger, blobs, "found", rows)


def _tell(ledger: Ledger, search_id: str, told: dict[str, Any] | None) -> None:
    row = ledger.search(search_id)
    assert row is not None
    assert row.result is not None
    ledger.finish_search(search_id, {**row.result, "calibration": told})


def test_a_percentage_is_said_where_it_was_measured_to_hold(
    client: FlaskClient, ledger: Ledger, search_id: str
) -> None:
    _tell(ledger, search_id, GOOD)
    text = client.get(f"/searches/{search_id}").text
    assert "97 % sure" in text
    assert "off by 1.2 % on average in 254 searches of labelled photos" in text


@pytest.mark.parametrize("told", [BAD, UNFIT, UNMEASURED, None])
def test_else_it_is_said_in_words(
    client: FlaskClient, ledger: Ledger, search_id: str, told: dict[str, Any] | None
) -> None:
    _tell(ledger, search_id, told)
    text = client.get(f"/searches/{search_id}").text
    assert "Very likely" in text
    assert "97 %" not in text
    assert "2 %" not in text.replace("1.2 %", "")
    if told:
        assert "in words" in text


def test_look_alikes_are_said_in_words_too(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    rows = [row_of(RAVEN, put_book(ledger, blobs, RAVEN), 0.75, 60)]
    rows.append(row_of(TWIN, put_book(ledger, blobs, TWIN), 0.6, 58))
    search_id = put_search(ledger, blobs, "ambiguous", rows)
    _tell(ledger, search_id, UNFIT)
    text = client.get(f"/searches/{search_id}").text
    assert "<strong>Likely</strong>" in text
    assert "<strong>Unsure</strong>" in text
    assert "75 %" not in text


def test_the_api_says_what_the_probabilities_are_worth(
    client: FlaskClient, ledger: Ledger, search_id: str
) -> None:
    _tell(ledger, search_id, GOOD)
    body = client.get(f"/api/v1/searches/{search_id}").json
    assert body is not None
    assert body["calibration"] == GOOD


def test_the_command_line_shows_words_or_numbers(ledger: Ledger, search_id: str) -> None:
    row = ledger.search(search_id)
    assert row is not None
    assert row.result is not None
    assert " 97.0%  The Raven" in _sentence_of(row.result, GOOD)
    assert "very likely  The Raven" in _sentence_of(row.result, BAD)


def _sentence_of(result: dict[str, Any], told: dict[str, Any]) -> str:
    from pathlib import Path

    return _sentence(Path("photo.jpg"), {**result, "calibration": told})


def test_the_index_page_tells_what_its_answers_are_calibrated_by(
    app: Flask, client: FlaskClient, ledger: Ledger
) -> None:
    ledger.set_live_version(Version("1f3a9c0b7d21", "recto_small"))
    assert "the default, not calibrated for this index" in client.get("/index").text
    ledger.set_calibration(calibration("1f3a9c0b7d21"))
    text = client.get("/index").text
    assert "fitted on bench: error" in text
    assert "0 of 40 found in error, 0 of 40 missed" in text


def test_the_default_is_told_as_such() -> None:
    assert calibration_words.of_index(DEFAULT, DEFAULT.recipe).startswith("the default")
    assert "not calibrated for this index" in calibration_words.of_index(DEFAULT, "another")
