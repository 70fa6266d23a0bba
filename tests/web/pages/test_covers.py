"""Images of covers."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from tests.web.pages.shelf import picture, put_book

from recto.ledger import Ledger
from recto.records import Book, Cover, Side
from recto.storage.blobs import Blobs


def _cover(ledger: Ledger, blobs: Blobs, data: bytes, *, decoded: bool = True) -> Cover:
    ledger.put_book(Book("b", "Emma"))
    cover, _ = ledger.add_cover("b", Side.FRONT, blobs.put(data))
    if decoded:
        blobs.put_thumbnail(cover.sha256, picture("gold"))
    return cover


def test_a_thumbnail_is_kept_for_good(client: FlaskClient, ledger: Ledger, blobs: Blobs) -> None:
    path = f"/covers/{put_book(ledger, blobs, Book('b', 'Emma')).cover_id}/thumbnail"
    image = client.get(path)
    assert image.data == picture()
    assert image.mimetype == "image/jpeg"
    assert "immutable" in image.headers["Cache-Control"]
    assert image.headers["X-Content-Type-Options"] == "nosniff"
    again = client.get(path, headers={"If-None-Match": image.headers["ETag"]})
    assert again.status_code == 304


def test_before_its_thumbnail_a_cover_has_a_quiet_placeholder(
    client: FlaskClient, ledger: Ledger, blobs: Blobs
) -> None:
    cover = _cover(ledger, blobs, picture(), decoded=False)
    for what in ("thumbnail", "image"):
        image = client.get(f"/covers/{cover.cover_id}/{what}")
        assert image.status_code == 200
        assert image.mimetype == "image/svg+xml"
        assert image.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_an_original_is_served_under_its_own_type(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, kind: str
) -> None:
    data = picture(kind=kind)
    image = client.get(f"/covers/{_cover(ledger, blobs, data).cover_id}/image")
    assert image.mimetype == f"image/{kind.lower()}"
    assert image.data == data
    assert "immutable" in image.headers["Cache-Control"]


@pytest.mark.parametrize(
    "data",
    [picture(kind="TIFF"), b"<svg onload='alert(1)'/>", b"<html><script>alert(1)</script>", b"GIF", b""],
    ids=str,
)
def test_what_browsers_cannot_show_is_served_as_its_small_copy(
    client: FlaskClient, ledger: Ledger, blobs: Blobs, data: bytes
) -> None:
    image = client.get(f"/covers/{_cover(ledger, blobs, data).cover_id}/image")
    assert image.mimetype == "image/jpeg"
    assert image.data == picture("gold")


@pytest.mark.parametrize(
    "cover_id", ["none", "..%2f..%2fsecret", "00000000-0000-0000-0000-000000000000", "%00"]
)
def test_an_unknown_cover_is_not_there(client: FlaskClient, cover_id: str) -> None:
    assert client.get(f"/covers/{cover_id}/thumbnail").status_code == 404
    assert client.get(f"/covers/{cover_id}/image").status_code == 404
