"""Comparisons of photo and cover: asking, waiting, the page, and what is said when there is none."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from redis import Redis
from tests.web.pages.evidence_shelf import put_evidence, unaligned
from tests.web.pages.shelf import picture, put_book, put_search, row_of, token

from recto.ledger import Ledger
from recto.records import Book, Cover
from recto.storage.blobs import Blobs
from recto_web.usecases import searching

JSON = {"Accept": "application/json"}
RAVEN = Book("raven", "The Raven", ("Edgar Allan Poe",), publisher="Wiley", year=1845)
TWIN = Book("raven-2", "The Crow", ("Edgar Allan Poe",), publisher="Wiley", year=1846)


@pytest.fixture
def covers(ledger: Ledger, blobs: Blobs) -> tuple[Cover, Cover]:
    return put_book(ledger, blobs, RAVEN), put_book(ledger, blobs, TWIN, "maroon")


@pytest.fixture
def search_id(ledger: Ledger, blobs: Blobs, covers: tuple[Cover, Cover]) -> str:
    rows = [row_of(RAVEN, covers[0], 0.55, 60), row_of(TWIN, covers[1], 0.45, 58)]
    return put_search(ledger, blobs, "ambiguous", rows)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "WAIT_SECONDS", 0.05)


def address(search_id: str, cover: Cover) -> str:
    return f"/searches/{search_id}/evidence/0/{cover.cover_id}"


def ask(client: FlaskClient, search_id: str, *covers: Cover, photo: str = "0") -> int:
    form = {"photo": photo, "cover_id": [cover.cover_id for cover in covers]}
    return client.post(f"/searches/{search_id}/evidence", data=form).status_code


@pytest.mark.usefixtures("worker")
def test_asking_sends_one_message_and_leads_to_its_page(
    client: FlaskClient, redis: Redis, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    form = {"photo": "0", "cover_id": covers[0].cover_id}
    asked = client.post(f"/searches/{search_id}/evidence", data=form)
    assert asked.status_code == 303
    assert asked.location == address(search_id, covers[0])
    assert ask(client, search_id, covers[0]) == 303  # twice is once
    messages = redis.lrange("recto:search", 0, -1)
    assert len(messages) == 1
    message = json.loads(messages[0])
    assert message["headers"]["task"] == "recto.evidence"
    assert message["headers"]["expires"] is not None
    waiting = client.get(asked.location)
    assert waiting.status_code == 202
    assert "Comparing covers" in waiting.text
    assert waiting.headers["Retry-After"] == "1"
    assert client.get(asked.location, headers=JSON).json == {"evidence": asked.location, "state": "pending"}


@pytest.mark.usefixtures("worker")
def test_all_look_alikes_are_compared_at_once(
    client: FlaskClient, redis: Redis, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    assert ask(client, search_id, *covers) == 303
    assert redis.llen("recto:search") == 2


def test_without_a_worker_it_is_said_and_can_be_asked_again(
    client: FlaskClient, ledger: Ledger, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    assert ask(client, search_id, covers[0]) == 503
    row = ledger.evidence(search_id, 0, covers[0].cover_id)
    assert row is not None
    assert row.state == "expired"
    assert client.get(address(search_id, covers[0])).status_code == 503
    assert ledger.ask_evidence(search_id, 0, covers[0].cover_id)


def test_the_page_shows_sentence_pictures_regions_and_matches(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    put_evidence(ledger, blobs, search_id, covers[0].cover_id)
    url = address(search_id, covers[0])
    text = client.get(url).text
    assert "Alike but for 1 region (2% of the cover): top right." in text
    assert 'points="60,10 90,10 90,30 60,30"' in text
    assert text.count('class="match-pair"') == 6  # three matches, drawn beside and below
    for name in ("photo", "matched", "cover", "heat"):
        assert f"{url}/{name}" in text
        assert client.get(f"{url}/{name}").mimetype == ("image/png" if name == "heat" else "image/jpeg")
    assert client.get(f"{url}/pictures").status_code == 404
    assert "immutable" in client.get(f"{url}/heat").headers["Cache-Control"]


def test_the_look_alike_that_differs_least_is_named(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    put_evidence(ledger, blobs, search_id, covers[0].cover_id, 0.14)
    assert (
        "differs least" not in client.get(address(search_id, covers[0])).text
    )  # the other is not compared yet
    put_evidence(ledger, blobs, search_id, covers[1].cover_id, 0.0)
    for url in (address(search_id, covers[0]), f"/searches/{search_id}"):
        text = client.get(url).text
        assert "“The Crow” (1846) differs least from your photo" in text
        assert address(search_id, covers[1]) in text


def test_look_alikes_that_differ_as_much_are_not_decided(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    for cover in covers:
        put_evidence(ledger, blobs, search_id, cover.cover_id, 0.03)
    assert "do not decide" in client.get(address(search_id, covers[0])).text


def test_asking_for_what_is_there_leads_to_the_one_that_differs_least(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    put_evidence(ledger, blobs, search_id, covers[0].cover_id, 0.14)
    put_evidence(ledger, blobs, search_id, covers[1].cover_id, 0.01)
    form = {"photo": "0", "cover_id": [cover.cover_id for cover in covers]}
    asked = client.post(f"/searches/{search_id}/evidence", data=form)
    assert asked.location == address(search_id, covers[1])


def test_a_cover_that_cannot_be_laid_over_the_photo_is_shown_beside_it(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    ledger.ask_evidence(search_id, 0, covers[0].cover_id)
    pictures = {"cover": blobs.put_incoming(picture())}
    ledger.finish_evidence(search_id, 0, covers[0].cover_id, {**unaligned(), "pictures": pictures})
    text = client.get(address(search_id, covers[0])).text
    assert "too few points in common" in text
    assert f"/searches/{search_id}/photos/0" in text
    assert "match-pair" not in text


@pytest.mark.parametrize(("state", "status"), [("failed", 422), ("gone", 410), ("expired", 503)])
def test_why_there_is_none_is_said(
    client: FlaskClient, ledger: Ledger, search_id: str, covers: tuple[Cover, Cover], state: str, status: int
) -> None:
    ledger.ask_evidence(search_id, 0, covers[0].cover_id)
    ledger.fail_evidence(search_id, 0, covers[0].cover_id, "The photo was cleared away.", state=state)
    page = client.get(address(search_id, covers[0]))
    assert page.status_code == status
    assert "The photo was cleared away." in page.text


def test_the_comparison_is_there_as_json_without_names_of_files(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    put_evidence(ledger, blobs, search_id, covers[0].cover_id)
    url = address(search_id, covers[0])
    body = client.get(url, headers=JSON).json
    assert body is not None
    assert body["pictures"] == {name: f"{url}/{name}" for name in ("photo", "matched", "cover", "heat")}
    assert body["verdict"] == "differs"


@pytest.mark.usefixtures("worker")
def test_what_cannot_be_compared_is_refused(
    client: FlaskClient, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    assert ask(client, search_id) == 400
    assert ask(client, search_id, *covers * 3) == 400
    assert ask(client, search_id, covers[0], photo="x") == 400
    assert ask(client, search_id, covers[0], photo="7") == 404
    assert ask(client, "nothing", covers[0]) == 404
    assert client.post(f"/searches/{search_id}/evidence", data={"cover_id": "no id"}).status_code == 400
    assert client.get(address(search_id, covers[0])).status_code == 404  # nobody asked


def test_a_browser_must_send_the_token_of_its_page(
    browser: FlaskClient, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    form = {"photo": "0", "cover_id": covers[0].cover_id}
    headers = {"Origin": "http://localhost"}
    path = f"/searches/{search_id}"
    assert browser.post(f"{path}/evidence", data=form, headers=headers).status_code == 403
    signed = form | {"form_token": token(browser, path)}
    assert browser.post(f"{path}/evidence", data=signed, headers=headers).status_code == 503  # no worker here


def test_every_candidate_of_a_result_can_be_compared(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, search_id: str, covers: tuple[Cover, Cover]
) -> None:
    rows = [row_of(RAVEN, covers[0], 0.97, 60), row_of(TWIN, covers[1], 0.02, 4, seen=False)]
    for verdict in ("found", "not_found"):
        text = client.get(f"/searches/{put_search(ledger, blobs, verdict, rows)}").text
        for cover in covers:
            assert f'name="cover_id" value="{cover.cover_id}"' in text
    assert "Compare your photo with each" in client.get(f"/searches/{search_id}").text
