"""The result page."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from tests.web.pages.shelf import CORNERS, picture, put_book, put_search, row_of

from recto.ledger import Ledger
from recto.records import Book, Where
from recto.storage.blobs import Blobs

JSON = {"Accept": "application/json"}
RAVEN = Book("raven", "The Raven", ("Edgar Allan Poe",), publisher="Wiley", year=1845)
TWIN = Book("raven-2", "The Raven", ("Edgar Allan Poe",), publisher="Wiley", year=1846)


NUMBER = "9783161484100"


def test_a_found_book_is_shown_with_its_evidence(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    raven, twin = put_book(ledger, blobs, RAVEN), put_book(ledger, blobs, TWIN, "maroon")
    rows = [row_of(RAVEN, raven, 0.97, 84), row_of(TWIN, twin, 0.02, 4, seen=False)]
    search_id = put_search(ledger, blobs, "found", rows)
    text = client.get(f"/searches/{search_id}").text
    assert "97 % sure" in text
    assert "very likely" in text
    assert "Edgar Allan Poe" in text
    assert "Wiley, 1845" in text
    assert "84 points" in text
    assert f"/covers/{raven.cover_id}/thumbnail" in text
    assert f"/covers/{twin.cover_id}/thumbnail" in text  # the runner-up
    assert "190 ms" in text


def test_the_region_is_drawn_in_pixels_of_the_full_photo(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    rows = [row_of(RAVEN, put_book(ledger, blobs, RAVEN), 0.97, 84)]
    text = client.get(f"/searches/{put_search(ledger, blobs, 'found', rows)}").text
    corners = " ".join(f"{x:.0f},{y:.0f}" for x, y in CORNERS)
    assert 'viewBox="0 0 100 150"' in text
    assert f'points="{corners}"' in text


def test_further_books_in_the_photo_are_named(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    rows = [
        row_of(RAVEN, put_book(ledger, blobs, RAVEN), 0.97, 84),
        row_of(TWIN, put_book(ledger, blobs, TWIN), 0.9, 50),
    ]
    search_id = put_search(ledger, blobs, "found", rows)
    row = ledger.search(search_id)
    assert row is not None
    assert row.result is not None
    seen = [{"outline": CORNERS, "verdict": "found", "books": [each["book_id"]]} for each in rows]
    ledger.finish_search(search_id, {**row.result, "answers": seen})
    assert "Also in your photo" in client.get(f"/searches/{search_id}").text


def test_look_alikes_are_told_apart_by_what_differs(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    rows = [
        row_of(RAVEN, put_book(ledger, blobs, RAVEN), 0.5, 60),
        row_of(TWIN, put_book(ledger, blobs, TWIN), 0.48, 58),
    ]
    text = client.get(f"/searches/{put_search(ledger, blobs, 'ambiguous', rows)}").text
    assert "one of these two" in text
    assert "They differ in year" in text
    assert "/books/raven-2" in text


def test_only_books_in_the_same_place_are_look_alikes(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    other = Book("walden", "Walden")
    rows = [
        row_of(RAVEN, put_book(ledger, blobs, RAVEN), 0.99, 60),
        row_of(other, put_book(ledger, blobs, other, "gold"), 0.98, 59),
        row_of(TWIN, put_book(ledger, blobs, TWIN, "maroon"), 0.97, 58),
    ]
    search_id = put_search(ledger, blobs, "ambiguous", rows)
    row = ledger.search(search_id)
    assert row is not None
    assert row.result is not None
    places = [["raven", "raven-2"], ["walden"]]
    seen = [{"photo": 0, "outline": CORNERS, "verdict": "found", "books": books} for books in places]
    ledger.finish_search(search_id, {**row.result, "answers": seen})
    text = client.get(f"/searches/{search_id}").text
    assert "one of these two" in text
    assert "They differ in year:" in text
    assert text.index("Also in your photo") < text.index(">Walden<")


def test_photos_of_different_books_are_told_with_what_each_shows(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    rows = [
        row_of(RAVEN, put_book(ledger, blobs, RAVEN), 0.99, 60),
        row_of(TWIN, put_book(ledger, blobs, TWIN, "maroon"), 0.98, 50) | {"photo": 1},
    ]
    search_id = put_search(ledger, blobs, "ambiguous", rows)
    row = ledger.search(search_id)
    assert row is not None
    assert row.result is not None
    told = [{"photo": 0, "book_id": "raven"}, {"photo": 1, "book_id": "raven-2"}]
    photos = row.result["photos"] * 2
    bars = {
        "photo": 1,
        "text": NUMBER,
        "isbn": NUMBER,
        "outline": CORNERS,
        "books": ["raven-2"],
        "agrees": True,
    }
    ledger.finish_search(
        search_id, {**row.result, "contradiction": told, "photos": photos, "barcodes": [bars]}
    )
    text = client.get(f"/searches/{search_id}").text
    assert "Your photos show different books" in text
    assert text.index("Photo 1, with the region that matched") < text.index("Photo 2, with the region")
    assert "search for each by itself" in text
    assert f"{NUMBER}</span> is that of" in text
    assert "says the same:" not in text


def test_a_book_that_is_not_there_can_be_added(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    rows = [row_of(RAVEN, put_book(ledger, blobs, RAVEN), 0.04, 5, seen=False)]
    text = client.get(f"/searches/{put_search(ledger, blobs, 'not_found', rows)}").text
    assert "Not in the catalogue" in text
    assert "Add this book" in text
    assert "none of which fits" in text
    assert "<polygon" not in text


def test_an_empty_catalogue_is_the_reason_when_it_is(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    assert (
        "catalogue is still empty"
        in client.get(f"/searches/{put_search(ledger, blobs, 'not_found', [])}").text
    )


def test_a_filter_is_the_reason_when_it_may_be(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    put_book(ledger, blobs, RAVEN)
    where = Where(year_from=1900, authors=("A <i>B</i>",), language="de", tag="sea")
    text = client.get(f"/searches/{put_search(ledger, blobs, 'not_found', [], where)}").text
    assert "from 1900 to today, by A &lt;i&gt;B&lt;/i&gt;, in the language de, with the tag “sea”" in text


def test_a_book_that_was_deleted_since_is_still_named(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    search_id = put_search(ledger, blobs, "found", [row_of(RAVEN, put_book(ledger, blobs, RAVEN), 0.97, 84)])
    ledger.delete_book("raven")
    text = client.get(f"/searches/{search_id}").text
    assert "The Raven" in text
    assert "/books/raven" not in text


def test_the_result_is_there_as_json(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    rows = [row_of(RAVEN, put_book(ledger, blobs, RAVEN), 0.97, 84)]
    url = f"/searches/{put_search(ledger, blobs, 'found', rows)}"
    body = client.get(url, headers=JSON).json
    assert body is not None
    assert body["search"] == url
    assert body["photo"] == f"{url}/photos/0"
    assert body["books"] == rows


def test_a_search_that_met_an_outage_says_which(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    search_id = ledger.create_search([(None, blobs.put_incoming(picture()))], Where(), 10)
    ledger.fail_search(search_id, "The index is away.", transient=True)
    answer = client.get(f"/searches/{search_id}")
    assert answer.status_code == 503
    assert "The index is away." in answer.text


def test_a_failed_search_says_why(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    search_id = ledger.create_search([(None, blobs.put_incoming(picture()))], Where(), 10)
    ledger.fail_search(search_id, "The photo <ends> in the middle.")
    page = client.get(f"/searches/{search_id}")
    assert page.status_code == 422
    assert "The photo &lt;ends&gt; in the middle." in page.text
    body = client.get(f"/searches/{search_id}", headers=JSON)
    assert body.mimetype == "application/problem+json"
    assert body.json is not None
    assert body.json["detail"] == "The photo <ends> in the middle."
    assert client.get(f"/searches/{search_id}/photos/0").status_code == 404


def test_a_search_that_nobody_answered_says_so(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    search_id = ledger.create_search([(None, blobs.put_incoming(picture()))], Where(), 10)
    monkeypatch.setattr(ledger, "_search_seconds", -1.0)
    page = client.get(f"/searches/{search_id}")
    assert page.status_code == 503
    assert "No worker answered in time" in page.text


@pytest.mark.parametrize("path", ["none", "../x", "%00", "none/photos/0", "ü"])
def test_an_unknown_search_is_a_page_that_is_not_there(client: FlaskClient, path: str) -> None:
    assert client.get(f"/searches/{path}").status_code == 404


def test_a_photo_is_a_picture_and_stays_for_the_browser(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    url = f"/searches/{put_search(ledger, blobs, 'not_found', [])}/photos"
    photo = client.get(f"{url}/0")
    assert photo.mimetype == "image/jpeg"
    assert "immutable" in photo.headers["Cache-Control"]
    assert client.get(f"{url}/1").status_code == 404


def test_an_upload_that_is_no_picture_is_never_served(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    name = blobs.put_incoming(b"<html><script>alert(1)</script>")
    search_id = ledger.create_search([(None, name)], Where(), 10)
    assert client.get(f"/searches/{search_id}/photos/0").status_code == 404


def test_a_photo_that_was_cleared_away_is_gone(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    name = blobs.put_incoming(picture())
    search_id = ledger.create_search([(None, name)], Where(), 10)
    blobs.delete_incoming(name)
    assert client.get(f"/searches/{search_id}/photos/0").status_code == 404
