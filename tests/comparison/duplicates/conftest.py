"""A shelf on which covers of one book lie under another one too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from tests.ingest.conftest import HEIGHT, SEED, Shelf, jpeg

from recto.comparison.duplicates.comparing import compare_waiting
from recto.ledger import Ledger
from recto.records import Alike, Book, Side
from recto.runtime import Engine
from recto.settings import Settings
from recto_lab.synthetic import draw_covers, siblings
from recto_lab.synthetic.printings import copied, reprinted

Found = dict[tuple[str, str], Alike]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """An engine on an empty folder, that the tests of a file share."""
    folder = tmp_path_factory.mktemp("alike")
    engine = Engine.open(Settings(data_dir=folder, torch_threads=1), with_index=True)
    yield Shelf(engine)
    engine.close()


@pytest.fixture
def empty(shelf: Shelf) -> Shelf:
    """The same without any book."""
    for row in shelf.engine.ledger.browse(page_size=1000).items:
        shelf.engine.ledger.delete_book(row.book.book_id)
    from recto.upkeep.maintenance import delete_books

    delete_books(shelf.engine)
    return shelf


def drawn(index: int, side: str = "front") -> Image.Image:
    """A drawn cover."""
    return draw_covers(index, seed=SEED, height=HEIGHT, side=side)


def copy(index: int, seed: int = 1) -> bytes:
    """Another file of the picture of a drawn cover."""
    return jpeg(copied(drawn(index), np.random.default_rng(seed)))


def reprint(index: int, seed: int = 1) -> bytes:
    """A drawn cover in another printing."""
    return jpeg(reprinted(drawn(index), np.random.default_rng(seed)))


def singles(count: int) -> list[int]:
    """The first drawn books that are in no series."""
    return [index for index in range(200) if not siblings(index, SEED)][:count]


def add(shelf: Shelf, book_id: str, data: bytes, side: Side = Side.FRONT) -> str:
    """Acknowledge a cover; returns its id."""
    return shelf.add(Book(book_id, f"Title of {book_id}"), side, data)


def compare(shelf: Shelf) -> int:
    """Do what the workers do until nothing waits; returns the covers that were compared."""
    shelf.work()
    count = 0
    while step := compare_waiting(shelf.engine):
        count += step
    return count


def found(ledger: Ledger) -> Found:
    """Kinds by the books of each pair, in order."""
    pairs = ledger.duplicates(page_size=1000).items
    return {ordered(pair.book.book_id, pair.other_book.book_id): pair.kind for pair in pairs}


def ordered(first: str, other: str) -> tuple[str, str]:
    """A pair in its one order."""
    return (first, other) if first < other else (other, first)
