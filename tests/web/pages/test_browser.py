"""The pages in a real browser: with and without scripts, at the width of a phone, on this host alone."""

from __future__ import annotations

import base64
import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from tests.web.pages.evidence_shelf import put_evidence
from tests.web.pages.live import Live, live
from tests.web.pages.shelf import answer, index_all, picture, put_book, put_search, row_of

from recto.ledger import Entry, EntryItem, Ledger
from recto.records import Book, Side
from recto.settings import MIB, Settings
from recto.storage.blobs import open_blobs
from recto_workers.app import connect
from recto_workers.heartbeat import Beating, Heartbeat

pytestmark = pytest.mark.browser

RAVEN = Book("poe/raven 1", "The Raven", ("Edgar Allan Poe",), publisher="Wiley", year=1845)
TWIN = Book("twin", "The Raven", ("Edgar Allan Poe",), publisher="Wiley", year=1846)
PHONE = ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Live]:
    """A server whose searches are accepted; the tests answer them through the ledger, as a worker would."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("browser") / "data", redis_url=redis_url, max_image_bytes=MIB
    )
    heartbeat = Heartbeat.of_this_process("index", "index-1", "recto_small", ("search",))
    beating = Beating(connect(redis_url), heartbeat)
    beating.start()
    with live(settings) as server:
        yield server
    beating.stop()


@pytest.fixture(scope="module")
def shelf(server: Live) -> Iterator[Ledger]:
    """Its ledger, with two books."""
    ledger, blobs = Ledger.open(server.settings), open_blobs(server.settings)
    put_book(ledger, blobs, RAVEN)
    put_book(ledger, blobs, RAVEN, "teal", Side.BACK)
    put_book(ledger, blobs, TWIN, "maroon")
    index_all(ledger)
    yield ledger
    ledger.close()


@pytest.fixture
def context(chrome: Browser) -> Iterator[BrowserContext]:
    """A fresh profile."""
    context = chrome.new_context()
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Live, shelf: Ledger) -> Iterator[Page]:
    """A page that fails its test when anything is complained about in its console."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert [text for text in complaints if "status of 4" not in text] == []


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo on the disk."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(picture("gold"))
    return path


def _answer_next(server: Live, ledger: Ledger, url: str) -> None:
    """Answer the search of an address, as the index worker would."""
    blobs = open_blobs(server.settings)
    cover = ledger.covers_of(RAVEN.book_id)[0]
    name = blobs.put_incoming(picture("gold"))
    ledger.finish_search(url.rpartition("/")[2], answer("found", [row_of(RAVEN, cover, 0.97, 84)], name))


def _search_of(page: Page) -> str:
    address = page.locator("[data-await]").get_attribute("data-await")
    assert address
    return address


def _every_page(server: Live, ledger: Ledger) -> list[str]:
    blobs = open_blobs(server.settings)
    raven, twin = ledger.covers_of(RAVEN.book_id)[0], ledger.covers_of(TWIN.book_id)[0]
    rows = [row_of(RAVEN, raven, 0.55, 60), row_of(TWIN, twin, 0.45, 58)]
    searches = [put_search(ledger, blobs, verdict, rows) for verdict in ("found", "ambiguous", "not_found")]
    for search_id in searches:
        put_evidence(ledger, blobs, search_id, raven.cover_id)
    job_id = ledger.create_job("ingest", "/scans/list.csv")
    ledger.acknowledge(job_id, [Entry(None, (EntryItem(None, "x" * 90, "", "read", "Not there."),))])
    ledger.finish_listing(job_id)
    pages = [
        "/",
        "/books",
        "/books?q=none",
        "/books/new",
        "/books/poe%2Fraven%201",
        "/jobs",
        "/index",
        f"/jobs/{job_id}",
        "/none",
    ]
    pages += [f"/searches/{search_id}/evidence/0/{raven.cover_id}" for search_id in searches[:2]]
    return pages + [f"/searches/{search_id}" for search_id in searches]


