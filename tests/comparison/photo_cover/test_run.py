"""Evidence of a real search, from the request in the ledger to pictures in the store."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.comparison.photo_cover.drawn import cover, pixels, shoot, with_sticker
from tests.ingest.conftest import Shelf, jpeg

from recto.comparison.photo_cover import run_evidence
from recto.errors import NotFound
from recto.ledger import EvidenceRow
from recto.records import Book, Side, Where
from recto.runtime import Engine
from recto.search.pipeline import run_search
from recto.settings import Settings

BOX = (0.6, 0.08, 0.3, 0.12)


@dataclass(frozen=True)
class Asked:
    """An answered search of a photo with a sticker, and the cover that it found."""

    engine: Engine
    search_id: str
    cover_id: str

    def compare(self) -> EvidenceRow:
        """Ask for the comparison, make it, and return it."""
        self.engine.ledger.ask_evidence(self.search_id, 0, self.cover_id)
        run_evidence(self.engine, self.search_id, 0, self.cover_id)
        row = self.engine.ledger.evidence(self.search_id, 0, self.cover_id)
        assert row is not None
        return row

    def photos(self) -> list[str]:
        """Names of the upload and of its copy for pages."""
        row = self.engine.ledger.search(self.search_id)
        assert row is not None
        assert row.result is not None
        return [row.photos[0].name, row.result["photos"][0]["name"]]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("evidence"), torch_threads=1)
    engine = Engine.open(settings, with_index=True)
    yield Shelf(engine)
    engine.close()


@pytest.fixture(scope="module")
def photo() -> bytes:
    return jpeg(Image.fromarray(pixels(shoot(with_sticker(cover(), BOX), 4))))


@pytest.fixture
def asked(shelf: Shelf, photo: bytes) -> Asked:
    engine = shelf.engine
    cover_id = shelf.add(Book("shown", "Shown"), Side.FRONT, jpeg(Image.fromarray(cover())))
    shelf.work()  # only the first time, and after a test that deleted the book
    search_id = engine.ledger.create_search([(None, engine.blobs.put_incoming(photo))], Where(), 5)
    run_search(engine, search_id)
    return Asked(engine, search_id, cover_id)


def result_of(row: EvidenceRow) -> dict[str, Any]:
    assert row.state == "done", row.error
    assert row.result is not None
    return row.result


def picture(engine: Engine, name: str) -> Image.Image:
    content = engine.blobs.incoming(name)
    return Image.open(io.BytesIO(content if isinstance(content, bytes) else content.read_bytes()))


def test_a_sticker_is_found_with_matches_homography_and_pictures(asked: Asked) -> None:
    result = result_of(asked.compare())
    height, width = cover().shape[:2]
    assert result["verdict"] == "differs"
    assert result["sentence"].startswith("Alike but for 1 region")
    assert result["cover_size"] == [width, height]
    box = np.array(result["regions"][0]["box"]) / [width, height, width, height]
    assert np.abs(box - np.array(BOX)).max() < 0.08
    matches = np.array(result["matches"])
    lifted = np.column_stack([matches[:, 2:], np.ones(len(matches))]) @ np.array(result["homography"]).T
    assert np.median(np.abs(lifted[:, :2] / lifted[:, 2:] - matches[:, :2])) < 3  # pixels of the photo
    assert result["inliers"] >= 13  # found beyond doubt


def test_the_pictures_have_the_shape_of_the_cover(asked: Asked) -> None:
    names = result_of(asked.compare())["pictures"]
    shown = {name: picture(asked.engine, file) for name, file in names.items()}
    assert {name: image.format for name, image in shown.items()} == {
        "photo": "JPEG",
        "matched": "JPEG",
        "cover": "JPEG",
        "heat": "PNG",
    }
    assert shown["photo"].size == shown["matched"].size == shown["cover"].size == cover().shape[1::-1]
    alpha = np.asarray(shown["heat"])[..., 3]
    x, y = round((BOX[0] + BOX[2] / 2) * alpha.shape[1]), round((BOX[1] + BOX[3] / 2) * alpha.shape[0])
    assert alpha[y, x] > 60
    assert alpha[alpha.shape[0] * 3 // 4, alpha.shape[1] // 2] == 0


def test_it_is_made_once(asked: Asked) -> None:
    first = asked.compare()
    assert not asked.engine.ledger.ask_evidence(asked.search_id, 0, asked.cover_id)
    assert asked.compare() == first


def test_the_copy_for_pages_serves_where_the_upload_is_gone(asked: Asked) -> None:
    asked.engine.blobs.delete_incoming(asked.photos()[0])
    assert result_of(asked.compare())["verdict"] == "differs"


def test_a_photo_that_was_cleared_away_is_said(asked: Asked) -> None:
    for name in asked.photos():
        asked.engine.blobs.delete_incoming(name)
    row = asked.compare()
    assert row.state == "gone"
    assert "photo was cleared away" in row.error


def test_a_cover_that_was_deleted_meanwhile_is_said(asked: Asked) -> None:
    asked.engine.ledger.ask_evidence(asked.search_id, 0, asked.cover_id)
    asked.engine.ledger.delete_book("shown")
    row = asked.compare()
    assert row.state == "gone"
    assert "cover was deleted" in row.error


def test_the_pictures_go_with_the_search(asked: Asked) -> None:
    names = set(result_of(asked.compare())["pictures"].values())
    time.sleep(0.02)
    assert names <= set(asked.engine.ledger.prune_searches(0.01 / 86_400))
    assert asked.engine.ledger.evidence(asked.search_id, 0, asked.cover_id) is None


def test_only_covers_of_the_answer_can_be_compared(asked: Asked) -> None:
    with pytest.raises(NotFound):
        asked.engine.ledger.ask_evidence(asked.search_id, 0, "other")
    with pytest.raises(NotFound):
        asked.engine.ledger.ask_evidence(asked.search_id, 1, asked.cover_id)
    with pytest.raises(NotFound):
        asked.engine.ledger.ask_evidence("none", 0, asked.cover_id)
