"""The page of the index: what is kept, how far a re-index is, what can be done."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from tests.ledger.entries import fill, index_all
from tests.ledger.test_versions import NEW, OLD, begin, build, seed, work
from werkzeug.test import TestResponse

from recto.encoders import CARDS
from recto.encoders.card_document import write_card
from recto.ledger import Ledger
from recto.storage.blobs import Blobs
from recto.versions import Version


@pytest.fixture
def shelf(ledger: Ledger) -> Ledger:
    """Five books with two covers each, searchable in the live version."""
    ledger.set_live_version(OLD)
    fill(ledger, 5)
    index_all(ledger)
    return ledger


def send(browser: FlaskClient, action: str, **fields: str) -> int:
    """Send a form of the page as a browser does; the status of the answer."""
    return post(browser, action, fields).status_code


def post(browser: FlaskClient, action: str, fields: dict[str, str]) -> TestResponse:
    """Send a form with its token."""
    token = re.search(r'name="form_token" value="([^"]+)"', browser.get("/books/new").text)
    assert token
    return browser.post(f"/index/{action}", data={**fields, "form_token": token[1]})


def test_an_empty_catalogue_has_no_version_yet(client: FlaskClient) -> None:
    assert "No version yet" in client.get("/index").text


def test_the_live_version_is_shown_with_its_encoder_and_a_form_to_change_it(
    client: FlaskClient, shelf: Ledger
) -> None:
    text = client.get("/index").text
    assert "recto_small" in text
    assert "<strong>10</strong> covers searchable" in text
    assert 'action="/index/reindex"' in text
    assert "data-refresh" not in text


def test_a_reindex_is_asked_for_with_a_form(browser: FlaskClient, shelf: Ledger) -> None:
    assert send(browser, "reindex", encoder="vgg16", pca="64", switch="yes") == 303
    request = shelf.reindex_request()
    assert request is not None
    assert (request.encoder, request.pca, request.automatic) == ("vgg16", 64, True)
    text = browser.get("/index").text
    assert "Asked for" in text
    assert "recto reindex cancel" in text
    assert send(browser, "cancel") == 303
    assert shelf.reindex_request() is None


def test_an_added_encoder_is_offered_and_can_be_changed_to(
    browser: FlaskClient, shelf: Ledger, blobs: Blobs
) -> None:
    document = write_card(replace(CARDS["recto_small"], name="mine"))
    name = f"mine-{blobs.put_model(document)[:8]}"
    assert f'<option value="{name}">{name}, 256 numbers</option>' in browser.get("/index").text
    assert send(browser, "reindex", encoder=name, pca="64") == 303
    request = shelf.reindex_request()
    assert request is not None
    assert (request.encoder, request.pca) == (name, 64)


def test_an_encoder_that_was_not_added_here_is_told(browser: FlaskClient, shelf: Ledger) -> None:
    answer = post(browser, "reindex", {"encoder": "mine-00000000"})
    assert answer.status_code == 404
    assert "recto encoders add" in answer.text
    assert shelf.reindex_request() is None


def test_a_version_of_an_encoder_that_is_not_in_the_store_is_shown(
    client: FlaskClient, ledger: Ledger
) -> None:
    ledger.set_live_version(Version("0123456789ab", "mine-00000000+pca8-00000000"))
    assert "mine-00000000+pca8-00000000" in client.get("/index").text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"encoder": "no such"}, "is not an encoder"),
        ({"encoder": "vgg16", "pca": "many"}, "is not a number of dimensions"),
        ({"encoder": "vgg16", "pca": "5000"}, "can be projected to 1 to 512"),
    ],
)
def test_what_cannot_be_built_is_refused_in_a_sentence(
    browser: FlaskClient, shelf: Ledger, fields: dict[str, str], sentence: str
) -> None:
    answer = post(browser, "reindex", fields)
    assert answer.status_code == 400
    assert sentence in answer.text


def test_why_a_reindex_did_not_begin_is_said(client: FlaskClient, shelf: Ledger) -> None:
    shelf.request_reindex("vgg16")
    request = shelf.reindex_request()
    assert request is not None
    shelf.refuse_reindex(request, "The disk is too small.")
    assert "The disk is too small." in client.get("/index").text


def test_a_version_that_is_built_shows_its_progress_and_refreshes(client: FlaskClient, shelf: Ledger) -> None:
    begin(shelf)
    seed(shelf)
    ids = [cover.cover_id for cover in shelf.claim("worker", 4, 60, NEW.recipe_id)]
    shelf.stage(ids, "a.npz", NEW.recipe_id)
    shelf.mark_indexed(ids, NEW.recipe_id)
    text = client.get("/index").text
    assert "Being built" in text
    assert 'aria-label="4 of 10 covers"' in text
    assert "data-refresh" in text


def test_what_a_switch_would_lose_is_listed_and_must_be_allowed(browser: FlaskClient, shelf: Ledger) -> None:
    begin(shelf, automatic=False)
    seed(shelf)
    bad = shelf.claim("worker", 1, 60, NEW.recipe_id)[0]
    shelf.mark_failed(bad.cover_id, "describe", "It has no end.", NEW.recipe_id)
    work(shelf, NEW)
    shelf.mark_ready(NEW)
    text = browser.get("/index").text
    assert "What the switch would lose" in text
    assert "It has no end." in text
    assert "Try what failed again" in text
    assert send(browser, "switch", allow_failed="yes") == 303
    assert shelf.switch_versions() == NEW


def test_the_former_version_can_be_gone_back_to_and_removed(browser: FlaskClient, shelf: Ledger) -> None:
    build(shelf)
    shelf.switch_versions()
    text = browser.get("/index").text
    assert "recto reindex rollback" in text
    assert "recto reindex prune" in text
    assert send(browser, "rollback") == 303
    assert shelf.kept_versions().asked == "rollback"
    assert send(browser, "prune") == 303
    assert shelf.kept_versions().other_state == "dropping"
    assert "Being removed" in browser.get("/index").text


def test_an_action_that_makes_no_sense_is_refused(browser: FlaskClient, shelf: Ledger) -> None:
    for action in ("switch", "rollback", "prune", "cancel"):
        assert send(browser, action) == 400
