"""Small things that the web tests put on the shelf: pictures, books, answers."""

from __future__ import annotations

import io
import re
from typing import Any

from flask.testing import FlaskClient
from PIL import Image

from recto.ledger import Ledger
from recto.records import Book, Cover, Side, Where
from recto.storage.blobs import Blobs

CORNERS = [[10.0, 12.0], [90.0, 10.0], [92.0, 140.0], [8.0, 138.0]]


def picture(colour: str = "navy", kind: str = "JPEG", size: tuple[int, int] = (100, 150)) -> bytes:
    """A picture of one colour in some format."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


def upload(data: bytes, name: str = "photo.jpg") -> tuple[io.BytesIO, str]:
    """A file for the test client."""
    return io.BytesIO(data), name


def put_book(
    ledger: Ledger, blobs: Blobs, book: Book, colour: str = "navy", side: Side = Side.FRONT
) -> Cover:
    """A book with one cover that is ready to be shown."""
    ledger.put_book(book)
    data = picture(colour)
    cover, _ = ledger.add_cover(book.book_id, side, blobs.put(data))
    blobs.put_thumbnail(cover.sha256, data)
    return cover


def index_all(ledger: Ledger, *, compared: bool = True) -> None:
    """Let every queued cover become searchable, and compared with others, as far as the ledger is concerned."""
    while covers := ledger.claim("test", 100, 60.0):
        ids = [cover.cover_id for cover in covers]
        ledger.stage(ids, f"{ids[0]}.npz")
        ledger.mark_indexed(ids, "recipe")
        if compared:
            ledger.finish_comparison(ids, [])


def row_of(
    book: Book, cover: Cover, probability: float, inliers: int, *, seen: bool = True
) -> dict[str, Any]:
    """A book of a result as the search stores it."""
    return {
        "book_id": book.book_id,
        "probability": probability,
        "side": cover.side.value,
        "inliers": inliers,
        "outline": CORNERS if seen else None,
        "photo": 0,
        "cover_id": cover.cover_id,
        "title": book.title,
        "authors": list(book.authors),
        "publisher": book.publisher,
        "year": book.year,
    }


def put_search(
    ledger: Ledger, blobs: Blobs, verdict: str, rows: list[dict[str, Any]], where: Where | None = None
) -> str:
    """A search that was answered."""
    name = blobs.put_incoming(picture("teal"))
    search_id = ledger.create_search([(None, name)], where or Where(), 10)
    ledger.finish_search(search_id, answer(verdict, rows, name))
    return search_id


def answer(verdict: str, rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The result of a search with one photo."""
    return {
        "verdict": verdict,
        "books": rows,
        "answers": [],
        "photos": [{"name": name, "width": 100, "height": 150, "side": None}],
        "timings_ms": {"decode": 31.2, "verify": 40.0, "total": 190.4},
        "recipe": "1f3a9c0b7d21",
        "calibration": {"error": 0.012, "items": 254, "recipe_fits": True},
    }


def token(browser: FlaskClient, path: str = "/") -> str:
    """The token in the forms of a page."""
    match = re.search(r'name="form_token" value="([0-9a-f]{64})"', browser.get(path).text)
    assert match, f"{path} has no form"
    return match[1]