def test_no_page_asks_another_host_or_breaks_its_own_policy(page: Page, server: Live, shelf: Ledger) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    for path in _every_page(server, shelf):
        page.goto(server.url + path)
    assert asked == {urlsplit(server.url).netloc}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone(chrome: Browser, server: Live, shelf: Ledger, scheme: str) -> None:
    with chrome.new_context(
        viewport=PHONE,
        is_mobile=True,
        has_touch=True,
        color_scheme=scheme,  # type: ignore[arg-type]
    ) as phone:
        page = phone.new_page()
        for path in _every_page(server, shelf):
            page.goto(server.url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        page.goto(server.url)
        expect(page.get_by_text("Take a photo")).to_be_visible()


def test_every_field_has_a_label_and_every_page_its_landmarks(
    page: Page, server: Live, shelf: Ledger
) -> None:
    fields = "[...document.querySelectorAll('input:not([type=hidden]), select')]"
    unlabelled = f"{fields}.filter(field => !field.labels.length).length"
    for path in _every_page(server, shelf):
        page.goto(server.url + path)
        assert page.evaluate(unlabelled) == 0, path
        assert page.locator("main h1").count() == 1, path
        assert page.locator("img:not([alt])").count() == 0, path


def test_a_search_works_without_scripts(chrome: Browser, server: Live, shelf: Ledger, photo: Path) -> None:
    with chrome.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url)
        page.locator("#photo").set_input_files(photo)
        page.get_by_role("button", name="Find this book").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Comparing covers")
        link = page.get_by_role("link", name="Look again now").get_attribute("href")
        assert link
        _answer_next(server, shelf, link)
        page.wait_for_url(f"**{link}")  # the page moves on by itself
        expect(page.get_by_role("heading", level=1)).to_have_text("The Raven")
        assert page.locator("svg polygon").count() >= 1


def test_what_a_comparison_shows_is_chosen_without_scripts(
    chrome: Browser, server: Live, shelf: Ledger
) -> None:
    blobs, cover = open_blobs(server.settings), shelf.covers_of(RAVEN.book_id)[0]
    search_id = put_search(shelf, blobs, "found", [row_of(RAVEN, cover, 0.9, 60)])
    put_evidence(shelf, blobs, search_id, cover.cover_id)
    with chrome.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{server.url}/searches/{search_id}/evidence/0/{cover.cover_id}")
        marks, lines = page.locator(".marks").first, page.locator(".points.wide line").last
        expect(marks).to_be_visible()
        page.get_by_label("Outline what differs").uncheck()
        expect(marks).to_be_hidden()
        expect(lines).to_be_visible()
        page.get_by_label("Join them with lines").uncheck()
        expect(lines).to_be_hidden()
        expect(page.locator(".points.wide circle").first).to_be_visible()
        heat, photo = page.locator(".heat-layer"), page.locator(".photo-layer")
        expect(heat).to_be_visible()
        page.get_by_label("Half and half").check(force=True)
        expect(heat).to_be_hidden()
        expect(photo).to_have_css("opacity", "0.5")


def test_a_book_is_added_without_scripts(chrome: Browser, server: Live, shelf: Ledger, photo: Path) -> None:
    with chrome.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{server.url}/books/new")
        page.get_by_label("Title").fill("Walden")
        page.get_by_label("Front").set_input_files(photo)
        page.get_by_role("button", name="Add the book").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Walden")
        index_all(shelf)
        page.get_by_text("1 of 1 cover").wait_for()
        expect(page.get_by_text("took")).to_be_visible()


def test_the_waiting_page_moves_on_when_the_answer_is_there(
    page: Page, server: Live, shelf: Ledger, photo: Path
) -> None:
    page.goto(server.url)
    page.locator("#photo").set_input_files(photo)
    page.get_by_role("button", name="Find this book").click()
    page.locator("[data-await]").wait_for()
    _answer_next(server, shelf, _search_of(page))
    expect(page.get_by_role("heading", level=1)).to_have_text("The Raven")
    expect(page.locator("svg[data-region]")).to_be_visible()
    expect(page.get_by_text("97 % sure")).to_be_visible()


GIVE = """([kind, encoded]) => {
  const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], "dropped.jpg", { type: "image/jpeg" }));
  if (kind === "paste") window.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
  else for (const step of ["dragenter", "dragover", "drop"]) {
    document.querySelector("[data-drop=photo] .prompt").dispatchEvent(
      new DragEvent(step, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_photo_can_be_dropped_and_pasted(page: Page, server: Live, kind: str) -> None:
    page.goto(server.url)
    page.evaluate(GIVE, [kind, base64.b64encode(picture("gold")).decode()])
    preview = page.locator("#photo-preview img")
    expect(preview).to_be_visible()
    assert preview.evaluate("image => image.naturalWidth") == 100
    expect(page.locator("#photo-preview")).to_contain_text("dropped.jpg")
    page.get_by_role("button", name="Find this book").click()
    page.locator("[data-await]").wait_for()
    expect(page.locator("img[alt='Your photo']")).to_be_visible()


def test_a_file_that_misses_the_drop_zone_does_not_replace_the_page(page: Page, server: Live) -> None:
    page.goto(server.url)
    prevented = page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["x"], "x.jpg", { type: "image/jpeg" }));
          const event = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
          return !document.querySelector("footer").dispatchEvent(event);
        }"""
    )
    assert prevented is True


