"""The search page and sending a search."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from tests.images.heif_writer import FILES
from tests.web.pages.shelf import answer, picture, put_book, row_of, token, upload

from recto.ledger import Ledger, SearchRow
from recto.records import Book, Side
from recto.settings import Settings
from recto.storage.blobs import Blobs
from recto_web.usecases import searching

JSON = {"Accept": "application/json"}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are waited for a moment only."""
    monkeypatch.setattr(searching, "WAIT_SECONDS", 0.05)


@pytest.fixture
def answering(ledger: Ledger, blobs: Blobs, worker: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Answers the first search that is created, a moment later, as the index worker would: through the ledger."""
    book = Book("b", "The Raven", ("Edgar Allan Poe",))
    cover = put_book(ledger, blobs, book)
    create = ledger.create_search
    threads: list[threading.Thread] = []

    def answer_later(search_id: str) -> None:
        time.sleep(0.2)
        name = blobs.put_incoming(picture())
        ledger.finish_search(search_id, answer("found", [row_of(book, cover, 0.97, 84)], name))

    def create_and_answer(*arguments: Any) -> str:
        search_id = create(*arguments)
        threads.append(threading.Thread(target=answer_later, args=(search_id,)))
        threads[-1].start()
        return search_id

    monkeypatch.setattr(ledger, "create_search", create_and_answer)
    yield
    for thread in threads:
        thread.join()


def _only(ledger: Ledger, location: str) -> SearchRow:
    row = ledger.search(location.rpartition("/")[2])
    assert row is not None
    return row


def test_the_form_takes_a_chosen_photo_and_one_from_a_camera(client: FlaskClient) -> None:
    text = client.get("/").text
    assert 'enctype="multipart/form-data"' in text
    assert 'capture="environment"' in text
    assert 'value="" checked' in text  # not sure of the side


def test_an_empty_catalogue_is_said_on_the_search_page(client: FlaskClient) -> None:
    assert "catalogue is still empty" in client.get("/").text


@pytest.mark.usefixtures("answering")
def test_an_answer_within_two_seconds_is_redirected_to(browser: FlaskClient) -> None:
    form = {"form_token": token(browser), "photo": upload(picture()), "side": ""}
    sent = browser.post("/search", data=form)
    assert sent.status_code == 303
    assert "The Raven" in browser.get(sent.location).text


@pytest.mark.usefixtures("answering")
def test_curl_gets_the_answer_as_json_at_once(client: FlaskClient) -> None:
    sent = client.post("/search", data={"photo": upload(picture())}, headers=JSON)
    assert sent.status_code == 200
    assert sent.json is not None
    assert sent.json["verdict"] == "found"
    assert sent.json["books"][0]["book_id"] == "b"
    assert sent.json["timings_ms"]["total"] > 0


@pytest.mark.usefixtures("worker", "impatient")
def test_a_late_answer_is_promised_with_its_address(client: FlaskClient, ledger: Ledger) -> None:
    sent = client.post("/search", data={"photo": upload(picture())}, headers=JSON)
    assert sent.status_code == 202
    assert sent.headers["Retry-After"] == "1"
    assert _only(ledger, sent.location).state == "pending"
    again = client.get(sent.location, headers=JSON)
    assert again.status_code == 202
    assert again.json == {"search": sent.location, "state": "pending"}


@pytest.mark.usefixtures("worker", "impatient")
def test_a_waiting_page_refreshes_itself_without_scripts(browser: FlaskClient) -> None:
    form = {"form_token": token(browser), "photo": upload(picture())}
    sent = browser.post("/search", data=form)
    assert sent.status_code == 202
    assert f'<noscript><meta http-equiv="refresh" content="1;url={sent.location}">' in sent.text
    assert f'src="{sent.location}/photos/0"' in sent.text
    assert browser.get(f"{sent.location}/photos/0").data == picture()


@pytest.mark.usefixtures("worker", "impatient")
def test_the_message_of_a_search_lies_in_its_queue(client: FlaskClient, redis: Redis) -> None:
    sent = client.post("/search", data={"photo": upload(picture())})
    messages = redis.lrange("recto:search", 0, -1)
    assert len(messages) == 1
    body = base64.b64decode(json.loads(messages[0])["body"]).decode()
    assert sent.location.rpartition("/")[2] in body


@pytest.mark.usefixtures("worker", "impatient")
@pytest.mark.parametrize(
    ("fields", "sides"),
    [
        ({"photo": "a"}, [None]),
        ({"photo": "a", "side": "front"}, [Side.FRONT]),
        ({"photo": "a", "side": "back", "other_side": "b"}, [Side.BACK, Side.FRONT]),
        ({"photo": "a", "other_side": "b"}, [None, None]),
        ({"front": "a", "back": "b"}, [Side.FRONT, Side.BACK]),
    ],
    ids=str,
)
def test_each_photo_carries_its_side(
    client: FlaskClient, ledger: Ledger, fields: dict[str, str], sides: list[Side | None]
) -> None:
    form = {name: value if name == "side" else upload(picture()) for name, value in fields.items()}
    row = _only(ledger, client.post("/search", data=form).location)
    assert [photo.side for photo in row.photos] == sides


@pytest.mark.usefixtures("worker", "impatient")
def test_filters_reach_the_search(client: FlaskClient, ledger: Ledger) -> None:
    form = {
        "photo": upload(picture()),
        "year_from": "1900",
        "year_to": "1950",
        "author": ["A", "B"],
        "tag": "sea",
    }
    where = _only(ledger, client.post("/search", data={**form, "limit": "3"}).location).where
    assert (where.year_from, where.year_to, where.authors, where.tag) == (1900, 1950, ("A", "B"), "sea")


def test_forms_offer_the_photos_of_phones_by_type_and_by_name(client: FlaskClient) -> None:
    for page in ("/", "/books/new"):
        offered = client.get(page).text.split('accept="')[1].split('"')[0].split(",")
        assert {"image/jpeg", "image/heic", "image/avif", ".heic"} <= set(offered)


@pytest.mark.usefixtures("worker")
def test_a_heic_photo_is_taken(client: FlaskClient, impatient: None) -> None:
    photo = (FILES / "cover.heic").read_bytes()
    assert client.post("/search", data={"photo": upload(photo, "IMG_1.HEIC")}).status_code == 202


BAD_FILES = [
    (b"", "photo.jpg", 400, "is empty"),
    (b"hello, I am a text file", "photo.jpg", 400, "is not a picture"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo.svg", 400, "is a drawing (SVG)"),
    (b"<?xml version='1.0'?><svg/>", "photo.jpg", 400, "is a drawing (SVG)"),
    (b"\0\0\0\x18ftypmp42" + b"\0" * 100, "IMG_1.MP4", 400, "is a video"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "photo.jxl", 400, "another thing than JPEG"),
    (b"%PDF-1.7", "scan.pdf", 400, "is a PDF"),
    (b"\xff\xd8\xff" + b"\0" * 100_000, "big.jpg", 413, "too large: at most"),
]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("data", "name", "status", "words"), BAD_FILES, ids=[row[3] for row in BAD_FILES])
def test_what_is_no_photo_is_told_at_the_field(
    client: FlaskClient, data: bytes, name: str, status: int, words: str
) -> None:
    sent = client.post("/search", data={"photo": upload(data, name), "side": "back", "tag": "sea"})
    assert sent.status_code == status
    assert words in sent.text
    assert 'id="photo-wrong"' in sent.text
    assert 'name="side" value="back" checked' in sent.text  # what was typed is kept
    assert 'value="sea"' in sent.text
    told = client.post("/search", data={"photo": upload(data, name)}, headers=JSON)
    assert told.status_code == status
    assert told.mimetype == "application/problem+json"
    assert told.json is not None
    assert words in told.json["detail"]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Choose a photo"),
        ({"photo": "x", "year_from": "soon"}, "“soon” is not a usable number"),
        ({"photo": "x", "year_from": "²"}, "not a usable number"),
        ({"photo": "x", "year_from": "1990", "year_to": "1980"}, "comes before the first"),
        ({"photo": "x", "side": "spine"}, "front, back, or left open"),
        ({"photo": "x", "limit": "101"}, "At most 100"),
        ({"photo": "xx"}, "either choose one or take one"),
        ({"front": "x", "back": "x", "photo": "x"}, "leave one out"),
    ],
    ids=str,
)
def test_a_form_that_cannot_be_used_says_why(client: FlaskClient, form: dict[str, str], words: str) -> None:
    files = {
        name: [upload(picture()) for _ in form[name]] for name in ("photo", "front", "back") if name in form
    }
    sent = client.post("/search", data={**form, **files}, headers=JSON)
    assert sent.status_code == 400
    assert sent.json is not None
    assert words in sent.json["detail"]
    assert (
        client.post(
            "/search", data={**form, **{k: [upload(picture()) for _ in form[k]] for k in files}}
        ).status_code
        == 400
    )


def test_a_stopped_redis_is_said_on_the_page_and_to_who_searches(client: FlaskClient) -> None:
    assert "message queue (Redis) does not answer" in client.get("/").text
    sent = client.post("/search", data={"photo": upload(picture())})
    assert sent.status_code == 503
    assert "Searching is paused" in sent.text
    assert sent.headers["Retry-After"] == "10"


@pytest.mark.usefixtures("redis")
def test_a_missing_worker_is_said_on_the_page_and_to_who_searches(client: FlaskClient) -> None:
    assert "the search worker is not ready" in client.get("/").text
    sent = client.post("/search", data={"photo": upload(picture())}, headers=JSON)
    assert sent.status_code == 503
    assert sent.json is not None
    assert "the search worker is not ready" in sent.json["detail"]


@pytest.mark.usefixtures("worker")
def test_too_many_waiting_searches_are_refused(client: FlaskClient, redis: Redis) -> None:
    redis.rpush("recto:search", *["{}"] * searching.QUEUE_LIMIT)
    sent = client.post("/search", data={"photo": upload(picture())})
    assert sent.status_code == 429
    assert "Try again in a minute" in sent.text
    assert sent.headers["Retry-After"] == "30"


@pytest.mark.usefixtures("worker")
def test_no_more_than_half_of_the_threads_wait_for_answers(
    app: Flask, settings: Settings, ledger: Ledger
) -> None:
    took: list[float] = []

    def search() -> None:
        start = time.monotonic()
        app.test_client().post("/search", data={"photo": upload(picture())})
        took.append(time.monotonic() - start)

    threads = [threading.Thread(target=search) for _ in range(settings.web_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(seconds > searching.WAIT_SECONDS for seconds in took) == settings.web_threads // 2


def _put_examples(settings: Settings, rows: object) -> None:
    folder = settings.data_dir / "examples"
    folder.mkdir()
    (folder / "one.jpg").write_bytes(picture("gold"))
    (folder / "examples.json").write_text(json.dumps(rows))


EXAMPLE = {"name": "one", "file": "one.jpg", "title": "A <b>front</b>", "caption": "taken by hand"}


@pytest.mark.usefixtures("answering")
def test_an_example_is_searched_with_one_click(browser: FlaskClient, settings: Settings) -> None:
    _put_examples(settings, [EXAMPLE, {**EXAMPLE, "name": "gone", "file": "gone.jpg"}])
    text = browser.get("/").text
    assert "A &lt;b&gt;front&lt;/b&gt;" in text
    assert "/search/example/gone" not in text
    assert browser.get("/examples/one").data == picture("gold")
    sent = browser.post("/search/example/one", data={"form_token": token(browser)})
    assert sent.status_code == 303
    assert "The Raven" in browser.get(sent.location).text


@pytest.mark.parametrize(
    "rows", [{}, [1], [{"name": "one"}], [{**EXAMPLE, "file": "../../secret"}], "text"], ids=str
)
def test_a_damaged_list_of_examples_shows_none(client: FlaskClient, settings: Settings, rows: object) -> None:
    (settings.data_dir / "secret").write_bytes(picture())
    _put_examples(settings, rows)
    assert "Or try one of these" not in client.get("/").text
    assert client.get("/examples/one").status_code == 404
    assert client.post("/search/example/one").status_code == 404
