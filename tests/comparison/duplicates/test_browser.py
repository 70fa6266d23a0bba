"""Covers that are alike in a real browser, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.comparison.duplicates.conftest import copy, drawn, reprint, singles
from tests.ingest.conftest import jpeg
from tests.web.pages.live import Live, live
from tests.web.pages.shelf import index_all

from recto.ledger import Finding, Ledger
from recto.records import Alike, Book, Side
from recto.settings import Settings
from recto.storage.blobs import open_blobs

pytestmark = pytest.mark.browser
DESK, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
BOOKS = (
    Book("9780000000011", "The Lighthouse at the End of the World", ("Jules Verne",), year=1905),
    Book("9780000000028", "The Lighthouse at the End of the World", ("Jules Verne",), year=1962),
    Book("9780000000035", "The Lighthouse", ("Jules Verne",), year=1980),
)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server whose catalogue has one picture under three books."""
    folder = tmp_path_factory.mktemp("alike") / "data"
    settings = Settings(data_dir=folder, redis_url=f"unix://{folder}/no-redis.sock")
    ledger, blobs = Ledger.open(settings), open_blobs(settings)
    one = singles(1)[0]
    for book, data in zip(BOOKS, (jpeg(drawn(one)), copy(one), reprint(one)), strict=True):
        ledger.put_book(book)
        cover, _ = ledger.add_cover(book.book_id, Side.FRONT, blobs.put(data))
        blobs.put_thumbnail(cover.sha256, data)
    index_all(ledger)
    ids = [ledger.covers_of(book.book_id)[0].cover_id for book in BOOKS]
    for other, kind, share in ((ids[1], Alike.SAME_PICTURE, 0.991), (ids[2], Alike.SAME_ARTWORK, 0.8)):
        low, high = sorted((ids[0], other))
        ledger.finish_comparison(ids, [Finding(low, high, kind, {"share": share})])
    ledger.close()
    with live(settings) as server:
        yield server


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, chrome: Browser, server: Live) -> Iterator[Page]:
    """The page of covers that are alike."""
    context = chrome.new_context(viewport=request.param)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(f"{server.url}/books")
    page.get_by_role("link", name="Covers that are alike").click()
    yield page
    context.close()


def test_covers_stand_side_by_side_and_a_decision_can_be_made_and_undone(page: Page) -> None:
    pairs = page.locator(".pair")
    expect(pairs).to_have_count(2)
    boxes = [image.bounding_box() for image in pairs.first.locator("img").all()]
    assert all(box is not None and box["width"] > 60 for box in boxes)
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"], "side by side"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    page.get_by_role("link", name="Same artwork").click()
    page.get_by_role("button", name="are different").click()
    expect(page.get_by_text("No covers are alike")).to_be_visible()
    page.get_by_role("link", name="Called different").click()
    expect(pairs).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Nobody has called any pair different")).to_be_visible()
    page.get_by_role("link", name="All", exact=True).click()
    expect(pairs).to_have_count(2)