def test_a_file_that_is_too_large_is_told_before_it_is_sent(page: Page, server: Live, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(picture() + b"\0" * (2 * MIB))
    page.goto(server.url)
    page.locator("#photo").set_input_files(large)
    page.get_by_role("button", name="Find this book").click()
    assert "at most 1 MB" in page.locator("#photo").evaluate("input => input.validationMessage")
    assert page.url == f"{server.url}/"


def test_the_photo_given_last_counts(page: Page, server: Live, photo: Path) -> None:
    page.goto(server.url)
    page.locator("#photo").set_input_files(photo)
    page.locator("#camera").set_input_files(photo)
    assert page.locator("#photo").evaluate("input => input.files.length") == 0
    assert page.locator("#photo-preview img").count() == 1


def test_a_job_moves_on_in_place(page: Page, server: Live, shelf: Ledger) -> None:
    blobs = open_blobs(server.settings)
    job_id = shelf.create_job("ingest", "Faust")
    entry = Entry(Book("faust", "Faust"), (EntryItem(Side.FRONT, "f.jpg", blobs.put(picture("coral"))),))
    shelf.acknowledge(job_id, [entry])
    shelf.finish_listing(job_id)
    page.goto(f"{server.url}/jobs/{job_id}")
    page.evaluate("window.same = true")
    expect(page.get_by_text("0 of 1 cover")).to_be_visible()
    index_all(shelf)
    expect(page.get_by_text("1 of 1 cover")).to_be_visible()
    expect(page.get_by_text("took")).to_be_visible()
    assert page.evaluate("window.same") is True


def test_a_job_is_paused_resumed_and_cancelled_on_its_page(page: Page, server: Live, shelf: Ledger) -> None:
    blobs = open_blobs(server.settings)
    job_id = shelf.create_job("ingest", "Maria Stuart")
    entry = Entry(
        Book("stuart", "Maria Stuart"), (EntryItem(Side.FRONT, "m.jpg", blobs.put(picture("navy"))),)
    )
    shelf.acknowledge(job_id, [entry])
    shelf.finish_listing(job_id)
    page.goto(f"{server.url}/jobs/{job_id}")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Running", exact=True)).to_be_visible()
    page.get_by_text("Cancel this job").click()
    page.wait_for_timeout(2500)  # a refresh in between must not close what was just opened
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_text("Being cancelled")).to_be_visible()
    shelf.give_up_some(job_id)
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()


def test_deleting_asks_first(page: Page, server: Live, shelf: Ledger) -> None:
    put_book(shelf, open_blobs(server.settings), Book("doomed/1", "Doomed"), "tan")
    page.goto(f"{server.url}/books/doomed%2F1")
    button = page.get_by_role("button", name=re.compile("Yes, delete"))
    expect(button).to_be_hidden()
    page.get_by_text("Delete this book").click()
    button.click()
    expect(page.get_by_text("The book was deleted.")).to_be_visible()
    assert shelf.book("doomed/1") is None


def test_the_refusal_of_a_huge_body_reaches_its_sender(server: Live) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    body = b"--x\r\n" + b"\0" * (25 * MIB)
    connection.request("POST", "/search", body, {"Content-Type": "multipart/form-data; boundary=x"})
    answer = connection.getresponse()
    assert answer.status == 413
    assert "1 MB at most" in answer.read().decode()
    connection.close()


def test_a_wrong_check_digit_is_told_while_typing(page: Page, server: Live) -> None:
    page.goto(f"{server.url}/books/new")
    hint = page.locator("#isbn-hint")
    for typed, wrong in (("978-3-16-148410-1", True), ("978-3-16-148410-0", False), ("0-8044-2957-X", False)):
        page.get_by_label("ISBN").fill(typed)
        page.get_by_label("Title").focus()
        assert ("check digit" in (hint.text_content() or "")) is wrong
