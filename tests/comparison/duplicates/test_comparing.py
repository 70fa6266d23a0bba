"""Each kind of likeness, in whichever order the covers come."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.comparison.duplicates.conftest import add, compare, copy, drawn, found, reprint, singles
from tests.ingest.conftest import SEED, Shelf, jpeg

from recto.records import Alike, Side
from recto.upkeep import maintenance
from recto_lab.synthetic import siblings

ONE, OTHER, THIRD = singles(3)
VOLUME = next(index for index in range(300) if siblings(index, SEED))


def _same(index: int) -> bytes:
    return jpeg(drawn(index))


CASES: dict[str, tuple[Alike, Callable[[int], bytes]]] = {
    "file": (Alike.SAME_FILE, _same),
    "picture": (Alike.SAME_PICTURE, copy),
    "artwork": (Alike.SAME_ARTWORK, reprint),
}


def _fill(shelf: Shelf) -> None:
    """Books that are like no other."""
    for index in singles(8)[2:]:
        add(shelf, f"other-{index}", jpeg(drawn(index)))


@pytest.mark.parametrize(("kind", "make"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("order", ["first", "last", "together"])
def test_each_kind_is_found_in_any_order_of_arrival(
    empty: Shelf, kind: Alike, make: Callable[[int], bytes], order: str
) -> None:
    _fill(empty)
    covers = [("a", _same(ONE)), ("b", make(ONE))]
    for name, data in reversed(covers) if order == "last" else covers:
        add(empty, name, data)
        if order != "together":
            compare(empty)
    compare(empty)
    assert found(empty.engine.ledger) == {("a", "b"): kind}


def test_both_orders_give_the_same_measures(empty: Shelf) -> None:
    measures = []
    for order in (("a", "b"), ("b", "a")):
        for name in order:
            add(empty, name, _same(ONE) if name == "a" else copy(ONE))
            compare(empty)
        (pair,) = empty.engine.ledger.duplicates().items
        measures.append(pair.measures)
        for name in order:
            empty.engine.ledger.delete_book(name)
        maintenance.delete_books(empty.engine)
    assert measures[0] == measures[1]
    assert measures[0]["share"] > 0.9


def test_volumes_of_a_series_look_alike(empty: Shelf) -> None:
    volumes = [VOLUME, *siblings(VOLUME, SEED)]
    for index in volumes:
        add(empty, f"volume-{index}", _same(index))
    _fill(empty)
    compare(empty)
    pairs = found(empty.engine.ledger)
    assert pairs
    assert all(name.startswith("volume") for pair in pairs for name in pair)
    assert set(pairs.values()) <= {Alike.LOOK_ALIKE, Alike.SAME_ARTWORK}


def test_covers_of_one_book_are_not_told_of_unless_front_and_back_are_one_file(empty: Shelf) -> None:
    add(empty, "a", _same(ONE))
    add(empty, "a", copy(ONE))
    compare(empty)
    assert found(empty.engine.ledger) == {}
    add(empty, "a", _same(ONE), Side.BACK)
    compare(empty)
    (pair,) = empty.engine.ledger.duplicates().items
    assert (pair.kind, pair.is_same_book) == (Alike.SAME_FILE, True)


def test_fronts_are_compared_with_fronts_and_files_with_files_of_either_side(empty: Shelf) -> None:
    add(empty, "a", _same(ONE))
    add(empty, "b", copy(ONE), Side.BACK)
    add(empty, "c", _same(ONE), Side.BACK)
    compare(empty)
    assert found(empty.engine.ledger) == {
        ("a", "c"): Alike.SAME_FILE,
        ("b", "c"): Alike.SAME_PICTURE,
    }


def test_a_cover_that_was_indexed_by_a_worker_that_died_is_compared_by_the_next_one(empty: Shelf) -> None:
    add(empty, "a", _same(ONE))
    compare(empty)
    add(empty, "b", copy(ONE))
    empty.work()  # and the process dies: nothing tells of the cover but its own row
    assert found(empty.engine.ledger) == {}
    assert [cover.book_id for cover in empty.engine.ledger.to_compare(10)] == ["b"]
    assert compare(empty) == 1
    assert found(empty.engine.ledger) == {("a", "b"): Alike.SAME_PICTURE}


def test_a_worker_that_dies_while_it_compares_leaves_all_to_be_compared(
    empty: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(empty, "a", _same(ONE))
    add(empty, "b", copy(ONE))
    empty.work()
    ledger = empty.engine.ledger

    def die(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(ledger), "finish_comparison", die)
        with pytest.raises(KeyboardInterrupt):
            compare(empty)
    assert len(ledger.to_compare(10)) == 2
    compare(empty)
    assert found(ledger) == {("a", "b"): Alike.SAME_PICTURE}


def test_a_missing_thumbnail_is_made_up_for_by_the_original(empty: Shelf) -> None:
    add(empty, "a", _same(ONE))
    add(empty, "b", copy(ONE))
    empty.work()
    for cover in empty.engine.ledger.covers(page_size=10).items:
        original = empty.engine.blobs.get(cover.sha256)
        empty.engine.blobs.delete(cover.sha256)
        empty.engine.blobs.put(original)
        assert empty.engine.blobs.read_thumbnail(cover.sha256) is None
    compare(empty)
    assert found(empty.engine.ledger) == {("a", "b"): Alike.SAME_PICTURE}


def test_findings_and_decisions_outlive_a_rebuild(empty: Shelf) -> None:
    for name, data in (("a", _same(ONE)), ("b", copy(ONE)), ("c", _same(OTHER)), ("d", reprint(OTHER))):
        add(empty, name, data)
    compare(empty)
    ledger = empty.engine.ledger
    before = found(ledger)
    ledger.decide("a", "b")
    maintenance.rebuild(empty.engine, None)
    assert compare(empty) == 0, "covers that were compared are not compared again"
    assert found(ledger) == {("c", "d"): before["c", "d"]}
    for name in ("a", "b"):
        ledger.delete_book(name)
    maintenance.delete_books(empty.engine)
    add(empty, "b", copy(ONE))
    add(empty, "a", _same(ONE))
    assert compare(empty) == 2
    assert ("a", "b") not in found(ledger)
    assert [pair.kind for pair in ledger.duplicates(decided=True).items] == [Alike.SAME_PICTURE]
