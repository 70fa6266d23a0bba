"""From photos to an answer, on a shelf of drawn books."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.ingest.conftest import HEIGHT, SEED, Shelf, jpeg

from recto.calibration import DEFAULT, kept
from recto.index import Hit, Shortlist
from recto.records import Side, Where
from recto.search.pipeline import run_search
from recto.search.retrieval import fuse
from recto_lab.synthetic import EASY, TYPICAL, draw_book, photograph


def ask(shelf: Shelf, *photos: tuple[Side | None, bytes], where: Where | None = None) -> dict[str, Any]:
    """Search as the workers do; returns the result or raises with the sentence of failure."""
    names = [(side, shelf.engine.blobs.put_incoming(data)) for side, data in photos]
    search_id = shelf.engine.ledger.create_search(names, where or Where(), 10)
    run_search(shelf.engine, search_id)
    row = shelf.engine.ledger.search(search_id)
    assert row is not None
    if row.result is None:
        raise AssertionError(row.error)
    return row.result


def shoot(index: int, side: Side, seed: int = 0, *, easy: bool = False) -> tuple[bytes, np.ndarray]:
    drawn = draw_book(index, seed=SEED, height=HEIGHT)
    cover: Image.Image = drawn.front if side is Side.FRONT else drawn.back
    photo = photograph(cover, np.random.default_rng(seed), options=EASY if easy else TYPICAL, size=900)
    return jpeg(photo.image), photo.outline


@pytest.mark.parametrize("side", list(Side))
def test_a_photo_finds_its_book_with_outline_side_and_times(stocked: Shelf, side: Side) -> None:
    data, outline = shoot(5, side, easy=True)
    result = ask(stocked, (None, data))
    best = result["books"][0]
    assert result["verdict"] == "found"
    assert best["book_id"] == draw_book(5, seed=SEED, height=HEIGHT).book_id
    assert best["side"] == side
    assert best["probability"] > 0.9
    assert np.abs(np.array(best["outline"]) - outline).max() < 15  # pixels of a 900 pixel photo
    assert {"decode", "embed", "describe", "shortlist", "verify", "total"} <= result["timings_ms"].keys()
    assert result["recipe"] == stocked.engine.version.recipe_id


def test_a_photo_turned_upside_down_is_found_too(stocked: Shelf) -> None:
    drawn = draw_book(9, seed=SEED, height=HEIGHT)
    result = ask(stocked, (None, jpeg(drawn.front.rotate(180))))
    assert result["books"][0]["book_id"] == drawn.book_id


def test_a_book_that_is_not_in_the_catalogue_is_not_found(stocked: Shelf) -> None:
    data, _ = shoot(4_000_000, Side.FRONT, easy=True)
    assert ask(stocked, (None, data))["verdict"] == "not_found"


def test_a_photo_without_anything_in_it_is_not_found(stocked: Shelf) -> None:
    data = jpeg(Image.fromarray(np.full((400, 300, 3), 128, np.uint8)))
    assert ask(stocked, (None, data))["verdict"] == "not_found"


def test_a_known_side_is_searched_alone(stocked: Shelf) -> None:
    data, _ = shoot(5, Side.FRONT, easy=True)
    result = ask(stocked, (Side.BACK, data))
    assert all(book["side"] == "back" for book in result["books"])


def test_two_photos_of_one_book_are_one_answer(stocked: Shelf) -> None:
    front, _ = shoot(7, Side.FRONT, easy=True)
    back, _ = shoot(7, Side.BACK, easy=True)
    result = ask(stocked, (Side.FRONT, front), (Side.BACK, back))
    ids = [book["book_id"] for book in result["books"]]
    assert ids[0] == draw_book(7, seed=SEED, height=HEIGHT).book_id
    assert len(ids) == len(set(ids))
    assert [photo["side"] for photo in result["photos"]] == ["front", "back"]


def test_a_filter_excludes_the_right_book(stocked: Shelf) -> None:
    data, _ = shoot(5, Side.FRONT, easy=True)
    year = draw_book(5, seed=SEED, height=HEIGHT).year
    result = ask(stocked, (None, data), where=Where(year_from=year + 1))
    assert draw_book(5, seed=SEED, height=HEIGHT).book_id not in [book["book_id"] for book in result["books"]]


def test_outlines_are_in_pixels_of_the_full_size_photo(stocked: Shelf) -> None:
    drawn = draw_book(5, seed=SEED, height=HEIGHT)
    large = drawn.front.resize((drawn.front.width * 5, drawn.front.height * 5))
    result = ask(stocked, (None, jpeg(large)))
    corners = np.array([[0, 0], [large.width, 0], [large.width, large.height], [0, large.height]])
    assert (result["photos"][0]["width"], result["photos"][0]["height"]) == large.size
    assert np.abs(np.array(result["books"][0]["outline"]) - corners).max() < 0.02 * large.height


def test_a_photo_that_cannot_be_read_is_told_with_its_number(stocked: Shelf) -> None:
    good, _ = shoot(5, Side.FRONT)
    with pytest.raises(AssertionError, match="Photo 2"):
        ask(stocked, (None, good), (None, b"no picture"))


def test_a_deleted_book_is_not_answered(shelf: Shelf) -> None:
    book = shelf.add_drawn(5)
    shelf.work()
    shelf.engine.ledger.delete_book(book.book_id)
    data, _ = shoot(5, Side.FRONT, easy=True)
    assert ask(shelf, (None, data))["verdict"] == "not_found"


def test_only_the_calibration_of_the_recipe_decides(stocked: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SECONDS", 0.0)
    data, _ = shoot(5, Side.FRONT, easy=True)
    ledger, recipe = stocked.engine.ledger, stocked.engine.version.recipe_id
    ledger.set_calibration(replace(DEFAULT, recipe="another", intercept=-100.0))
    assert ask(stocked, (None, data))["verdict"] == "found"
    ledger.set_calibration(replace(DEFAULT, recipe=recipe, intercept=-100.0))
    assert ask(stocked, (None, data))["verdict"] == "not_found"
    ledger.delete_calibration(recipe)
    assert ask(stocked, (None, data))["verdict"] == "found"


def test_an_empty_catalogue_answers_not_found(shelf: Shelf) -> None:
    data, _ = shoot(5, Side.FRONT)
    assert ask(shelf, (None, data)) | {"timings_ms": 0, "photos": 0} == {
        "verdict": "not_found",
        "books": [],
        "answers": [],
        "contradiction": [],
        "photos": 0,
        "timings_ms": 0,
        "recipe": shelf.engine.version.recipe_id,
        "calibration": DEFAULT.told(shelf.engine.version.recipe_id),
        "barcodes": [],
    }


def test_a_search_is_answered_once(stocked: Shelf) -> None:
    data, _ = shoot(5, Side.FRONT)
    search_id = stocked.engine.ledger.create_search(
        [(None, stocked.engine.blobs.put_incoming(data))], Where(), 5
    )
    run_search(stocked.engine, search_id)
    first = stocked.engine.ledger.search(search_id)
    run_search(stocked.engine, search_id)
    assert stocked.engine.ledger.search(search_id) == first


def test_fusion_puts_first_what_both_witnesses_name() -> None:
    front = Shortlist(
        embedding=[Hit("a", "A", 0.9), Hit("b", "B", 0.8)], local=[Hit("c", "C", 5.0), Hit("b", "B", 4.0)]
    )
    back = Shortlist(embedding=[Hit("d", "A", 0.7)], local=[])
    candidates = fuse({Side.FRONT: front, Side.BACK: back})
    assert [candidate.cover_id for candidate in candidates] == ["b", "a", "c", "d"]
    assert (candidates[0].embedding_score, candidates[0].local_score) == (0.8, 4.0)
    assert candidates[-1].side is Side.BACK


def test_a_book_that_is_left_out_is_not_found_nor_listed(stocked: Shelf) -> None:
    data, _ = shoot(5, Side.FRONT, easy=True)
    book_id = draw_book(5, seed=SEED, height=HEIGHT).book_id
    result = ask(stocked, (None, data), where=Where(without=(book_id,)))
    assert result["verdict"] == "not_found"
    assert result["books"]
    assert all(book["book_id"] != book_id for book in result["books"])
