"""Searched, stored and looked at in a real browser: what a barcode says, wide and narrow, without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ViewportSize
from tests.ingest.conftest import Shelf
from tests.search.barcodes.conftest import back, isbn_of, jpeg, label, on_table
from tests.web.pages.live import Live, live

from recto.records import Book, Side, Where
from recto.runtime import Engine
from recto.search.pipeline import run_search
from recto.settings import Settings
from recto_lab.synthetic import draw_covers

pytestmark = pytest.mark.browser
WIDTHS = (390, 1280)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, dict[str, str]]]:
    """A server, and addresses of results by what their barcode says."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("barcode_pages"), torch_threads=1)
    engine = Engine.open(settings, with_index=True)
    shelf = Shelf(engine)
    for index, isbn in ((0, isbn_of(0)), (3, isbn_of(1))):
        book = Book(f"book-{index}", f"The Book of {index}", ("Ada Verne",), isbn, year=1999)
        shelf.add(book, Side.FRONT, jpeg(draw_covers(index, seed=21, height=600, side="front")))
    shelf.add(book, Side.BACK, jpeg(back(3, 720)))  # with a barcode that its record contradicts
    shelf.work()
    photos = {"alone": on_table(back(0), 7), "unknown": label("9783161484100"), "differs": on_table(back(3))}
    urls = {name: f"/searches/{_search(engine, jpeg(photo))}" for name, photo in photos.items()}
    engine.close()
    with live(settings) as server:
        yield server, {**urls, "book": "/books/book-3"}


def _search(engine: Engine, photo: bytes) -> str:
    search_id = engine.ledger.create_search([(None, engine.blobs.put_incoming(photo))], Where(), 10)
    run_search(engine, search_id)
    return search_id


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("alone", "Named by the barcode in your photo"),
        ("unknown", "it is not in the catalogue"),
        ("differs", "The book above may be another edition"),
        ("book", "is this the cover of another edition"),
    ],
)
def test_a_page_says_what_the_barcode_says_at_every_width(
    chrome: Browser, pages: tuple[Live, dict[str, str]], name: str, says: str
) -> None:
    server, urls = pages
    for width in WIDTHS:
        context = chrome.new_context(
            java_script_enabled=False, viewport=ViewportSize(width=width, height=900)
        )
        page = context.new_page()
        page.goto(server.url + urls[name])
        assert says in page.inner_text("main")
        box = page.locator("main").bounding_box()
        assert box is not None
        assert box["width"] <= width
        context.close()


def test_an_isbn_that_is_missing_leads_to_a_form_that_has_it(
    chrome: Browser, pages: tuple[Live, dict[str, str]]
) -> None:
    server, urls = pages
    page = chrome.new_page()
    page.goto(server.url + urls["unknown"])
    page.click("text=Add this ISBN")
    assert page.input_value("#isbn") == "9783161484100"
    page.close()
