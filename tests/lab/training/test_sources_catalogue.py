"""The catalogue as what a network learns from: a real ledger and store with covers that were ingested."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.comparison.duplicates.conftest import add, compare, copy, drawn, reprint, singles
from tests.ingest.conftest import Shelf, jpeg

from recto.errors import BadInput
from recto.records import Book, Side
from recto.runtime import Engine
from recto.settings import Settings
from recto_lab.training.sources import Split, prepare_catalogue

BOOKS = singles(8)


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Shelf]:
    """Eight drawn books, front and back, that are searchable and compared."""
    engine = Engine.open(Settings(data_dir=tmp_path / "data", torch_threads=1), with_index=True)
    shelf = Shelf(engine)
    for index in BOOKS:
        for side in Side:
            add(shelf, f"book-{index}", jpeg(drawn(index, side.value)), side)
    compare(shelf)
    yield shelf
    engine.close()


def prepared(shelf: Shelf, out: Path) -> Split:
    """The catalogue as tests prepare it."""
    settings = shelf.engine.settings
    return prepare_catalogue(out, settings, held_out=0.2, seed=4, size=(128, 96), processes=1)


def identities(split: Split) -> dict[str, int]:
    """Pictures of each identity, by its name."""
    found: dict[str, int] = {}
    for images in (split.training, split.held_out):
        assert images.open().shape == (len(images), 128, 96, 3)
        for label in images.labels.tolist():
            found[images.names[label]] = found.get(images.names[label], 0) + 1
    return found


def test_fronts_and_backs_are_identities_of_their_own(stock: Shelf, tmp_path: Path) -> None:
    found = identities(prepared(stock, tmp_path / "out"))
    assert found == {f"book-{index} {side.value}": 1 for index in BOOKS for side in Side}


def test_an_original_of_several_books_counts_once(stock: Shelf, tmp_path: Path) -> None:
    add(stock, "placeholder", jpeg(drawn(BOOKS[0])))
    compare(stock)
    found = identities(prepared(stock, tmp_path / "out"))
    assert len(found) == 16
    assert set(found.values()) == {1}


def test_covers_of_the_same_artwork_are_one_identity_on_one_side(stock: Shelf, tmp_path: Path) -> None:
    before = prepared(stock, tmp_path / "out")
    add(stock, "copy", copy(BOOKS[0]))
    add(stock, "another printing", reprint(BOOKS[0]))
    add(stock, "copy of another book", copy(BOOKS[1]))
    compare(stock)
    split = prepared(stock, tmp_path / "out")
    assert split.training.path != before.training.path
    assert sorted(identities(split).values()) == [1] * 14 + [2, 3]
    assert len(split.training.names) + len(split.held_out.names) == 16


def test_a_printing_of_books_that_a_person_called_different_is_another_identity_and_a_copy_is_not(
    stock: Shelf, tmp_path: Path
) -> None:
    add(stock, "copy", copy(BOOKS[0]))
    add(stock, "another printing", reprint(BOOKS[1]))
    compare(stock)
    for other, index in (("copy", BOOKS[0]), ("another printing", BOOKS[1])):
        stock.engine.ledger.decide(other, f"book-{index}")
    assert sorted(identities(prepared(stock, tmp_path / "out")).values()) == [1] * 16 + [2]


def test_books_of_one_isbn_are_not_one_identity(stock: Shelf, tmp_path: Path) -> None:
    for index in singles(10)[8:]:
        stock.add(Book(f"twin-{index}", isbn="9783161484100"), Side.FRONT, jpeg(drawn(index)))
    compare(stock)
    assert len(identities(prepared(stock, tmp_path / "out"))) == 18


def test_an_original_that_is_gone_is_left_out_with_its_reason(stock: Shelf, tmp_path: Path) -> None:
    add(stock, "lost", jpeg(drawn(singles(9)[8])))
    compare(stock)
    (cover,) = stock.engine.ledger.covers_of("lost")
    stock.engine.blobs.delete(cover.sha256)
    split = prepared(stock, tmp_path / "out")
    ((name, reason),) = [(one.name, one.reason) for one in split.left_out]
    assert name == "lost front"
    assert "is not in the store" in reason


def test_an_unchanged_catalogue_is_used_again(stock: Shelf, tmp_path: Path) -> None:
    first = prepared(stock, tmp_path / "out")
    written = first.training.path.stat().st_mtime_ns
    assert prepared(stock, tmp_path / "out").training.path.stat().st_mtime_ns == written


def test_covers_that_were_not_compared_yet_are_told_of(
    stock: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(stock, tmp_path / "out")
    assert "not compared" not in capsys.readouterr().out
    add(stock, "copy", copy(BOOKS[0]))
    stock.work()
    assert len(identities(prepared(stock, tmp_path / "out"))) == 17
    assert "not compared" in capsys.readouterr().out


def test_a_catalogue_with_too_few_covers_is_refused(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with pytest.raises(BadInput, match=r"The catalogue has 0 usable covers, and at least 16 are needed"):
        prepare_catalogue(tmp_path / "out", settings, held_out=0.2, seed=1, size=(64, 64), processes=1)
