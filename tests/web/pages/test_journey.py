"""The whole way, in a real browser against a real `recto up`: add books, photograph one, see its region drawn."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from recto.settings import Settings
from recto_lab.synthetic import EASY, DrawnBook, draw_book, photograph
from recto_workers.instance import running

pytestmark = pytest.mark.browser

SEED = 11
START_SECONDS = 120.0
JOB_MILLISECONDS = 90_000
SHOWN, OTHER, STRANGER = 4, 5, 9
"""Drawn books outside of any series: the one that is photographed, another of the catalogue, one that is not in it."""


@dataclass(frozen=True)
class Scene:
    """Files to send: covers of drawn books, photos, and where the cover is in the photo of the front."""

    folder: Path
    books: dict[int, DrawnBook]
    outline: list[list[float]]
    size: tuple[int, int]

    def file(self, name: str) -> Path:
        """A file of the scene."""
        return self.folder / name


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Three drawn books, photographed."""
    folder = tmp_path_factory.mktemp("scene")
    books = {index: draw_book(index, seed=SEED, height=720) for index in (SHOWN, OTHER, STRANGER)}
    for index, book in books.items():
        book.front.save(folder / f"front-{index}.jpg", quality=90)
        book.back.save(folder / f"back-{index}.jpg", quality=90)
    shots = {
        "front": photograph(books[SHOWN].front, np.random.default_rng(1), options=EASY, size=1000),
        "back": photograph(books[SHOWN].back, np.random.default_rng(2), options=EASY, size=1000),
        "stranger": photograph(books[STRANGER].front, np.random.default_rng(3), options=EASY, size=1000),
    }
    for name, shot in shots.items():
        shot.image.save(folder / f"photo-{name}.jpg", quality=88)
    return Scene(folder, books, shots["front"].outline.tolist(), shots["front"].image.size)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running `recto up` on an empty data folder."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("journey"), torch_threads=1)
    log = settings.data_dir / "up.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "recto_web.cli", "up", "--port", "18500"],
            env={**os.environ, **settings.environment()},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while (instance := running(settings)) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield instance.web_url
    finally:
        process.terminate()
        process.wait(40)


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    """A fresh page."""
    with chrome.new_context() as context:
        yield context.new_page()


@pytest.fixture(scope="module")
def stocked(chrome: Browser, address: str, scene: Scene) -> None:
    """Two books, added through the form, each watched on the page of its job until it is searchable."""
    with chrome.new_context() as context:
        page = context.new_page()
        for index in (SHOWN, OTHER):
            _add(page, address, scene, index)


def _add(page: Page, address: str, scene: Scene, index: int) -> None:
    book = scene.books[index]
    page.goto(address)
    page.get_by_role("link", name="Add a book", exact=True).first.click()
    page.get_by_label("Front").set_input_files(scene.file(f"front-{index}.jpg"))
    page.get_by_label("Back").set_input_files(scene.file(f"back-{index}.jpg"))
    page.get_by_label("Title").fill(book.title)
    page.get_by_label("Authors").fill("; ".join(book.authors))
    page.get_by_label("ISBN").fill(book.isbn)
    page.get_by_role("button", name="Add the book").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(book.title)
    page.get_by_text("2 of 2 covers").wait_for(timeout=JOB_MILLISECONDS)
    expect(page.locator(".badge", has_text="searchable")).to_have_count(2)
    assert "9" in book.isbn
    assert "check digit" not in page.content()


def _search(page: Page, address: str, photo: Path, side: str = "Not sure") -> None:
    page.goto(address)
    page.locator("#photo").set_input_files(photo)
    page.get_by_label(side, exact=True).check()
    page.get_by_role("button", name="Find this book").click()
    page.locator("article").wait_for(timeout=JOB_MILLISECONDS)


def _drawn_region(page: Page) -> np.ndarray:
    points = page.locator("polygon.edge").last.get_attribute("points")
    assert points
    return np.array([[float(number) for number in pair.split(",")] for pair in points.split()])


@pytest.mark.usefixtures("stocked")
def test_a_photographed_front_leads_to_its_book_with_the_region_drawn(
    page: Page, address: str, scene: Scene
) -> None:
    _search(page, address, scene.file("photo-front.jpg"))
    expect(page.get_by_role("heading", level=1)).to_have_text(scene.books[SHOWN].title)
    expect(page.locator(".sure strong")).to_contain_text("% sure")
    assert page.locator("svg[data-region]").get_attribute("viewBox") == f"0 0 {scene.size[0]} {scene.size[1]}"
    distance = np.abs(_drawn_region(page) - np.array(scene.outline)).max()
    assert distance < 0.03 * max(scene.size)  # every corner within 3 % of where the simulator put it
    expect(page.locator(".match img")).to_be_visible()
    assert page.locator(".match img").evaluate("image => image.naturalWidth") > 100
    assert page.locator(".photo img").evaluate("image => image.naturalWidth") > 100


