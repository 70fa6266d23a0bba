"""A deployment for all tests of this folder, and what they put into it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from tests.outside.deployment import Deployment, deployment, patiently
from tests.support.postgres import programs_of_postgres
from tests.support.qdrant import SERVER_URL, remove_collections
from tests.workers.running import wait_until

from recto_lab.synthetic import EASY, DrawnBook, draw_book, photograph

SEED = 11
SHOWN, OTHER, STRANGER = 4, 5, 9
"""Drawn books outside of any series: the one that is photographed, another of the catalogue, one that is not in it."""


@dataclass(frozen=True)
class Scene:
    """Covers of drawn books and photos of them, as JPEG."""

    books: dict[int, DrawnBook]
    photos: dict[str, bytes]

    def cover(self, index: int, side: str) -> bytes:
        """A cover of a book."""
        return jpeg(getattr(self.books[index], side))


def jpeg(image: Image.Image) -> bytes:
    """The bytes of a picture."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Three drawn books, photographed."""
    books = {index: draw_book(index, seed=SEED, height=720) for index in (SHOWN, OTHER, STRANGER)}
    shots = {
        "front": photograph(books[SHOWN].front, np.random.default_rng(1), options=EASY, size=1000),
        "back": photograph(books[SHOWN].back, np.random.default_rng(2), options=EASY, size=1000),
        "other": photograph(books[OTHER].front, np.random.default_rng(4), options=EASY, size=1000),
        "stranger": photograph(books[STRANGER].front, np.random.default_rng(3), options=EASY, size=1000),
    }
    return Scene(books, {name: jpeg(shot.image) for name, shot in shots.items()})


@pytest.fixture(scope="module")
def running() -> Iterator[Deployment]:
    """An index worker, two ingest workers and a web server on outside parts, all of them processes."""
    if programs_of_postgres() is None:
        pytest.skip("no PostgreSQL is installed (Debian: postgresql)")
    with TemporaryDirectory(prefix="recto-outside-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as somebody else
        if SERVER_URL:
            remove_collections(SERVER_URL)
        with deployment(Path(name), SERVER_URL) as found:
            found.start("web", "index-1", "ingest-1", "ingest-2")
            yield found
        if SERVER_URL:
            remove_collections(SERVER_URL)


@pytest.fixture
def client(running: Deployment) -> Iterator[httpx.Client]:
    """A program that asks the web server."""
    with httpx.Client(base_url=running.web_url, headers={"Accept": "application/json"}, timeout=60) as client:
        yield client


def search(client: httpx.Client, photo: bytes) -> dict[str, Any]:
    """The answer of a search by a photo."""
    sent = client.post("/search", files={"photo": ("photo.jpg", photo)})
    if sent.status_code in (202, 303):
        sent = patiently(client, sent.headers["Location"])
    answer: dict[str, Any] = sent.json()
    return answer | {"status": sent.status_code}


def add_book(
    client: httpx.Client, book: DrawnBook | None, files: dict[str, bytes], **fields: str
) -> dict[str, Any]:
    """Add a book by the form; returns its job once it is done."""
    typed = {"title": book.title, "isbn": book.isbn} if book else {}
    sent = client.post(
        "/books",
        data={**typed, **fields},
        files=[(side, (f"{side}.jpg", data)) for side, data in files.items()],
        headers={"Accept": "text/html"},
    )
    assert sent.status_code == 303, sent.text
    return wait_for_job(client, sent.headers["Location"])


def wait_for_job(client: httpx.Client, url: str) -> dict[str, Any]:
    """The job at an address once nothing of it waits."""

    def done() -> bool:
        return bool(client.get(url).json()["state"] in ("done", "failed"))

    wait_until(done, f"{url} is done", seconds=240, pause=0.2)
    job: dict[str, Any] = client.get(url).json()
    return job
