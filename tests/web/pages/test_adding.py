"""Adding a book by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.web.pages.shelf import index_all, picture, token, upload

from recto.ledger import Ledger
from recto.records import Book, CoverState, Side
from recto.storage.blobs import Blobs
from recto_web.forms.book import MAX_FILES

TYPED = {
    "title": "  The   Raven ",
    "authors": "Edgar Allan Poe; Gustave Doré",
    "publisher": "Wiley & Putnam",
    "year": "1845",
    "isbn": "978-3-16-148410-0",
    "language": "en",
    "tags": "poem, birds",
}
RAVEN = Book(
    "9783161484100",
    "The Raven",
    ("Edgar Allan Poe", "Gustave Doré"),
    "9783161484100",
    "Wiley & Putnam",
    1845,
    "en",
    ("poem", "birds"),
)


def _add(client: FlaskClient, front: str = "navy", **fields: Any) -> Any:
    return client.post("/books", data={**TYPED, "front": upload(picture(front), "f.jpg"), **fields})


def test_a_book_with_both_sides_is_kept_and_leads_to_its_job(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    back = [upload(picture("teal"), "b1.jpg"), upload(picture("gold", "PNG"), "b2.png")]
    sent = _add(client, back=back)
    assert sent.status_code == 303
    assert ledger.book(RAVEN.book_id) == RAVEN
    covers = ledger.covers_of(RAVEN.book_id)
    assert [cover.side for cover in covers] == [Side.FRONT, Side.BACK, Side.BACK]
    assert all(cover.state is CoverState.QUEUED for cover in covers)
    assert blobs.get(covers[0].sha256) == picture("navy")
    page = client.get(sent.location).text
    assert "The Raven" in page
    assert "0 of 3 covers" in page
    assert '<meta http-equiv="refresh"' in page
    index_all(ledger)
    page = client.get(sent.location).text
    assert "3 of 3 covers" in page
    assert '<meta http-equiv="refresh"' not in page


def test_adding_works_while_redis_is_down(client: FlaskClient, ledger: Ledger) -> None:
    assert _add(client).status_code == 303
    assert ledger.queue_counts()[CoverState.QUEUED] == 1


def test_sending_the_form_twice_changes_nothing_and_says_so(client: FlaskClient, ledger: Ledger) -> None:
    _add(client)
    index_all(ledger)
    page = client.get(_add(client).location).text
    assert "already there" in page
    assert "this very image was in the catalogue already" in page
    assert len(ledger.covers_of(RAVEN.book_id)) == 1
    assert ledger.covers_of(RAVEN.book_id)[0].state is CoverState.INDEXED


def test_a_book_without_isbn_gets_an_id_that_repeats(client: FlaskClient, ledger: Ledger) -> None:
    for _ in range(2):
        assert _add(client, isbn="", title="Ötzi & Ärger!").status_code == 303
    (row,) = ledger.browse().items
    assert row.book.book_id.startswith("otzi-arger-")
    assert _add(client, isbn="", title="書名").status_code == 303
    assert any(each.book.book_id.startswith("book-") for each in ledger.browse().items)


def test_an_id_of_ones_own_is_kept(client: FlaskClient, ledger: Ledger) -> None:
    assert _add(client, book_id="shelf/4 %").status_code == 303
    assert ledger.book("shelf/4 %") is not None


def test_another_book_under_the_same_id_is_asked_about(client: FlaskClient, ledger: Ledger) -> None:
    _add(client)
    asked = _add(client, title="Another <b>title</b>")
    assert asked.status_code == 409
    assert 'href="/books/9783161484100"' in asked.text
    assert 'value="Another &lt;b&gt;title&lt;/b&gt;"' in asked.text
    kept = ledger.book(RAVEN.book_id)
    assert kept is not None
    assert kept.title == "The Raven"
    assert _add(client, title="Another title", replace="1").status_code == 303
    changed = ledger.book(RAVEN.book_id)
    assert changed is not None
    assert changed.title == "Another title"


def test_what_the_form_leaves_empty_stays_unless_it_is_ticked_to_be_emptied(
    client: FlaskClient, ledger: Ledger
) -> None:
    _add(client)
    asked = _add(client, title="Another", authors="", year="")
    assert asked.status_code == 409
    assert re.findall(r'name="clear" value="(\w+)"', asked.text) == ["authors", "year"]
    sent = _add(client, title="Another", authors="", year="", replace="1")
    assert ledger.book(RAVEN.book_id) == replace(RAVEN, title="Another")
    assert "Changed the title of 1 book." in client.get(sent.location).text
    assert _add(client, title="Another", authors="", year="").status_code == 303, "nothing else is said"
    assert _add(client, title="Another", year="1845", clear="year", replace="1").status_code == 400
    _add(client, title="Another", authors="", year="", clear=["authors", "year"], replace="1")
    assert ledger.book(RAVEN.book_id) == replace(RAVEN, title="Another", authors=(), year=None)


WRONG = [
    ({"title": " "}, "title", "A title is needed"),
    ({"year": "MCM"}, "year", "written in digits"),
    ({"year": "20010"}, "year", "written in digits"),
    ({"book_id": "x" * 129}, "book_id", "at most 128"),
    ({"title": "x" * 501}, "title", "too long"),
    ({"front": None}, "front", "A picture of the front or the back is needed"),
    ({"front": (b"text", "notes.txt")}, "front", "“notes.txt” is not a picture"),
    ({"back": (b"", "empty.png")}, "back", "“empty.png” is empty"),
    ({"back": (b"GIF89a" + b"\0" * 100_000, "huge.gif")}, "back", "too large"),
]


@pytest.mark.parametrize(("change", "field", "words"), WRONG, ids=[f"{row[1]}: {row[2]}" for row in WRONG])
def test_a_mistake_is_told_at_its_field_and_what_was_typed_is_kept(
    client: FlaskClient, ledger: Ledger, change: dict[str, Any], field: str, words: str
) -> None:
    files = {name: upload(*value) for name, value in change.items() if isinstance(value, tuple)}
    form = {**TYPED, "front": upload(picture()), **change, **files}
    sent = client.post("/books", data={name: value for name, value in form.items() if value is not None})
    assert sent.status_code == (413 if words == "too large" else 400)
    assert words in sent.text
    assert f'id="{field}-wrong"' in sent.text
    assert f'aria-describedby="{field}-wrong' in sent.text
    assert 'value="Wiley &amp; Putnam"' in sent.text
    assert ledger.browse().total == 0
    assert ledger.jobs().total == 0


def test_an_isbn_with_a_wrong_check_digit_is_taken_and_noticed(client: FlaskClient, ledger: Ledger) -> None:
    sent = _add(client, isbn="9783161484101")
    assert sent.status_code == 303
    assert "check digit of this ISBN does not fit" in client.get(sent.location).text


def test_more_files_than_allowed_are_told(client: FlaskClient) -> None:
    files = [upload(picture(size=(number + 1, 9)), f"{number}.jpg") for number in range(MAX_FILES + 1)]
    sent = _add(client, front="navy", back=files)
    assert sent.status_code == 400
    assert f"At most {MAX_FILES} images" in sent.text


def test_the_form_of_a_browser_works_with_its_token(browser: FlaskClient, ledger: Ledger) -> None:
    form = {**TYPED, "form_token": token(browser, "/books/new"), "front": upload(picture())}
    sent = browser.post(
        "/books", data=form, headers={"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    )
    assert sent.status_code == 303
    assert ledger.book(RAVEN.book_id) == RAVEN
