"""An engine on a small drawn shelf, shared by the tests of ingest and search."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from recto.ingest.pipeline import index_staged, ingest_batch
from recto.records import Book, Side
from recto.runtime import Engine
from recto.settings import Settings
from recto_lab.synthetic import draw_book

SEED = 11
HEIGHT = 480


def jpeg(image: Image.Image) -> bytes:
    """The picture as a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@dataclass(frozen=True)
class Shelf:
    """An engine with helpers that do what intake and workers do."""

    engine: Engine

    def add(self, book: Book, side: Side, data: bytes) -> str:
        """Acknowledge one cover; returns its id."""
        self.engine.ledger.put_book(book)
        cover, _ = self.engine.ledger.add_cover(book.book_id, side, self.engine.blobs.put(data))
        return cover.cover_id

    def add_drawn(self, index: int) -> Book:
        """Acknowledge both sides of a drawn book."""
        drawn = draw_book(index, seed=SEED, height=HEIGHT)
        book = Book(drawn.book_id, drawn.title, drawn.authors, drawn.isbn, drawn.publisher, drawn.year)
        self.add(book, Side.FRONT, jpeg(drawn.front))
        self.add(book, Side.BACK, jpeg(drawn.back))
        return book

    def work(self) -> int:
        """Do what ingest and index workers do until nothing waits; returns the covers that became searchable."""
        indexed = 0
        while (report := ingest_batch(self.engine, "worker")).claimed:
            if report.staged_file:
                indexed += index_staged(self.engine, report.staged_file)
        return indexed


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, torch_threads=1)


@pytest.fixture
def shelf(settings: Settings) -> Iterator[Shelf]:
    engine = Engine.open(settings, with_index=True)
    yield Shelf(engine)
    engine.close()


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A shelf of twelve drawn books, front and back, that tests only read."""
    engine = Engine.open(
        Settings(data_dir=tmp_path_factory.mktemp("stocked"), torch_threads=1), with_index=True
    )
    shelf = Shelf(engine)
    for index in range(12):
        shelf.add_drawn(index)
    assert shelf.work() == 24
    yield shelf
    engine.close()