@pytest.mark.usefixtures("stocked")
def test_the_answer_is_compared_with_its_cover_on_demand(page: Page, address: str, scene: Scene) -> None:
    _search(page, address, scene.file("photo-front.jpg"))
    page.get_by_role("button", name="Compare photo and cover").click()
    page.locator(".compare-page").wait_for(timeout=JOB_MILLISECONDS)
    expect(page.get_by_role("heading", level=1)).to_contain_text(scene.books[SHOWN].title)
    expect(page.locator(".finding")).to_contain_text(
        "of the cover" if page.locator(".marks polygon").count() else "alike"
    )
    for name in ("matched", "photo-layer", "heat-layer"):
        assert page.locator(f"img.{name}").evaluate("image => image.naturalWidth") > 100
    assert page.locator(".points.wide .match-pair").count() >= 10
    page.get_by_role("link", name="Back to the result").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(scene.books[SHOWN].title)


@pytest.mark.usefixtures("stocked")
def test_a_photographed_back_leads_to_the_same_book(page: Page, address: str, scene: Scene) -> None:
    _search(page, address, scene.file("photo-back.jpg"), side="Back")
    expect(page.get_by_role("heading", level=1)).to_have_text(scene.books[SHOWN].title)
    expect(page.get_by_text("The back cover in the catalogue")).to_be_visible()


@pytest.mark.usefixtures("stocked")
def test_both_sides_can_be_given_at_once(page: Page, address: str, scene: Scene) -> None:
    page.goto(address)
    page.locator("#photo").set_input_files(scene.file("photo-front.jpg"))
    page.get_by_text("Add a photo of the other side").click()
    page.locator("#other_side").set_input_files(scene.file("photo-back.jpg"))
    page.get_by_role("button", name="Find this book").click()
    page.locator("article").wait_for(timeout=JOB_MILLISECONDS)
    expect(page.get_by_role("heading", level=1)).to_have_text(scene.books[SHOWN].title)
    expect(page.locator(".photo img")).to_have_count(2)


@pytest.mark.usefixtures("stocked")
def test_a_stranger_is_not_in_the_catalogue_and_can_be_added(page: Page, address: str, scene: Scene) -> None:
    _search(page, address, scene.file("photo-stranger.jpg"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Not in the catalogue")
    expect(page.get_by_role("link", name="Add this book")).to_be_visible()


@pytest.mark.usefixtures("stocked")
def test_curl_gets_the_same_answer(address: str, scene: Scene) -> None:
    photo = scene.file("photo-front.jpg")
    command = ["curl", "-sS", "-L", "--max-time", "60", "-H", "Accept: application/json"]
    command += ["-F", f"photo=@{photo}", f"{address}/search"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    while "verdict" not in result:  # 202: the answer will be at another address
        time.sleep(0.3)
        request = urllib.request.Request(address + result["search"], headers={"Accept": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            result = json.load(answer)
    assert result["verdict"] == "found"
    assert result["books"][0]["book_id"] == scene.books[SHOWN].isbn


@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"I am a text file", "is not a picture"),
        (b"", "is empty"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 200, "could not be searched"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is a drawing (SVG)"),
    ],
    ids=["text", "empty", "broken", "svg"],
)
def test_a_file_that_is_no_photo_is_answered_with_a_sentence(
    page: Page, address: str, tmp_path: Path, data: bytes, words: str
) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(data)
    page.goto(address)
    page.locator("#photo").set_input_files(file)
    page.get_by_role("button", name="Find this book").click()
    expect(page.locator("main")).to_contain_text(words, timeout=JOB_MILLISECONDS)


@pytest.mark.usefixtures("stocked")
def test_a_deleted_book_is_found_no_more(page: Page, address: str, scene: Scene) -> None:
    page.goto(f"{address}/books/{scene.books[OTHER].isbn}")
    page.get_by_text("Delete this book").click()
    page.get_by_role("button", name=re.compile("Yes, delete")).click()
    expect(page.get_by_text("The book was deleted.")).to_be_visible()
    _search(page, address, scene.file(f"front-{OTHER}.jpg"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Not in the catalogue")
